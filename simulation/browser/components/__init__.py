"""What the pages are put together from, one component per file; those with a `.vue` file draw in the browser."""
