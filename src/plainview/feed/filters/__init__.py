"""Filters: each keeps candidates out for one reason, and names it."""
