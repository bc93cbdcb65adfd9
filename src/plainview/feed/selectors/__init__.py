"""Selectors: each reorders the slate."""
