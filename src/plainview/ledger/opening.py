"""Which known keys signed a note. Only what comes out of here may be believed."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from plainview.ledger.checkpoints import Checkpoint, parse_checkpoint
from plainview.ledger.errors import SignatureError
from plainview.ledger.keys import VerifierKey
from plainview.ledger.notes import Note
from plainview.ledger.spelling import shown


class Verified(msgspec.Struct, frozen=True):
    """One signature that a known key made."""

    key: VerifierKey
    time: int | None
    """Unix seconds of a cosignature, as its signer says; 0 where an ML-DSA-44 signer says nothing of time."""


def verified_signatures(note: Note, keys: Iterable[VerifierKey]) -> tuple[Verified, ...]:
    """The signatures of `keys` on the note, in its order. Signatures of others are passed over, as they must be.

    Raises SignatureError if one of a known key does not verify, and if two of `keys` cannot be told apart.
    """
    known: dict[tuple[str, bytes], VerifierKey] = {}
    for key in keys:
        if known.setdefault((key.name, key.key_id), key) != key:
            raise SignatureError(f"two keys have the name {shown(key.name)} and the id {key.key_id.hex()}")
    signers = [(known.get((signature.name, signature.key_id)), signature) for signature in note.signatures]
    return tuple(Verified(key, key.verify(note.text, signature)) for key, signature in signers if key)


def open_note(note: Note, keys: Iterable[VerifierKey]) -> tuple[Verified, ...]:
    """Like `verified_signatures`, and SignatureError too if there is none."""
    found = verified_signatures(note, keys)
    if not found:
        raise SignatureError("note: no signature of a known key")
    return found


def open_checkpoint(note: Note, origin: str, keys: Iterable[VerifierKey]) -> tuple[Checkpoint, tuple[Verified, ...]]:
    """The checkpoint of the log `origin`, and the signatures that the log's `keys` made.

    A log's keys need not have its name: who knows the log knows which are its own. Raises FormatError if the note is no
    checkpoint. Raises SignatureError as `open_note` does, and for another log's checkpoint, and for extension lines
    that none of the signatures covers.
    """
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != origin:
        raise SignatureError(f"checkpoint of {shown(checkpoint.origin)}, not of {shown(origin)}")
    found = open_note(note, keys)
    if checkpoint.extensions and not any(signed.key.scheme.covers_extensions for signed in found):
        raise SignatureError("checkpoint: extension lines that no signature of the log covers")
    return checkpoint, found
