"""How tlog-tiles writes a tile's or bundle's index and width in a path: `x001/x234/067`, `x001/x234/067.p/112`."""

from __future__ import annotations

import re

from plainview.ledger.errors import FormatError
from plainview.ledger.spelling import SIZE_LIMIT, shown

TILE_WIDTH = 256
"""Hashes in a full tile, and entries in a full bundle."""

_POSITION = re.compile(r"((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


def position_path(index: int, width: int) -> str:
    """`<N>[.p/<W>]`: the index in groups of three digits, all but the last after an x, and a partial width."""
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03}")
    path = "/".join(reversed(groups))
    return path if width == TILE_WIDTH else f"{path}.p/{width}"


def parse_position(text: str, what: str) -> tuple[int, int]:
    """The index and width whose one `<N>[.p/<W>]` is `text`; else FormatError."""
    if match := _POSITION.fullmatch(text):
        index = int(match[1].replace("x", "").replace("/", ""))
        width = int(match[2] or TILE_WIDTH)
        partial = match[2] is not None
        if index <= SIZE_LIMIT and partial == (width < TILE_WIDTH) and position_path(index, width) == text:
            return index, width
    raise FormatError(
        f"{what}: {shown(text)} is not an index in groups of three digits, then .p/1 to .p/255 or nothing"
    )


def check_position(index: int, width: int, what: str) -> None:
    """Raises FormatError unless these are an index and width that a path can have."""
    if not 0 <= index <= SIZE_LIMIT:
        raise FormatError(f"{what}: index {index} is not from 0 to 2^63 - 1")
    if not 1 <= width <= TILE_WIDTH:
        raise FormatError(f"{what}: width {width} is not from 1 to {TILE_WIDTH}")
