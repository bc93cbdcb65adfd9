"""How each field of an act is written, on lines of its own, and read again."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from plainview.ledger.charters import BOUND_LIMIT, digest_text, parse_digest
from plainview.ledger.errors import FormatError
from plainview.ledger.lines import Lines
from plainview.ledger.notes import check_key_name
from plainview.ledger.scopes import check_regions, parse_regions, read_scope, regions_text
from plainview.ledger.spelling import TIME_LIMIT, check_characters, from_decimal, shown

TEXT_LIMIT = 2_000
"""Characters at most of a reason, an obligation and what else people write."""
ID_LIMIT = 2**53 - 1
"""The highest number of a video."""
_NONE = "none"
_NAMES = {"begins": "from", "sentence": "text"}
"""Of lines whose field is called otherwise."""
_DATA_SET = re.compile("[a-z0-9][a-z0-9._-]{0,63}")
_YES_NO = {"yes": True, "no": False}


class Obligation(msgspec.Struct, frozen=True):
    """What a licence asks for by a time."""

    due: int
    """Unix milliseconds."""
    text: str


def written(field: str, value: Any) -> list[str]:
    """The lines of that field of an act."""
    if field == "scope":
        return list(value.lines())
    if field == "obligations":
        return [f"obligation {one.due} {one.text}" for one in value]
    return [f"{line_name(field)} {_SPELLINGS[field][0](value)}"]


def read(field: str, lines: Lines) -> Any:
    """The value of that field of an act, which comes next; else FormatError."""
    if field == "scope":
        return read_scope(lines)
    if field == "obligations":
        return _obligations(lines)
    return _SPELLINGS[field][1](lines.take(line_name(field)), lines.where)


def line_name(field: str) -> str:
    """What its line begins with."""
    return _NAMES.get(field) or field.replace("_", "-")


def _obligations(lines: Lines) -> tuple[Obligation, ...]:
    found: list[Obligation] = []
    while lines.next_is("obligation"):
        due, _, text = lines.take("obligation").partition(" ")
        one = Obligation(_time(due, lines.where), _text(text, lines.where))
        if found and (one.due, one.text) <= (found[-1].due, found[-1].text):
            raise FormatError(f"{lines.where}: obligations stand once each, in the order of their times and texts")
        found.append(one)
    return tuple(found)


def _time(text: str, where: str) -> int:
    if (time := from_decimal(text, where)) > TIME_LIMIT:
        raise FormatError(f"{where}: {time} is after the year 9999")
    return time


def _bound(text: str, where: str) -> int:
    if (bound := from_decimal(text, where)) > BOUND_LIMIT:
        raise FormatError(f"{where}: {bound} is not from 0 to 2^32 - 1")
    return bound


def _text(text: str, where: str) -> str:
    check_characters(text, where)
    if not 1 <= len(text) <= TEXT_LIMIT or text != text.strip():
        raise FormatError(f"{where}: {shown(text)} is not 1 to {TEXT_LIMIT} characters with no space around them")
    return text


def _origin(text: str, where: str) -> str:
    try:
        check_key_name(text)
    except FormatError as error:
        raise FormatError(f"{where}: {error}") from None
    return text


def _data_set(text: str, where: str) -> str:
    if not _DATA_SET.fullmatch(text):
        raise FormatError(
            f"{where}: {shown(text)} is not 1 to 64 lower-case letters, digits, dots, dashes and underscores, the "
            "first of them a letter or digit"
        )
    return text


def _id(text: str, where: str) -> int:
    if (number := from_decimal(text, where)) > ID_LIMIT:
        raise FormatError(f"{where}: {number} is not from 0 to 2^53 - 1")
    return number


def _regions(text: str, where: str) -> tuple[str, ...] | None:
    regions = parse_regions(text)
    check_regions(regions, where)
    return regions


def _yes_no(text: str, where: str) -> bool:
    if text not in _YES_NO:
        raise FormatError(f"{where}: {shown(text)} is neither yes nor no")
    return _YES_NO[text]


_Spelling = tuple[Callable[[Any], str], Callable[[str, str], Any]]
_NUMBER: _Spelling = (str, from_decimal)
_TIME: _Spelling = (str, _time)
_BOUND: _Spelling = (str, _bound)
_TEXT: _Spelling = (str, _text)
_DIGEST: _Spelling = (digest_text, parse_digest)
_SPELLINGS: dict[str, _Spelling] = {
    "log": (str, _origin),
    "number": _NUMBER,
    "seen": _NUMBER,
    "licence": _NUMBER,
    "begins": _TIME,
    "until": _TIME,
    "wind_down": _TIME,
    "release": _DIGEST,
    "base": (
        lambda base: _NONE if base is None else digest_text(base),
        lambda text, where: None if text == _NONE else parse_digest(text, where),
    ),
    "golden": _DIGEST,
    "cpu": _TEXT,
    "environment": _DIGEST,
    "suite": _TEXT,
    "passed": (lambda passed: "yes" if passed else "no", _yes_no),
    "results": _DIGEST,
    "epoch_least": _BOUND,
    "epoch_most": _BOUND,
    "reason": _TEXT,
    "video": (str, _id),
    "regions": (regions_text, _regions),
    "cap": _BOUND,
    "label": _TEXT,
    "emergency": _DIGEST,
    "outcome": _TEXT,
    "extends": _DIGEST,
    "secret": _DIGEST,
    "size": _NUMBER,
    "root": _DIGEST,
    "pages": _NUMBER,
    "sampled": _NUMBER,
    "differing": _NUMBER,
    "start": _NUMBER,
    "upto": _NUMBER,
    "identical": _NUMBER,
    "inconclusive": _NUMBER,
    "file": _DIGEST,
    "record": (
        lambda record: _NONE if record is None else str(record),
        lambda text, where: None if text == _NONE else from_decimal(text, where),
    ),
    "sentence": _TEXT,
    "report": _DIGEST,
    "origin": (str, _data_set),
    "data": _DIGEST,
    "terms": _TEXT,
    "rows": _NUMBER,
}
"""How a value becomes the rest of its line, and the other way round."""
