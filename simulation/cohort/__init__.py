"""A cohort before anything is done to it: who its virtual patients are, and how they compare with published series."""
