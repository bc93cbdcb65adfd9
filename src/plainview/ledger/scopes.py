"""Scopes: the regions, surfaces and share of the traffic that an act is about."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from plainview.ledger.errors import FormatError
from plainview.ledger.lines import Lines
from plainview.ledger.spelling import from_decimal, shown

MILLION = 1_000_000
"""A share is so many of these, and a draw one of them."""
SURFACE_LIMIT = 255

_ALL = "all"
_REGION = re.compile("[A-Z]{2}")
_Named = TypeVar("_Named", str, int)


class Scope(msgspec.Struct, frozen=True):
    """Where an act holds. Raises FormatError where no act can say it."""

    regions: tuple[str, ...] | None
    """Two capital letters each, as a request has them (ZZ where none is known), ascending; None for all."""
    surfaces: tuple[int, ...] | None
    """Numbers from 0 to SURFACE_LIMIT, ascending; None for all."""
    share: int
    """Of all requests those whose draw is below it: 1 to MILLION."""

    def __post_init__(self) -> None:
        check_regions(self.regions, "scope, regions")
        for surface in self.surfaces or ():
            if not 0 <= surface <= SURFACE_LIMIT:
                raise FormatError(f"scope, surfaces: {surface} is not from 0 to {SURFACE_LIMIT}")
        _check_order(self.surfaces, "scope, surfaces")
        if not 1 <= self.share <= MILLION:
            raise FormatError(f"scope, share: {self.share} is not from 1 to {MILLION}")

    def lines(self) -> list[str]:
        """Its three lines in an act."""
        return [
            f"regions {regions_text(self.regions)}",
            f"surfaces {_ALL if self.surfaces is None else ','.join(map(str, self.surfaces))}",
            f"share {self.share}",
        ]

    def leaves_out(self, region: str, surface: int, draw: int) -> str | None:
        """What of such a request is not in it, in words; None where all is. `draw` is from 0 to MILLION - 1."""
        if self.regions is not None and region not in self.regions:
            return f"not for region {shown(region)}"
        if self.surfaces is not None and surface not in self.surfaces:
            return f"not for surface {surface}"
        if not 0 <= draw < self.share:
            return f"for draws below {self.share} of {MILLION}, not for {draw}"
        return None

    def exceeds(self, other: Scope) -> str | None:
        """What of it is not in `other`, in words; None where all is."""
        regions, surfaces = _beyond(self.regions, other.regions), _beyond(self.surfaces, other.surfaces)
        if regions:
            return f"regions {regions}"
        if surfaces:
            return f"surfaces {surfaces}"
        return f"a share of {self.share}" if self.share > other.share else None


def read_scope(lines: Lines) -> Scope:
    """The scope whose `lines` come next; else FormatError."""
    regions, surfaces = lines.take("regions"), lines.take("surfaces")
    numbers = None if surfaces == _ALL else tuple(from_decimal(one, lines.where) for one in surfaces.split(","))
    return Scope(parse_regions(regions), numbers, lines.take_number("share"))


def regions_text(regions: tuple[str, ...] | None) -> str:
    """Regions as a line has them."""
    return _ALL if regions is None else ",".join(regions)


def parse_regions(text: str) -> tuple[str, ...] | None:
    """The regions whose `regions_text` this is; `check_regions` says whether they are any."""
    return None if text == _ALL else tuple(text.split(","))


def check_regions(regions: tuple[str, ...] | None, what: str) -> None:
    """Raises FormatError unless these are two capital letters each, ascending; or None for all."""
    for region in regions or ():
        if not _REGION.fullmatch(region):
            raise FormatError(f"{what}: {shown(region)} is not two capital letters")
    _check_order(regions, what)


def _check_order(named: tuple[_Named, ...] | None, what: str) -> None:
    if named is not None and (not named or list(named) != sorted(set(named))):
        raise FormatError(f"{what}: at least one, each once and in ascending order, or `{_ALL}`")


def _beyond(own: tuple[_Named, ...] | None, others: tuple[_Named, ...] | None) -> str:
    if others is None:
        return ""
    return _ALL if own is None else ",".join(str(one) for one in own if one not in others)
