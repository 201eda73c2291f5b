"""What a sweep says: response tables with Monte-Carlo intervals, thresholds, sensitivity indices, figures, a report."""
