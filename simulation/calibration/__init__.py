"""Calibration: published observations as data, experiments that imitate their settings, and the fit of parameters."""
