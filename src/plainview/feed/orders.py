"""Orders: which of them may place a video on a page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plainview.feed.kernels.idmap import find_all
from plainview.feed.tables import LETTERS, REGION_WORDS, Maps, Tables

_WORD = 2 * LETTERS
"""Bits of a word: two first letters."""
EVERYWHERE = (2**_WORD - 1,) * REGION_WORDS
"""The words of an order for all regions."""


class Due(NamedTuple):
    """Orders that have begun, are not over and below their cap, and hold in a request's region; by number."""

    numbers: NDArray[np.int64]
    rows: NDArray[np.int32]
    """Of their videos; -1 for one that the catalogue does not know."""


NOTHING_DUE = Due(np.zeros(0, np.int64), np.zeros(0, np.int32))


def region_words(regions: Iterable[str]) -> tuple[int, ...]:
    """Regions as an order's row holds them: of word `a // 2` bit `26 * (a % 2) + b` for the region of letters a, b.

    All of them where none is named. Regions that the release does not tell apart are told apart here: an order
    reaches nobody whom it does not name.
    """
    words = [0] * REGION_WORDS
    for region in regions:
        word, bit = _place(region)
        words[word] |= 1 << bit
    return tuple(words) if any(words) else EVERYWHERE


def due(tables: Tables, maps: Maps, region: str, now: int) -> Due:
    """The orders that may place a video for a request of that region at that time (Unix ms)."""
    orders = tables.order[: tables.head[0]["orders"]]
    if not len(orders):
        return NOTHING_DUE
    word, bit = _place(region)
    open_ = (orders["begins"] <= now) & (now < orders["until"]) & (orders["ended"] == 0)
    here = (orders["regions"][:, word] >> bit) & 1 == 1
    held = orders[open_ & here & (orders["shown"] < orders["cap"])]
    held = held[np.argsort(held["id"], kind="stable")]
    return Due(held["id"].copy(), find_all(maps.video, tables.video, held["video"].copy()))


def _place(region: str) -> tuple[int, int]:
    first, second = (ord(letter) - ord("A") for letter in region)
    return first // 2, LETTERS * (first % 2) + second
