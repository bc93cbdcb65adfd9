"""The hashes and seeds of FORMATS section 0."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[np.generic]]
"""Named arrays: what a delta, a snapshot and a trace are made of."""


def commitment(salt: bytes, body: bytes) -> bytes:
    """SHA-256("plainview/body/v1" || 0x00 || salt || body); `salt` has 32 bytes."""
    if len(salt) != 32:
        raise ValueError(f"a salt has 32 bytes, not {len(salt)}")
    return hashlib.sha256(b"plainview/body/v1\x00" + salt + body).digest()


def epoch_digest(parent: bytes, upto: int, delta: bytes) -> bytes:
    """SHA-256("plainview/epoch/v1" || 0x00 || parent || upto u64 BE || delta digest)."""
    if len(parent) != 32 or len(delta) != 32:
        raise ValueError("an epoch's parent and delta are digests of 32 bytes")
    return hashlib.sha256(b"plainview/epoch/v1\x00" + parent + upto.to_bytes(8, "big") + delta).digest()


def page_seed(release: bytes, epoch: bytes, nonce: bytes, session: bytes, n: int) -> bytes:
    """The seed of a page's random numbers: 32 bytes."""
    for name, value, size in (
        ("release", release, 32),
        ("epoch", epoch, 32),
        ("nonce", nonce, 16),
        ("session", session, 16),
    ):
        if len(value) != size:
            raise ValueError(f"{name} has {size} bytes, not {len(value)}")
    return hashlib.sha256(
        b"plainview/page-seed/v1\x00" + release + epoch + nonce + session + n.to_bytes(4, "big")
    ).digest()


def session_name(key: bytes) -> bytes:
    """The 16 bytes by which a session is known: how SHA-256("plainview/session/v1" || 0x00 || key) begins.

    `key` is the Ed25519 public key that its client made for it, 32 bytes. So a receipt, which names the session, says
    whose word counts.
    """
    if len(key) != 32:
        raise ValueError(f"a session's key has 32 bytes, not {len(key)}")
    return hashlib.sha256(b"plainview/session/v1\x00" + key).digest()[:16]


def traffic_draw(session: bytes) -> int:
    """Which part of the traffic a session is, from 0 to 999,999. Its client chose its 16 bytes, not the operator."""
    if len(session) != 16:
        raise ValueError(f"a session has 16 bytes, not {len(session)}")
    drawn = hashlib.sha256(b"plainview/traffic-draw/v1\x00" + session).digest()
    return int.from_bytes(drawn[:8], "big") * 1_000_000 >> 64


def arm_draw(salt: bytes, experiment: str, viewer: int) -> int:
    """Which part of an experiment's viewers one is, from 0 to 999,999: for as long as it lasts, on every page.

    The first 8 bytes, as a number, of SHA-256("plainview/arm/v1" || 0x00 || salt || experiment || viewer u64 BE),
    times a million, over 2^64.
    """
    if len(salt) != 16:
        raise ValueError(f"an experiment's salt has 16 bytes, not {len(salt)}")
    drawn = hashlib.sha256(b"plainview/arm/v1\x00" + salt + experiment.encode() + viewer.to_bytes(8, "big")).digest()
    return int.from_bytes(drawn[:8], "big") * 1_000_000 >> 64


def audit_seed(root: bytes, secret: bytes) -> bytes:
    """The seed of the partner's random draw, from a checkpoint's root and the partner's secret: 32 bytes."""
    if len(root) != 32 or len(secret) != 32:
        raise ValueError("root and secret have 32 bytes")
    return hashlib.sha256(b"plainview/audit-seed/v1\x00" + root + secret).digest()


def note_digest(note: str) -> bytes:
    """SHA-256 of a signed note with its signatures in the order of their lines: in another, they say the same."""
    text, gap, signatures = note.rpartition("\n\n")
    return hashlib.sha256((text + gap + "\n".join(sorted(signatures.split("\n")))).encode()).digest()


def refused_digest(bodies: Iterable[bytes]) -> bytes:
    """SHA-256("plainview/refused/v1" || 0x00 || length u32 BE || body || ...) over bodies as they were handed in, with
    time 0."""
    state = hashlib.sha256(b"plainview/refused/v1\x00")
    for body in bodies:
        state.update(len(body).to_bytes(4, "big") + body)
    return state.digest()


def arrays_digest(arrays: Arrays) -> bytes:
    """SHA-256 over arrays in name order, each as its name, dtype and shape, then its bytes, little-endian.

    The heading of an array is `name\\0dtype\\0d0,d1,...\\0`, with the dtype as NumPy's little-endian code (`<f4`,
    `|u1`). Rows are hashed as they stand: whoever calls puts them in id order.
    """
    state = hashlib.sha256(b"plainview/arrays/v1\x00")
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        state.update(f"{name}\0{array.dtype.str}\0{','.join(map(str, array.shape))}\0".encode())
        state.update(array.tobytes())
    return state.digest()
