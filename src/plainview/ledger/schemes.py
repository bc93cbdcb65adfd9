"""The signature types of C2SP signed-note that Plainview makes and checks, one value each.

ECDSA (0x02) and RFC 6962 tree heads (0x05) are others' and not read: a signature line of theirs is an unknown key's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from plainview.ledger.checkpoints import parse_checkpoint
from plainview.ledger.cosignatures import ed25519_message, ml_dsa_44_message

SEED_SIZE = 32
"""Bytes of a private key's seed (RFC 8032 section 5.1.5, FIPS 204 algorithm 1)."""


class PublicKey(Protocol):
    def verify(self, signature: bytes, data: bytes, /) -> None: ...

    def public_bytes_raw(self) -> bytes: ...


class PrivateKey(Protocol):
    def sign(self, data: bytes, /) -> bytes: ...

    def public_key(self) -> PublicKey: ...


class Scheme(msgspec.Struct, frozen=True, kw_only=True):
    """One type of signature."""

    code: int
    """The type's byte in key ids and vkeys."""
    title: str
    public_size: int
    signature_size: int
    """Bytes of the bare signature."""
    timestamped: bool
    """Whether 8 bytes of Unix seconds stand before it."""
    covers_extensions: bool
    """Whether it signs a checkpoint's extension lines too."""
    message: Callable[[str, str, int], bytes]
    """What is signed, from the key's name, the note's text and the time. Raises FormatError where nothing can be."""
    public_key: Callable[[bytes], PublicKey]
    private_key: Callable[[bytes], PrivateKey]
    """From a seed."""

    def verifies(self, public: bytes, signature: bytes, message: bytes) -> bool:
        """Whether this is the public key's signature of the message."""
        try:
            self.public_key(public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


ED25519 = Scheme(
    code=0x01,
    title="Ed25519",
    public_size=32,
    signature_size=64,
    timestamped=False,
    covers_extensions=True,
    message=lambda name, text, time: text.encode(),
    public_key=Ed25519PublicKey.from_public_bytes,
    private_key=Ed25519PrivateKey.from_private_bytes,
)
ED25519_COSIGNATURE = Scheme(
    code=0x04,
    title="Ed25519 cosignature",
    public_size=32,
    signature_size=64,
    timestamped=True,
    covers_extensions=True,
    message=lambda name, text, time: ed25519_message(parse_checkpoint(text), time),
    public_key=Ed25519PublicKey.from_public_bytes,
    private_key=Ed25519PrivateKey.from_private_bytes,
)
ML_DSA_44_COSIGNATURE = Scheme(
    code=0x06,
    title="ML-DSA-44 cosignature",
    public_size=1312,
    signature_size=2420,
    timestamped=True,
    covers_extensions=False,
    message=lambda name, text, time: ml_dsa_44_message(name, parse_checkpoint(text), time),
    public_key=MLDSA44PublicKey.from_public_bytes,
    private_key=MLDSA44PrivateKey.from_seed_bytes,
)

SCHEMES = {scheme.code: scheme for scheme in (ED25519, ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE)}
