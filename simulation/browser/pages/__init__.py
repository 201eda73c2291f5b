"""The three pages: one patient, twins, results."""
