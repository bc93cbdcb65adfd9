"""The one spelling of a number, a hash and a byte string in the C2SP text formats."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta

from plainview.ledger.errors import FormatError

SIZE_LIMIT = 2**63 - 1
"""Entries in a log, and seconds in a timestamp, at most: what tlog-cosignature and every signed 64-bit reader allow."""

TIME_LIMIT = 253_402_300_799_999
"""Unix milliseconds of the last moment of the year 9999, the last that a calendar shows."""

_FORBIDDEN = re.compile("[\x00-\x09\x0b-\x1f\ud800-\udfff]")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


def from_decimal(text: str, what: str) -> int:
    """The number written `text` in ASCII decimal without leading zeros, 0 to SIZE_LIMIT; else FormatError."""
    if not _DECIMAL.fullmatch(text) or (number := int(text)) > SIZE_LIMIT:
        raise FormatError(f"{what}: {shown(text)} is not a decimal from 0 to 2^63 - 1 without leading zeros")
    return number


def check_number(number: int, what: str) -> None:
    """Raises FormatError unless `number` is from 0 to SIZE_LIMIT."""
    if not 0 <= number <= SIZE_LIMIT:
        raise FormatError(f"{what}: {number} is not from 0 to 2^63 - 1")


def to_base64(data: bytes) -> str:
    """RFC 4648 section 4, padded."""
    return base64.b64encode(data).decode("ascii")


def from_base64(text: str, what: str) -> bytes:
    """The bytes whose one padded base64 is `text`; else FormatError, for spare bits that are not zero too."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise FormatError(f"{what}: {shown(text)} is not base64 ({error})") from None
    if to_base64(data) != text:
        raise FormatError(f"{what}: {shown(text)} is not the one base64 of its bytes")
    return data


def hash_from_base64(text: str, what: str) -> bytes:
    """Like `from_base64`, for the 32 bytes of a SHA-256."""
    data = from_base64(text, what)
    check_hash(data, what)
    return data


def check_hash(data: bytes, what: str) -> None:
    """Raises FormatError unless `data` has a SHA-256's 32 bytes."""
    if len(data) != 32:
        raise FormatError(f"{what}: a hash has 32 bytes, not {len(data)}")


def check_characters(text: str, what: str) -> None:
    """Raises FormatError unless `text` may stand in a signed note: UTF-8, and no control character but newlines."""
    if match := _FORBIDDEN.search(text):
        raise FormatError(f"{what}: character {match[0]!a} at {match.start()} may not stand in a note")


def shown(text: str) -> str:
    """`text` as a message may quote it: on one line, printable, short."""
    return ascii(text if len(text) <= 60 else text[:57] + "...")


def moment(time: int) -> str:
    """A time in Unix milliseconds as a message says it."""
    if not 0 <= time <= TIME_LIMIT:
        return f"{time} ms"
    said = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=time)
    return f"{said:%Y-%m-%d %H:%M:%S}.{time % 1000:03} UTC"


def printable(name: str) -> str:
    """A name as a line may have it: as it is, or escaped where a terminal or a line would not show just that."""
    return name if name.isprintable() else ascii(name)
