"""The origin gate: rows of an import that nobody let in are kept out, and that they came is written down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from plainview.journal import Ack, Draft, Fence, Journal, PlainSealer, Refused
from plainview.journal.keys import import_key
from plainview.records import Origin, Record, Refusal, encode
from plainview.records.digests import refused_digest
from plainview.records.fields import to_text
from plainview.storage import SqliteRecords
from tests.journal.drafts import NOW, example, viewer
from tests.journal.test_fence import Says

Rows = Callable[[int], Draft]
KINDS: list[tuple[str, Rows]] = [
    ("impression", lambda number: example("impression", origin="town", row=number)),
    ("history", lambda number: example("history", origin="town", viewer=number)),
    ("video", lambda number: example("video", origin="town", video=number)),
]


class LetsIn(Says):
    """A judge who lets so many rows of each origin in."""

    def __init__(self, **rows: int) -> None:
        super().__init__("")
        self.rows = rows

    def admitted(self, origin: Origin) -> int | None:
        return self.rows.get(origin.origin)


class Gate:
    """A journal, and who judges what it lets in."""

    def __init__(self, path: Path, judge: LetsIn) -> None:
        self.path = path
        self.judge = judge
        self.open()

    def open(self) -> None:
        store = SqliteRecords(self.path, writing=True)
        self.journal = Journal(store, PlainSealer(), Fence(100, 2000, self.judge), lambda: NOW)

    def reopen(self) -> None:
        self.journal.close()
        self.open()

    def append(self, *drafts: Draft) -> list[str]:
        """What was refused, and why; "" for what was taken."""
        outcomes = self.journal.append(drafts)
        assert all(isinstance(one, Ack) or one.code == "origin" for one in outcomes), outcomes
        return [one.reason if isinstance(one, Refused) else "" for one in outcomes]

    @property
    def refusals(self) -> list[Refusal]:
        return [entry.record for entry in self.journal.of_kind("refusal") if isinstance(entry.record, Refusal)]

    @property
    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.journal.read()]


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    made = Gate(tmp_path, LetsIn(town=3))
    yield made
    made.journal.close()


def origin(name: str = "town") -> Draft:
    return Draft(example("origin", origin=name).record, import_key(f"{name}/origin", 0))


@pytest.mark.parametrize(("kind", "row"), KINDS)
def test_a_planted_row_is_refused_and_that_is_journaled(gate: Gate, kind: str, row: Rows) -> None:
    told = "origin town is not in the journal, and its rows may not be"
    assert gate.append(viewer(1), row(1), viewer(2), row(2)) == ["", told, "", told]
    assert gate.kinds == ["viewer", "viewer", "refusal"]
    (refusal,) = gate.refusals
    assert (refusal.origin, refusal.kind, refusal.rows, refusal.reason) == ("town", kind, 2, told)
    bodies: list[Record] = [row(1).record, row(2).record]
    assert refusal.digest == to_text(refused_digest(map(encode, bodies)))


def test_each_import_and_kind_has_a_refusal_of_its_own(gate: Gate) -> None:
    rows = [row(number) for number in range(2) for _, row in KINDS]
    assert all(gate.append(*rows, example("impression", origin="elsewhere"), origin("elsewhere")))
    assert [(one.origin, one.kind, one.rows) for one in gate.refusals] == [
        ("town", "impression", 2),
        ("town", "history", 2),
        ("town", "video", 2),
        ("elsewhere", "impression", 1),
        ("elsewhere", "origin", 1),
    ]


def test_an_import_that_nobody_let_in_does_not_begin(gate: Gate) -> None:
    (told,) = gate.append(origin("elsewhere"))
    assert told.startswith("origin elsewhere was not let in: no admission that counts names it with digest")
    assert gate.append(origin()) == [""]
    assert gate.kinds == ["refusal", "origin"]
    # Sent again it is the same; in other words it would be a second one.
    assert gate.append(origin()) == [""]
    (told,) = gate.append(example("origin", origin="town", source="elsewhere"))
    assert told == "origin town is in the journal already, and what it has of an import stays"
    gate.reopen()
    assert gate.append(example("origin", origin="town", source="elsewhere")) == [told]
    gate.judge.rows["upload"] = 5
    assert gate.append(origin("upload")) == ["upload is the origin of what comes with no import"]


@pytest.mark.parametrize("reopened", [False, True])
@pytest.mark.parametrize(("kind", "row"), KINDS)
def test_no_more_rows_than_were_let_in(gate: Gate, kind: str, row: Rows, reopened: bool) -> None:
    gate.append(origin())
    one_of_each = [made(100) for _, made in KINDS]
    assert gate.append(*one_of_each[:2]) == ["", ""]
    if reopened:
        gate.reopen()
    told = "origin town has 3 rows already, and 3 were let in"
    assert gate.append(row(1), row(2)) == ["", told]
    if reopened:
        gate.reopen()
    assert gate.append(row(2), *one_of_each[:2]) == [told, "", ""]  # what is there already is no other row
    assert [(one.kind, one.rows) for one in gate.refusals] == [(kind, 1)] * 2
    gate.judge.rows["town"] = 4
    gate.append(example("act", counts=True))  # another act may let in more
    assert gate.append(row(2), row(3)) == ["", "origin town has 4 rows already, and 4 were let in"]


def test_rows_of_an_import_that_slipped_past_a_fence_get_no_company(gate: Gate) -> None:
    gate.append(origin(), KINDS[0][1](1))
    gate.judge.rows.clear()
    gate.reopen()
    assert gate.append(KINDS[0][1](2)) == ["origin town has 1 rows already, and 0 were let in"]


def test_what_comes_with_no_import_passes(gate: Gate) -> None:
    assert gate.append(*(example("video", origin="upload") for _ in range(5))) == [""] * 5
    assert not gate.refusals
    # No impression or history has been uploaded.
    assert gate.append(example("impression", origin="upload")) == [
        "origin upload is not in the journal, and its rows may not be"
    ]
