"""Transparency-log primitives, pure. Importable alone."""
