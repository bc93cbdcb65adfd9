"""What a cosignature (C2SP tlog-cosignature) signs: that a tree head was seen, when, and consistent with all before."""

from __future__ import annotations

from plainview.ledger.checkpoints import Checkpoint
from plainview.ledger.errors import FormatError
from plainview.ledger.spelling import check_number, shown

_LABEL = b"subtree/v1\n\x00"


def ed25519_message(checkpoint: Checkpoint, time: int) -> bytes:
    """`cosignature/v1`, the time in Unix seconds, the checkpoint's whole text. FormatError for an impossible time."""
    check_number(time, "cosignature, time")
    return f"cosignature/v1\ntime {time}\n{checkpoint.text()}".encode()


def ml_dsa_44_message(cosigner: str, checkpoint: Checkpoint, time: int) -> bytes:
    """The struct `cosigned_message` over leaves 0 to the checkpoint's size. It leaves extension lines out.

    FormatError for an impossible time, and for a name or origin above 255 bytes.
    """
    check_number(time, "cosignature, time")
    return b"".join(
        (
            _LABEL,
            _opaque(cosigner, "cosigner's name"),
            time.to_bytes(8, "big"),
            _opaque(checkpoint.origin, "log's origin"),
            (0).to_bytes(8, "big"),
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root,
        )
    )


def _opaque(text: str, what: str) -> bytes:
    """`opaque x<1..255>` of RFC 8446 section 3.4: the length in one byte, then the bytes."""
    data = text.encode()
    if not 1 <= len(data) <= 255:
        raise FormatError(f"cosignature, {what}: {shown(text)} has {len(data)} bytes, 1 to 255 are allowed")
    return bytes([len(data)]) + data
