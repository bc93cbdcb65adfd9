"""The random audit, pure: which pages a seed draws, and what a draw says of all of them."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from math import comb

_DOMAIN = b"plainview/audit-draw/v1\x00"
_WORD = 1 << 64

CONFIDENCE = Fraction(95, 100)
MOST_DRAWN = 10_000
"""Pages of a draw of which a bound is told: an exact one of many more takes minutes."""


class _Numbers:
    """Even whole numbers out of a seed: block i is SHA-256(domain || seed || i u64 BE), four words of 64 bits each."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._block = 0
        self._words: list[int] = []

    def below(self, stop: int) -> int:
        """One of 0 to `stop` - 1, each as likely: a word past the last whole multiple of `stop` is passed over."""
        limit = _WORD - _WORD % stop
        while True:
            if not self._words:
                block = hashlib.sha256(_DOMAIN + self._seed + self._block.to_bytes(8, "big")).digest()
                self._words = [int.from_bytes(block[at : at + 8], "big") for at in (24, 16, 8, 0)]
                self._block += 1
            if (word := self._words.pop()) < limit:
                return word % stop


def draw(seed: bytes, pages: int, wanted: int) -> tuple[int, ...]:
    """`wanted` of the pages 0 to `pages` - 1, ascending, every set of so many as likely; all where there are fewer.

    `seed` is `records.digests.audit_seed`'s, 32 bytes. Floyd's algorithm (Bentley and Floyd, CACM 30(9), 1987): for j
    from pages - wanted up, one of 0 to j is taken, or j where that one is taken already.
    """
    if len(seed) != 32 or pages < 0 or wanted < 0:
        raise ValueError("a seed has 32 bytes, and numbers of pages are not negative")
    numbers = _Numbers(seed)
    taken: set[int] = set()
    for last in range(max(pages - wanted, 0), pages):
        one = numbers.below(last + 1)
        taken.add(last if one in taken else one)
    return tuple(sorted(taken))


def most_tampered(pages: int, sampled: int, failed: int, confidence: Fraction = CONFIDENCE) -> int:
    """How many of `pages` may have been tampered with at most, where of `sampled` drawn so many `failed`.

    The exact one-sided bound of sampling without replacement: the most for which so few failures have a probability
    above 1 - `confidence`, by the hypergeometric distribution, in whole numbers. Without failures in a small part of
    many pages it is close to 3 / sampled of them.
    """
    if not 0 <= failed <= sampled <= pages:
        raise ValueError(f"{failed} of {sampled} drawn from {pages} pages cannot have failed")
    doubt = 1 - confidence
    enough = comb(pages, sampled) * doubt.numerator // doubt.denominator

    def possible(tampered: int) -> bool:
        # P(at most `failed` of the drawn ones are tampered with) > doubt: the terms from the last one down, each by the
        # one before. Once they fall they fall ever faster, so the rest is no more than the next, so many times.
        good = pages - tampered
        first, last = max(sampled - good, 0), min(failed, tampered)
        term, seen = comb(tampered, last) * comb(good, sampled - last), 0
        for found in range(last, first - 1, -1):
            seen += term
            if seen > enough:
                return True
            below = term * (found * (good - sampled + found)) // ((tampered - found + 1) * (sampled - found + 1))
            if below <= term and seen + below * (found - first) <= enough:
                return False
            term = below
        return False

    low, high = failed, pages - (sampled - failed)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if possible(middle) else (low, middle - 1)
    return low
