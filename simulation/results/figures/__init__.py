"""The figures, one file each; `catalogue.FIGURES` lists them in the order of the report."""
