"""Results in the form that other software takes: ADaM-like tables, a NONMEM data set, tidy tables with a data dictionary."""
