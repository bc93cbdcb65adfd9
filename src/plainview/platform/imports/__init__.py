"""Data sets that users have downloaded, turned into the journal's records."""
