"""What the clinic can give: one file per treatment, and the course that puts them together."""
