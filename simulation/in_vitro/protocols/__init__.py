"""One file per experiment: how the wells are set up, what is done to them, and what is read."""
