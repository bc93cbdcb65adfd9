"""Sources: each retrieves candidates in its own way."""
