"""Lives of a small trial."""

from tests.trial.conftest import trial, trial_file

__all__ = ["trial", "trial_file"]
