"""Requests for a journal's private records: what an auditor signs, so that an opening can be held against who asked.

A request is the text of a signed note, in lines: `plainview/access-request/v1`, `log` and the origin, `purpose`, `from`
and `until` (indexes), `time` (Unix milliseconds), `nonce` (16 bytes, 22 characters of base64url).
"""

from __future__ import annotations

import base64
import hashlib

import msgspec

from plainview.ledger.errors import FormatError
from plainview.ledger.lines import Lines
from plainview.ledger.notes import check_key_name
from plainview.ledger.spelling import TIME_LIMIT, shown

TITLE = "plainview/access-request/v1"
"""The first line of a request."""
PURPOSES = ("audit",)
NONCE = 16
"""Bytes that make two requests for the same records two."""
INDEX_LIMIT = 2**53 - 1
"""No index of a record is higher."""


class AccessRequest(msgspec.Struct, frozen=True):
    """Which records somebody asks for, what for, and when. Raises FormatError where no text says it."""

    log: str
    """The origin of the log over them."""
    purpose: str
    first: int
    until: int
    """One past the last."""
    time: int
    """Unix milliseconds at which it was signed."""
    nonce: bytes

    def __post_init__(self) -> None:
        check_key_name(self.log)
        if self.purpose not in PURPOSES:
            raise FormatError(f"access request: {shown(self.purpose)} is none of the purposes {', '.join(PURPOSES)}")
        if not 0 <= self.first < self.until <= INDEX_LIMIT:
            raise FormatError(f"access request: no records are from {self.first} until {self.until}")
        if not 0 <= self.time <= TIME_LIMIT:
            raise FormatError(f"access request: its time, {self.time}, is none before the year 10000")
        if len(self.nonce) != NONCE:
            raise FormatError(f"access request: a nonce has {NONCE} bytes, not {len(self.nonce)}")

    def text(self) -> str:
        """The one text of this request."""
        lines = (
            TITLE,
            f"log {self.log}",
            f"purpose {self.purpose}",
            f"from {self.first}",
            f"until {self.until}",
            f"time {self.time}",
            f"nonce {_nonce_text(self.nonce)}",
        )
        return "".join(f"{line}\n" for line in lines)

    def digest(self) -> bytes:
        """SHA-256 of the text: what the record of the access names."""
        return hashlib.sha256(self.text().encode()).digest()


def parse_access_request(text: str) -> AccessRequest:
    """The request whose `text` this is; else FormatError, which names the line."""
    if not text.endswith("\n"):
        raise FormatError("access request: the last line has no newline")
    lines = Lines(text.removesuffix("\n"), "access request")
    lines.take_whole(TITLE)
    log, purpose = lines.take("log"), lines.take("purpose")
    first, until, time = (lines.take_number(name) for name in ("from", "until", "time"))
    nonce = _nonce(lines.take("nonce"), lines.where)
    lines.end()
    return AccessRequest(log, purpose, first, until, time, nonce)


def _nonce_text(nonce: bytes) -> str:
    return base64.urlsafe_b64encode(nonce).decode("ascii").rstrip("=")


def _nonce(text: str, where: str) -> bytes:
    try:
        nonce = base64.b64decode(f"{text}==", altchars=b"-_", validate=True)
    except ValueError:
        nonce = b""
    if len(nonce) != NONCE or _nonce_text(nonce) != text:
        raise FormatError(f"{where}: {shown(text)} is no nonce of {NONCE} bytes in base64url")
    return nonce
