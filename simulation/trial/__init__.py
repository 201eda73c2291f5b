"""The virtual trial: every arm treats the same patients (docs/trial.md)."""
