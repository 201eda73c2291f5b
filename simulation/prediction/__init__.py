"""Predictions of trials whose results are not known, registered with date and digest: what a file says, numbers, pages."""
