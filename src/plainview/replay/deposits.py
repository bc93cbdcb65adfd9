"""What a licensor seals: a file kept by whoever deposited it, to which a release's manifest commits.

A deposit is one line, `plainview/sealed/v1` and a salt, and then the file as it is.
"""

from __future__ import annotations

from plainview.records.digests import commitment
from plainview.records.fields import to_bytes, to_text

HEAD = b"plainview/sealed/v1 "
_SALT = 43


def deposit(content: bytes, salt: bytes) -> bytes:
    """The file to be kept. `salt` is 32 random bytes, without which nobody can try out what is in it."""
    return HEAD + to_text(salt).encode() + b"\n" + content


def sealed(data: bytes) -> str:
    """What a manifest says of a deposit, 43 characters. Raises ValueError for what is none."""
    line, newline, content = data.partition(b"\n")
    if not newline or not line.startswith(HEAD) or len(line) != len(HEAD) + _SALT:
        raise ValueError(f"its first line is not `{HEAD.decode()}` and a salt")
    return to_text(commitment(to_bytes(line[len(HEAD) :].decode(errors="replace")), content))
