from __future__ import annotations

import hashlib
import json
from collections import Counter
from fractions import Fraction
from math import comb
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from plainview.oversight.sampling import draw, most_tampered

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors" / "records.json").read_text("utf-8"))
VECTOR = VECTORS["audit_draw"]
seeds = st.binary(min_size=32, max_size=32)


def test_the_vectors() -> None:
    assert VECTOR["seed"] == VECTORS["audit_seed"]["seed"]
    seed = bytes.fromhex(VECTOR["seed"])
    for one in VECTOR["draws"]:
        assert list(draw(seed, one["pages"], one["wanted"])) == one["drawn"] == written_again(seed, **one)
    for one in VECTOR["bounds"]:
        assert most_tampered(one["pages"], one["sampled"], one["failed"]) == one["at_most"]


def written_again(seed: bytes, pages: int, wanted: int, **_: object) -> list[int]:
    """The draw as its documentation says it, without a buffer."""

    def words() -> Any:
        block = 0
        while True:
            data = hashlib.sha256(b"plainview/audit-draw/v1\0" + seed + block.to_bytes(8, "big")).digest()
            yield from (int.from_bytes(data[at : at + 8], "big") for at in range(0, 32, 8))
            block += 1

    stream, taken = words(), set()
    for last in range(max(pages - wanted, 0), pages):
        number = next(word for word in stream if word < 2**64 // (last + 1) * (last + 1)) % (last + 1)
        taken.add(last if number in taken else number)
    return sorted(taken)


@given(seeds)
def test_a_word_past_the_last_multiple_is_passed_over(seed: bytes) -> None:
    """Of so many, half of all words are."""
    pages = 2**63 + 5
    assert list(draw(seed, pages, 4)) == written_again(seed, pages, 4)


@given(seeds, st.integers(0, 400), st.integers(0, 40))
def test_a_draw_is_of_so_many_different_pages(seed: bytes, pages: int, wanted: int) -> None:
    drawn = draw(seed, pages, wanted)
    assert len(drawn) == min(pages, wanted)
    assert list(drawn) == sorted(set(drawn))
    assert all(0 <= one < pages for one in drawn)


def test_every_set_is_as_likely() -> None:
    """All 10 pairs of 5 pages, 4,000 times: chi-square with 9 degrees of freedom stays below its 0.9999 quantile."""
    counts = Counter(draw(hashlib.sha256(str(at).encode()).digest(), 5, 2) for at in range(4000))
    assert len(counts) == comb(5, 2)
    assert sum((count - 400) ** 2 / 400 for count in counts.values()) < 33.7


@pytest.mark.parametrize(("seed", "pages", "wanted"), [(bytes(31), 1, 1), (bytes(32), -1, 1), (bytes(32), 1, -1)])
def test_what_cannot_be_drawn(seed: bytes, pages: int, wanted: int) -> None:
    with pytest.raises(ValueError, match="a seed has 32 bytes"):
        draw(seed, pages, wanted)


@given(st.integers(1, 60), st.data())
def test_the_bound_is_the_last_that_is_not_ruled_out(pages: int, data: st.DataObject) -> None:
    sampled = data.draw(st.integers(0, pages))
    failed = data.draw(st.integers(0, sampled))
    most = most_tampered(pages, sampled, failed)
    assert failed <= most <= pages - (sampled - failed)
    assert most == failed or chance(pages, most, sampled, failed) > Fraction(1, 20)
    if most < pages - (sampled - failed):
        assert chance(pages, most + 1, sampled, failed) <= Fraction(1, 20)


def chance(pages: int, tampered: int, sampled: int, failed: int) -> Fraction:
    """That no more than `failed` of the drawn ones are tampered with."""
    ways = (comb(tampered, at) * comb(pages - tampered, sampled - at) for at in range(failed + 1) if at <= sampled)
    return Fraction(sum(ways), comb(pages, sampled))


@pytest.mark.parametrize(("pages", "sampled", "failed"), [(10_000, 300, 0), (10_000, 300, 4), (700, 650, 1)])
def test_as_another_has_it(pages: int, sampled: int, failed: int) -> None:
    most = most_tampered(pages, sampled, failed)
    assert hypergeom.cdf(failed, pages, most, sampled) > 0.05 >= hypergeom.cdf(failed, pages, most + 1, sampled)


@pytest.mark.parametrize("sampled", [100, 300, 3000])
def test_without_failures_it_is_three_in_n(sampled: int) -> None:
    assert most_tampered(10**7, sampled, 0) / 10**7 == pytest.approx(3 / sampled, rel=0.03)


def test_what_cannot_have_failed() -> None:
    with pytest.raises(ValueError, match="cannot have failed"):
        most_tampered(10, 5, 6)
