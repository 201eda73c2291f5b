"""Statistics of the virtual trial: survival, competing risks, paired differences. Numbers in, numbers out; no files."""
