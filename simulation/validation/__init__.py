"""Validation: theory, published targets, stylised facts and the source's findings, each as a check that can fail."""
