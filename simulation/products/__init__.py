"""What is given to patients: one file per product holds all that the program knows of it.

A product is found by being here: a module of this package with a `PRODUCT`. See docs/extending.md.
"""
