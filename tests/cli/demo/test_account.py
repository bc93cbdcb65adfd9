from __future__ import annotations

from collections import Counter

import pytest

from plainview.cli.demo.scenes.account import Part, check
from plainview.cli.demo.stage import Missed, Stretch

RANKED = Stretch("an approved release", 10, ranked=True, honest=True)
LIED = Stretch("a dishonest change", 20, ranked=True, honest=False)
STOPPED = Stretch("revoked", 30, ranked=False, honest=True)


def part(stretch: Stretch, personal: int, baseline: int, differing: int) -> Part:
    return Part(stretch, 40, Counter(personal=personal, baseline=baseline, plain=3), differing)


@pytest.mark.parametrize("sound", [part(RANKED, 5, 0, 0), part(LIED, 5, 0, 2), part(STOPPED, 0, 5, 0)])
def test_a_stretch_that_is_what_it_must_be(sound: Part) -> None:
    check(sound)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (part(RANKED, 0, 0, 0), "nobody was served what should have been"),
        (part(RANKED, 5, 1, 0), "1 pages are the baseline"),
        (part(RANKED, 5, 0, 1), "1 pages differ"),
        (part(LIED, 5, 0, 0), "0 pages differ"),
        (part(STOPPED, 0, 0, 0), "nobody was served what should have been"),
        (part(STOPPED, 1, 5, 0), "1 pages are personal"),
    ],
)
def test_one_that_is_not_is_said(wrong: Part, said: str) -> None:
    with pytest.raises(Missed, match=f"{wrong.stretch.name}: {said}"):
        check(wrong)
