"""What an experiment in wells leaves in its folder: tables, figures as such assays are published, a report."""
