"""Read what `run`, `compare` and `sweep` left in a folder, for the page that shows it."""
