"""The partner's own viewers: an honest operator is never accused, and each thing that one can do to them is seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from plainview.journal import Entry
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.policies import NO_QUORUM, Log, Policy
from plainview.ledger.promises import Promise
from plainview.oversight.partner.app_client import Odd
from plainview.oversight.partner.canaries import PAGES, RECEIPTS, Canaries, Wrong
from plainview.oversight.partner.opening import Unanswered
from plainview.records import UNSIGNED, Event, Page, Record, Request, Setting, Viewer, encode
from plainview.records.digests import commitment
from plainview.records.fields import DASHES, to_text
from plainview.records.leaf import personal_leaf
from tests.ledger.logs import LOG, ORIGIN
from tests.platform.signing import of_viewer
from tests.records.examples import EXAMPLES, token

POLICY = Policy((Log(LOG.key),), (), (), NO_QUORUM)
NOW = 1_790_000_000_000


class Platform:
    """An app's server and the journal behind it; what it does otherwise is set in `change`, `show`, `take`."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.before: dict[str, str] = {}
        self.change: dict[str, Any] = {}
        self.show: list[int] | None = None
        self.take = True
        self.mute = ""

    def register(self, told: dict[str, Any]) -> None:
        self.records.append(Viewer(time=NOW, **told))

    def page(self, **asked: Any) -> tuple[bytes, dict[str, Any]]:
        made = EXAMPLES["page"]
        assert isinstance(made, Page)
        region = next(one.region for one in self.records if isinstance(one, Viewer) and one.viewer == asked["viewer"])
        request = Request(
            surface=0, region=region, age="18+", mode="personal", limit=asked["limit"], nonce=asked["nonce"],
            acknowledged=asked["acknowledged"],
        )  # fmt: skip
        page = replace(
            made, viewer=asked["viewer"], session=asked["session"], n=asked["n"], request=request,
            previous=self.before.get(asked["session"], DASHES) if asked["n"] else DASHES,
        )  # fmt: skip
        page = replace(page, **self.change)
        asked_before = (one for one in self.records if isinstance(one, Page))
        page = next(
            (one for one in asked_before if (one.session, one.n) == (page.session, page.n) and not self.change), page
        )
        index = next((at for at, one in enumerate(self.records) if one == page), len(self.records))
        if index == len(self.records):
            self.records.append(page)
        if self.mute == "page":
            raise Unanswered("no answer")
        committed = commitment(self.salt(index), encode(page))
        self.before[page.session] = to_text(committed)
        promise = Promise(ORIGIN, index, leaf_hash(personal_leaf("page", committed)), NOW + 5000).signed(LOG)
        receipt = {
            "index": index, "salt": to_text(self.salt(index)), "commitment": to_text(committed),
            "body": encode(page).decode(), "promise": promise.decode(),
        }  # fmt: skip
        videos = self.show if self.show is not None else [item.video for item in page.items]
        answer = {"videos": [{"video": {"id": one}} for one in videos], "receipt": receipt}
        return msgspec.json.encode(answer), answer

    def view(self, events: list[dict[str, Any]]) -> list[int | None]:
        if not self.take:
            return [None] * len(events)
        first = len(self.records)
        self.records += [Event(time=NOW, creator=8, **one) for one in events]
        if self.mute == "view":
            raise Unanswered("no answer")
        return list(range(first, len(self.records)))

    def salt(self, index: int) -> bytes:
        return index.to_bytes(32, "big")

    # As a journal.

    @property
    def size(self) -> int:
        return len(self.records)

    def owned(self, owner: str, start: int, stop: int) -> Iterator[Entry]:
        for index, record in enumerate(self.records[start:stop], start):
            if f"viewer:{record.viewer}" == owner:  # type: ignore[attr-defined]
                committed = commitment(self.salt(index), encode(record))
                yield Entry(index, NOW, "x", owner, record, self.salt(index), committed)


class Case:
    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self.directory = directory
        self.platform = Platform()
        self._drawn = 0

    def entropy(self, size: int) -> bytes:
        self._drawn += 1
        return self._drawn.to_bytes(32, "big")[-size:]

    def canaries(self) -> Canaries:
        """As after a start."""
        return Canaries(self.directory, self.platform, 2, lambda: NOW, self.entropy)  # type: ignore[arg-type]

    def visit(self) -> list[Wrong]:
        return list(self.canaries().visit(POLICY))

    def compare(self) -> list[Wrong]:
        return list(self.canaries().compare(self.platform))  # type: ignore[arg-type]


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path / "canaries")


def test_an_honest_operator_is_never_accused(case: Case) -> None:
    for _ in range(2 * PAGES + 1):
        assert case.visit() == []
        assert case.compare() == []
    assert case.compare() == []
    pages = [one for one in case.platform.records if isinstance(one, Page)]
    assert [page.n for page in pages if page.viewer == pages[0].viewer] == [0, 1, 2, 3, 0, 1, 2, 3, 0]
    assert len({page.session for page in pages}) == 6
    assert len({page.request.nonce for page in pages}) == len(pages)
    assert pages[-1].request.acknowledged > 0
    kept = [path.stem for path in (case.directory / RECEIPTS).iterdir()]
    assert len([name for name in kept if name.isdecimal()]) == len(pages)
    assert any(name.endswith("again") for name in kept)


