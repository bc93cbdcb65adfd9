"""Plainview: a For You platform whose every page an independent party can re-run, bit for bit."""

__version__ = "0.1.0"
