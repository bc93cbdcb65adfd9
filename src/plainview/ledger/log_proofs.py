"""Proofs that an entry was logged and witnessed (C2SP tlog-proof, version 1), to be checked offline: `.tlog-proof`."""

from __future__ import annotations

import msgspec

from plainview.ledger.checkpoints import parse_checkpoint
from plainview.ledger.errors import FormatError
from plainview.ledger.inclusion import verify_inclusion
from plainview.ledger.notes import NOTE_LIMIT, Note, parse_note
from plainview.ledger.policies import Accepted, Policy
from plainview.ledger.spelling import (
    check_hash,
    check_number,
    from_base64,
    from_decimal,
    hash_from_base64,
    shown,
    to_base64,
)

EXTRA_LIMIT = 1 << 16
"""Bytes of extra data at most."""
HASH_LIMIT = 63
"""Hashes of an inclusion proof at most: a tree below 2^63 leaves has no deeper leaf."""
PROOF_LIMIT = NOTE_LIMIT + 2 * EXTRA_LIMIT
"""Bytes of a file at most."""
SUFFIX = ".tlog-proof"
VERSION = "c2sp.org/tlog-proof@v1"
"""The first line of a file."""


class LogProof(msgspec.Struct, frozen=True):
    """An entry's index, its inclusion proof, the checkpoint it leads to. Raises FormatError where no file holds it."""

    index: int
    hashes: tuple[bytes, ...]
    """From the leaf's sibling up to the root's child."""
    checkpoint: Note
    extra: bytes | None = None
    """What the application adds, authenticated by nothing."""

    def __post_init__(self) -> None:
        check_number(self.index, "tlog-proof, index")
        if len(self.hashes) > HASH_LIMIT:
            raise FormatError(f"tlog-proof: {len(self.hashes)} hashes, at most {HASH_LIMIT} are possible")
        for at, hashed in enumerate(self.hashes):
            check_hash(hashed, f"tlog-proof, hash {at}")
        if self.extra is not None and not 1 <= len(self.extra) <= EXTRA_LIMIT:
            raise FormatError(f"tlog-proof: {len(self.extra)} bytes of extra data, 1 to {EXTRA_LIMIT} are allowed")
        parse_checkpoint(self.checkpoint.text)

    def encode(self) -> bytes:
        """The file's one spelling."""
        lines = [VERSION]
        if self.extra is not None:
            lines.append(f"extra {to_base64(self.extra)}")
        lines += [f"index {self.index}", *map(to_base64, self.hashes), "", ""]
        return "\n".join(lines).encode() + self.checkpoint.encode()

    def verify(self, leaf: bytes, policy: Policy) -> Accepted:
        """The checkpoint that `policy` accepts and under which leaf hash `leaf` stands at `index`.

        Raises what `Policy.check` raises, and ProofError where the hashes do not lead to the checkpoint's root.
        """
        accepted = policy.check(self.checkpoint)
        verify_inclusion(leaf, self.index, accepted.checkpoint.size, accepted.checkpoint.root, self.hashes)
        return accepted


def parse_log_proof(data: bytes) -> LogProof:
    """The proof whose file is `data`; else FormatError. `encode` gives the same bytes back."""
    if len(data) > PROOF_LIMIT:
        raise FormatError(f"tlog-proof: {len(data)} bytes, at most {PROOF_LIMIT} are read")
    head, empty, note = data.partition(b"\n\n")
    if not empty:
        raise FormatError("tlog-proof: no empty line before the checkpoint")
    try:
        version, *lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise FormatError(f"tlog-proof: byte {error.start}, before the checkpoint, is not ASCII") from None
    if version != VERSION:
        raise FormatError(f"tlog-proof, line 1: {shown(version)} is not {VERSION}")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = from_base64(lines.pop(0).removeprefix("extra "), "tlog-proof, line 2 (extra)")
    if not lines or not lines[0].startswith("index "):
        raise FormatError("tlog-proof: no line `index <n>` after the version and, if there is one, `extra <base64>`")
    index = from_decimal(lines[0].removeprefix("index "), "tlog-proof, index")
    if len(lines) - 1 > HASH_LIMIT:
        raise FormatError(f"tlog-proof: {len(lines) - 1} hashes, at most {HASH_LIMIT} are possible")
    hashes = tuple(hash_from_base64(line, f"tlog-proof, hash {at}") for at, line in enumerate(lines[1:]))
    return LogProof(index, hashes, parse_note(note), extra)
