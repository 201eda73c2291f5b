"""The figures of a trial, one file each, found by standing here (see `results.figures.report_figure`)."""
