"""Promises: what a log signs when it has taken an entry and not yet published it.

A promise is a signed note of five lines: `plainview/promise/v1`, the log's origin, the entry's index, its leaf hash
(base64) and until when it will be published (Unix milliseconds). No checkpoint reads like one: a checkpoint's second
line is a number, and no origin of a log that makes promises is.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from plainview.ledger.errors import FormatError, SignatureError
from plainview.ledger.keys import VerifierKey
from plainview.ledger.notes import Note
from plainview.ledger.opening import open_note
from plainview.ledger.signers import Signer
from plainview.ledger.spelling import (
    check_characters,
    check_hash,
    check_number,
    from_decimal,
    hash_from_base64,
    shown,
    to_base64,
)

_TITLE = "plainview/promise/v1"


class Promise(msgspec.Struct, frozen=True):
    """That the log `origin` has the entry at `index`, and shows it by `deadline`. Raises FormatError."""

    origin: str
    index: int
    leaf: bytes
    """The entry's leaf hash."""
    deadline: int
    """Unix milliseconds: a checkpoint witnessed later has more entries than `index`, and this one there."""

    def __post_init__(self) -> None:
        check_characters(self.origin, "promise, line 2 (origin)")
        if not self.origin or "\n" in self.origin or self.origin.isdecimal():
            raise FormatError(f"promise, line 2: {shown(self.origin)} is no origin")
        check_number(self.index, "promise, line 3 (index)")
        check_hash(self.leaf, "promise, line 4 (leaf hash)")
        check_number(self.deadline, "promise, line 5 (deadline)")

    def text(self) -> str:
        """The one text of this promise."""
        return f"{_TITLE}\n{self.origin}\n{self.index}\n{to_base64(self.leaf)}\n{self.deadline}\n"

    def signed(self, signer: Signer) -> bytes:
        """The bytes of the note that `signer`, an Ed25519 key of the log, makes of it."""
        return signer.note(self.text())


def parse_promise(text: str) -> Promise:
    """The promise whose `text` this is, a note's; else FormatError."""
    lines = text.split("\n")
    if len(lines) != 6 or lines[5] or lines[0] != _TITLE:
        raise FormatError(f"promise: not {_TITLE} and four more lines, each with its newline")
    return Promise(
        lines[1],
        from_decimal(lines[2], "promise, line 3 (index)"),
        hash_from_base64(lines[3], "promise, line 4 (leaf hash)"),
        from_decimal(lines[4], "promise, line 5 (deadline)"),
    )


def open_promise(note: Note, origin: str, keys: Iterable[VerifierKey]) -> Promise:
    """The promise of the log `origin`, signed by one of `keys`.

    Raises FormatError if the note is no promise, SignatureError if it is another log's or none of the keys signed it.
    """
    promise = parse_promise(note.text)
    if promise.origin != origin:
        raise SignatureError(f"promise of {shown(promise.origin)}, not of {shown(origin)}")
    open_note(note, keys)
    return promise
