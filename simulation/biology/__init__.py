"""One file per process.

`order.py` holds the order of a step as data. Rules know nothing of files, plots, the clinic or Mesa.
"""
