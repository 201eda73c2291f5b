"""The clinic: assays, triggers, treatments, stop rules, outcomes; it sees the body through `ports` only."""
