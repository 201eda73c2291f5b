"""Hypotheses over thousands of runs: a sweep file -> a checked plan -> runs in a store that can be resumed."""
