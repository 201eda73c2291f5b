"""Figures of a sweep: responses over one, two and three parameters, sensitivity, trade-offs."""
