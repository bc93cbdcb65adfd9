"""The random audit from its secret to its reveal, whatever breaks it off."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from plainview.oversight.partner.draws import Draw, Draws
from plainview.oversight.sampling import draw, most_tampered
from plainview.records.digests import audit_seed
from plainview.records.fields import to_bytes

PAGES = list(range(3, 3000, 3))
NOW = 1_790_000_000_000


class Case:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(exist_ok=True)
        self.said: list[tuple[str, dict[str, Any]]] = []
        self.logged: dict[str, int] = {}
        self.mute = False
        self._drawn = 0

    def announce(self, kind: str, fields: dict[str, object]) -> str | None:
        if self.mute:
            return None
        self.said.append((kind, fields))
        return f"{kind} {fields['number']}"

    def entropy(self, size: int) -> bytes:
        self._drawn += 1
        return bytes([self._drawn]) * size

    def draws(self) -> Draws:
        """As after a start."""
        return Draws(self.directory, 10, self.announce, self.entropy)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path / "draws")


def root(size: int) -> bytes:
    return hashlib.sha256(str(size).encode()).digest()


def test_from_secret_to_reveal(case: Case) -> None:
    begun = case.draws().begin(NOW)
    assert begun is not None
    assert case.said == [("draw", {"number": 1, "secret": hashlib.sha256(b"\1" * 32).digest()})]
    assert case.draws().begin(NOW) is None  # one at a time
    assert case.draws().go_on(case.logged.get, root, PAGES) is None  # the log has it not
    case.logged["draw 1"] = 2000
    drawn = case.draws().go_on(case.logged.get, root, PAGES)
    assert drawn is not None
    below = [page for page in PAGES if page < 2001]
    expected = draw(audit_seed(root(2001), b"\1" * 32), len(below), 10)
    assert drawn.pages == tuple(below[at] for at in expected)
    assert (drawn.population, drawn.size, to_bytes(drawn.root)) == (len(below), 2001, root(2001))
    assert case.draws().go_on(case.logged.get, root, PAGES) is None  # no second choice
    assert case.draws().last == drawn
    differing = drawn.pages[4]
    revealed = case.draws().reveal({differing, 1})
    assert revealed is not None
    assert revealed.differing == (differing,)
    most = most_tampered(len(below), 10, 1)
    assert revealed.sentence() == (
        f"draw 1: of 10 pages out of {len(below)}, 1 differ; with 95 % confidence at most {most} "
        f"({most / len(below):.3%}) were tampered with"
    )
    assert case.said[1:] == [
        (
            "reveal",
            {
                "number": 1, "secret": b"\1" * 32, "size": 2001, "root": root(2001), "pages": len(below),
                "sampled": 10, "differing": 1,
            },
        )
    ]  # fmt: skip
    assert case.draws().reveal(()) is None
    second = case.draws().begin(NOW)
    assert second is not None
    assert (second.number, to_bytes(second.secret)) == (2, b"\2" * 32)


def test_a_secret_is_kept_before_anybody_hears_of_it(case: Case) -> None:
    def broken(kind: str, fields: dict[str, object]) -> str | None:
        raise OSError("the machine went off")

    draws = Draws(case.directory, 10, broken, case.entropy)
    with pytest.raises(OSError, match="went off"):
        draws.begin(NOW)
    again = case.draws()
    assert again.begin(NOW) is None
    assert again.go_on(case.logged.get, root, PAGES) is None
    assert case.said == [("draw", {"number": 1, "secret": hashlib.sha256(b"\1" * 32).digest()})]
    assert again.last is not None
    assert again.last.note == "draw 1"


def test_where_nothing_can_be_announced_nothing_is_drawn(case: Case) -> None:
    case.mute = True
    draws = case.draws()
    assert draws.begin(NOW) is None
    assert draws.begin(NOW) is None
    case.logged[""] = 1
    assert draws.go_on(case.logged.get, root, PAGES) is None
    assert len(list(case.directory.iterdir())) == 1


def test_the_newest_of_many_is_gone_on_with(case: Case) -> None:
    for number in range(1, 12):
        begun = case.draws().begin(NOW)
        assert begun is not None
        assert begun.number == number
        case.logged[begun.note] = 1999
        case.draws().go_on(case.logged.get, root, PAGES)
        case.draws().reveal(())
    last = case.draws().last
    assert isinstance(last, Draw)
    assert (last.number, last.population) == (11, 666)
    assert last.bound() == most_tampered(666, 10, 0)
