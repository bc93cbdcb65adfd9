"""Scorers: each predicts what a viewer would do with each candidate."""
