"""What a YAML block may hold: kinds of fields that read, check and write one value, and the frozen `Block` of them."""
