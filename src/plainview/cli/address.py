"""A server's address as it is told to people and clients."""

from __future__ import annotations


def http_address(host: str, port: int) -> str:
    """The URL of what listens there, without a path."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
