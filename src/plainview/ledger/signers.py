"""Making signatures. The seed comes from whoever keeps it, the time from whoever has a clock."""

from __future__ import annotations

from plainview.ledger.errors import FormatError
from plainview.ledger.keys import VerifierKey
from plainview.ledger.notes import DASH, Note, NoteSignature
from plainview.ledger.schemes import SEED_SIZE, Scheme
from plainview.ledger.spelling import check_number, to_base64


class Signer:
    """A private key with its name. Raises FormatError for a name no key can have or a seed of another size than 32."""

    __slots__ = ("_head", "_key_id", "_private", "key")

    def __init__(self, name: str, scheme: Scheme, seed: bytes) -> None:
        if len(seed) != SEED_SIZE:
            raise FormatError(f"signer: a seed has {SEED_SIZE} bytes, not {len(seed)}")
        self._private = scheme.private_key(seed)
        self.key = VerifierKey(name, scheme.code, self._private.public_key().public_bytes_raw())
        self._key_id = self.key.key_id
        self._head = f"{DASH}{name} "

    def sign(self, text: str, time: int | None = None) -> NoteSignature:
        """This key's signature of `text`, with the time in Unix seconds where, and only where, the type has one.

        ML-DSA-44 signatures of one message differ (FIPS 204 hedges them). FormatError for what it cannot sign: for a
        cosignature, a text that is not a checkpoint.
        """
        scheme = self.key.scheme
        if scheme.timestamped != (time is not None):
            raise FormatError(f"{scheme.title}: a time is {'needed' if scheme.timestamped else 'not part of it'}")
        check_number(time or 0, f"{scheme.title}, time")
        signature = self._private.sign(scheme.message(self.key.name, text, time or 0))
        stamp = b"" if time is None else time.to_bytes(8, "big")
        return NoteSignature(self.key.name, self.key.key_id, stamp + signature)

    def note(self, text: str) -> bytes:
        """The bytes of the note with `text`, which `Note` must take, and this key's signature alone; no cosignature."""
        message = self.key.scheme.message(self.key.name, text, 0)
        return f"{text}\n{self._head}{to_base64(self._key_id + self._private.sign(message))}\n".encode()

    def add_to(self, note: Note, time: int | None = None) -> Note:
        """The note with this key's signature after those it has."""
        return Note(note.text, (*note.signatures, self.sign(note.text, time)))