def test_a_page_that_is_another_when_it_is_asked_for_again(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    entropy = case.entropy
    monkeypatch.setattr(case, "entropy", lambda size: b"\1" if size == 1 else entropy(size))
    assert [one for _ in range(2) for one in case.visit()] == []
    for place, one in enumerate(case.platform.records):
        if isinstance(one, Page):
            case.platform.records[place] = replace(one, items=one.items[::-1])
    case.platform.before.clear()
    wrong = [one.detail for _ in range(2) for one in case.visit()]
    assert any("of its session, asked for again, was another one" in detail for detail in wrong)


@pytest.mark.parametrize("mute", ["page", "view"])
def test_what_was_lost_on_its_way_is_asked_for_again(case: Case, mute: str) -> None:
    """The journal has what the canary never heard of: it asked for that, all the same."""
    assert case.visit() == []
    case.platform.mute = mute
    with pytest.raises(Unanswered):
        case.visit()
    assert case.compare() == []
    case.platform.mute = ""
    assert case.visit() == []
    assert case.compare() == []
    assert case.visit() == []
    assert case.compare() == []


@pytest.mark.parametrize("shown", [[78, 77], [77], [77, 79], [77, 78, 79], []])
def test_other_videos_than_the_record_has(case: Case, shown: list[int]) -> None:
    case.platform.show = shown
    wrong = case.visit()
    assert [(one.which, one.detail) for one in wrong] == [
        ("shown", f"the partner's viewer was shown the videos {shown}, and its record has [77, 78]")
    ] * 2


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"viewer": 7}, "viewer"),
        ({"session": token(9)}, "session"),
        ({"n": 5}, "number"),
        ({"previous": to_text(bytes(32))}, "page before"),
    ],
)
def test_a_record_of_something_else_than_was_asked_for(case: Case, change: dict[str, Any], what: str) -> None:
    case.platform.change = change
    assert f"its record has another {what} than" in case.visit()[0].detail


@pytest.mark.parametrize(("field", "value"), [("nonce", token(3)), ("limit", 3), ("region", "ZZ"), ("acknowledged", 0)])
def test_another_request_than_was_made(case: Case, field: str, value: Any) -> None:
    case.visit()
    made = EXAMPLES["page"]
    assert isinstance(made, Page)
    page = case.platform.page

    def changed(**asked: Any) -> tuple[bytes, dict[str, Any]]:
        if field in asked:
            return page(**(asked | {field: value}))
        case.platform.records[0] = replace(case.platform.records[0], region=value)  # type: ignore[call-arg]
        return page(**asked)

    case.platform.page = changed  # type: ignore[method-assign]
    assert any("its record has another" in one.detail for one in case.visit())


def test_a_receipt_that_does_not_hold(case: Case) -> None:
    page = case.platform.page
    case.platform.page = lambda **asked: (page(**asked)[0].replace(b'"salt":"A', b'"salt":"B'), {})  # type: ignore[method-assign]
    with pytest.raises(Odd, match="no receipt that holds"):
        case.visit()


def test_an_event_that_is_refused(case: Case) -> None:
    case.platform.take = False
    assert {one.detail for one in case.visit()} == {
        "the view of its video 77 was refused", "the view of its video 78 was refused"
    }  # fmt: skip


def journaled(case: Case) -> list[str]:
    return [one.detail for one in case.compare() if one.which == "journaled"]


def test_what_nobody_did(case: Case) -> None:
    case.visit()
    page = next(one for one in case.platform.records if isinstance(one, Page))
    event = next(one for one in case.platform.records if isinstance(one, Event))
    case.platform.records += [
        replace(page, session=token(1)),
        replace(event, id=token(2)),
        replace(event, watched=1),
        replace(event, time=NOW + 1),
        Setting(time=NOW, viewer=page.viewer, id=token(3), setting="block", target=4, signature="A" * 86),
        Viewer(time=NOW, viewer=page.viewer, region="ZZ", age="18+", mode="plain", **UNSIGNED),
        Viewer(time=NOW, **of_viewer(page.viewer).told(token(4), page.request.region, "18+", "personal")),
    ]
    first, second, third, fourth, fifth, sixth, seventh = journaled(case)
    assert "a page of the partner's own viewer, which never asked for it" in first
    assert "an event of the partner's own viewer, which never sent it" in second
    assert second == third
    assert "an event that was acknowledged as record" in fourth
    assert "did no such thing" in fifth
    assert "did no such thing" in sixth
    assert "did no such thing" in seventh  # another key's
    assert journaled(case) == []  # each is told once


def test_what_was_done_and_is_not_there(case: Case) -> None:
    case.visit()
    at = next(at for at, one in enumerate(case.platform.records) if isinstance(one, Page))
    other = next(at for at, one in enumerate(case.platform.records) if isinstance(one, Event))
    stranger = Viewer(time=NOW, viewer=5, region="ZZ", age="18+", mode="plain", **UNSIGNED)
    case.platform.records[at] = case.platform.records[other] = stranger
    assert journaled(case) == ["not what the partner's own viewer was told that it is"] * 2


def test_another_page_in_its_place(case: Case) -> None:
    case.visit()
    at, page = next((at, one) for at, one in enumerate(case.platform.records) if isinstance(one, Page))
    case.platform.records[at] = replace(page, items=page.items[::-1])
    assert journaled(case) == ["another page than the partner's own viewer was given as that"]
