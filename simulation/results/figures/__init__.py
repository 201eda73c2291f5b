"""The figures of a run, one file each, found by standing here (see `report_figure`), and what they share."""
