"""Reports as one HTML file each, which open without a network; `page.py` is shared by all kinds of report."""
