"""Transparency reports: numbers of what a log has in a range of records, that others can compute again."""
