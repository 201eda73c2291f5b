"""The figures of a virtual trial; each says in its caption what its bands and intervals are."""
