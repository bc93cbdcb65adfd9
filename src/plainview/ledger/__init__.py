"""Transparency-log primitives (C2SP, RFC 6962), pure: no clock, no I/O. Importable alone.

Bytes go in, frozen values come out, and back; every parser raises `FormatError` and nothing else. What is checked
raises `ProofError`, `SignatureError` or `PolicyError`. Nothing is imported here: hashing needs no OpenSSL.
"""
