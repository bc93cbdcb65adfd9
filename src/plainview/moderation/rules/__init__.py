"""Policies, and what a decision may do by them: facts -> restrictions. Pure: part of a release's source."""
