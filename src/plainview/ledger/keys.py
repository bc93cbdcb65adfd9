"""Verifier keys (C2SP signed-note): a key's name, what it signs with, and its public key; written as a vkey."""

from __future__ import annotations

import hashlib

import msgspec

from plainview.ledger.errors import FormatError, SignatureError
from plainview.ledger.notes import KEY_ID_SIZE, NoteSignature, check_key_name
from plainview.ledger.schemes import SCHEMES, Scheme
from plainview.ledger.spelling import SIZE_LIMIT, from_base64, shown, to_base64

_TIME_SIZE = 8


class VerifierKey(msgspec.Struct, frozen=True):
    """Who signs, and how it is checked. Raises FormatError for a name, type or length that no key has."""

    name: str
    code: int
    """The signature type, one of `schemes.SCHEMES`."""
    public: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if self.code not in SCHEMES:
            known = ", ".join(f"{scheme.code:#04x} ({scheme.title})" for scheme in SCHEMES.values())
            raise FormatError(f"key {shown(self.name)}: signature type {self.code:#04x} is none of {known}")
        if len(self.public) != self.scheme.public_size:
            raise FormatError(
                f"key {shown(self.name)}: {len(self.public)} bytes, a public key of {self.scheme.title} has "
                f"{self.scheme.public_size}"
            )

    @property
    def scheme(self) -> Scheme:
        return SCHEMES[self.code]

    @property
    def key_id(self) -> bytes:
        """SHA-256(name || 0x0A || type || public key)[:4]."""
        return hashlib.sha256(self.name.encode() + bytes([0x0A, self.code]) + self.public).digest()[:KEY_ID_SIZE]

    def vkey(self) -> str:
        """`<name>+<hex key id>+<base64 of type and public key>`."""
        return f"{self.name}+{self.key_id.hex()}+{to_base64(bytes([self.code]) + self.public)}"

    def verify(self, text: str, signature: NoteSignature) -> int | None:
        """The time of this key's timestamped signature of `text`, None of another. SignatureError if it is not one."""
        what = f"signature of {shown(self.name)} ({self.scheme.title})"
        if (signature.name, signature.key_id) != (self.name, self.key_id):
            raise SignatureError(f"{what}: the line names another key")
        time_size = _TIME_SIZE if self.scheme.timestamped else 0
        if len(signature.data) != time_size + self.scheme.signature_size:
            raise SignatureError(
                f"{what}: {len(signature.data)} bytes, it has {time_size + self.scheme.signature_size}"
            )
        time = int.from_bytes(signature.data[:time_size], "big")
        if time > SIZE_LIMIT:
            raise SignatureError(f"{what}: its time, {time}, is above 2^63 - 1")
        try:
            message = self.scheme.message(self.name, text, time)
        except FormatError as error:
            raise SignatureError(f"{what}: signs no such text ({error})") from error
        if not self.scheme.verifies(self.public, signature.data[time_size:], message):
            raise SignatureError(f"{what}: does not verify")
        return time if self.scheme.timestamped else None


def parse_vkey(text: str) -> VerifierKey:
    """The key whose `vkey` this is; else FormatError. Key id and public key must fit each other."""
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise FormatError(f"vkey: {shown(text)} is not a name, a key id and a public key with + between")
    name, key_id, encoded = parts
    data = from_base64(encoded, f"vkey of {shown(name)}")
    if not data:
        raise FormatError(f"vkey of {shown(name)}: no signature type and public key")
    key = VerifierKey(name, data[0], data[1:])
    if key.key_id.hex() != key_id:
        raise FormatError(
            f"vkey of {shown(name)}: key id {shown(key_id)}, that of its public key is {key.key_id.hex()}"
        )
    return key
