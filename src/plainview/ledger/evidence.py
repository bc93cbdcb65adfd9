"""The layout of a file that convicts: a version, hashes, and two signed notes that cannot both be kept to."""

from __future__ import annotations

from collections.abc import Sequence

from plainview.ledger.errors import FormatError
from plainview.ledger.notes import NOTE_LIMIT, Note, parse_note
from plainview.ledger.spelling import check_hash, hash_from_base64, shown, to_base64

HASH_LIMIT = 64
"""Hashes at most: a consistency or inclusion proof has 63, and the one thing that it is to show comes first."""
EVIDENCE_LIMIT = 2 * NOTE_LIMIT + 4096
"""Bytes of a file at most."""


def check_hashes(hashes: Sequence[bytes], what: str) -> None:
    """Raises FormatError unless a file may hold these hashes."""
    if len(hashes) > HASH_LIMIT:
        raise FormatError(f"{what}: {len(hashes)} hashes, at most {HASH_LIMIT} are possible")
    for at, hashed in enumerate(hashes):
        check_hash(hashed, f"{what}, hash {at}")


def encode_evidence(version: str, hashes: Sequence[bytes], first: Note, second: Note) -> bytes:
    """The file's one spelling."""
    lines = [version, *map(to_base64, hashes), "", ""]
    return "\n".join(lines).encode() + first.encode() + b"\n" + second.encode()


def parse_evidence(data: bytes, version: str, what: str) -> tuple[Note, Note, tuple[bytes, ...]]:
    """The notes and the hashes of the file `data`; else FormatError. Neither note's text may have an empty line."""
    if len(data) > EVIDENCE_LIMIT:
        raise FormatError(f"{what}: {len(data)} bytes, at most {EVIDENCE_LIMIT} are read")
    parts = data.split(b"\n\n")
    if len(parts) != 5:
        raise FormatError(f"{what}: not a head and two signed notes with an empty line between")
    head, *texts = parts
    try:
        first, *lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise FormatError(f"{what}: byte {error.start}, before the notes, is not ASCII") from None
    if first != version:
        raise FormatError(f"{what}, line 1: {shown(first)} is not {version}")
    if len(lines) > HASH_LIMIT:
        raise FormatError(f"{what}: {len(lines)} hashes, at most {HASH_LIMIT} are possible")
    hashes = tuple(hash_from_base64(line, f"{what}, hash {at}") for at, line in enumerate(lines))
    return parse_note(b"\n\n".join(texts[:2]) + b"\n"), parse_note(b"\n\n".join(texts[2:])), hashes
