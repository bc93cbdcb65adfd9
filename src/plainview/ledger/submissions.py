"""What a log sends to a witness (C2SP tlog-witness, add-checkpoint): a checkpoint, and that it follows the last one."""

from __future__ import annotations

import msgspec

from plainview.ledger.checkpoints import parse_checkpoint
from plainview.ledger.errors import FormatError
from plainview.ledger.notes import NOTE_LIMIT, Note, parse_note
from plainview.ledger.spelling import check_hash, check_number, from_decimal, hash_from_base64, shown, to_base64

HASH_LIMIT = 63
"""Hashes of a consistency proof at most."""
SUBMISSION_LIMIT = NOTE_LIMIT + 4096
"""Bytes of a submission at most."""


class Submission(msgspec.Struct, frozen=True):
    """The body of an add-checkpoint request. Raises FormatError where no body says it."""

    old: int
    """Size of the checkpoint that the witness cosigned last; 0 for none."""
    hashes: tuple[bytes, ...]
    """The consistency proof from `old` to the checkpoint."""
    checkpoint: Note

    def __post_init__(self) -> None:
        check_number(self.old, "submission, old size")
        if len(self.hashes) > HASH_LIMIT:
            raise FormatError(f"submission: {len(self.hashes)} hashes, at most {HASH_LIMIT} may be sent")
        for at, hashed in enumerate(self.hashes):
            check_hash(hashed, f"submission, hash {at}")
        parse_checkpoint(self.checkpoint.text)

    def encode(self) -> bytes:
        """The body's one spelling."""
        lines = [f"old {self.old}", *map(to_base64, self.hashes), "", ""]
        return "\n".join(lines).encode() + self.checkpoint.encode()


def parse_submission(data: bytes) -> Submission:
    """The submission whose body is `data`; else FormatError. `encode` gives the same bytes back."""
    if len(data) > SUBMISSION_LIMIT:
        raise FormatError(f"submission: {len(data)} bytes, at most {SUBMISSION_LIMIT} are read")
    head, empty, note = data.partition(b"\n\n")
    if not empty:
        raise FormatError("submission: no empty line before the checkpoint")
    try:
        first, *lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise FormatError(f"submission: byte {error.start}, before the checkpoint, is not ASCII") from None
    if not first.startswith("old "):
        raise FormatError(f"submission, line 1: {shown(first)} is not `old <size>`")
    old = from_decimal(first.removeprefix("old "), "submission, line 1 (old size)")
    if len(lines) > HASH_LIMIT:
        raise FormatError(f"submission: {len(lines)} hashes, at most {HASH_LIMIT} may be sent")
    hashes = tuple(hash_from_base64(line, f"submission, hash {at}") for at, line in enumerate(lines))
    return Submission(old, hashes, parse_note(note))
