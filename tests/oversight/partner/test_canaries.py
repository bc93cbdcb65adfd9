"""The partner's own viewers: an honest operator is never accused, and each thing that one can do to them is seen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from plainview.journal import Entry
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.policies import NO_QUORUM, Log, Policy
from plainview.ledger.promises import Promise
from plainview.ledger.schemes import ED25519
from plainview.ledger.signers import Signer
from plainview.oversight.partner import canaries as module
from plainview.oversight.partner.app_client import Odd
from plainview.oversight.partner.canaries import GROWTHS, PAGES, RECEIPTS, TIMES, Canaries, Promised, Wrong
from plainview.oversight.partner.opening import Unanswered
from plainview.oversight.receipts import Receipt
from plainview.records import UNSIGNED, Event, Page, Record, Request, Setting, Viewer, encode
from plainview.records.digests import commitment
from plainview.records.fields import DASHES, to_text
from plainview.records.leaf import personal_leaf
from tests.ledger.logs import LOG, ORIGIN
from tests.platform.signing import of_viewer
from tests.records.examples import EXAMPLES, token

NEW_KEY = Signer(ORIGIN, ED25519, bytes(32))
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
        self.signer: Signer | None = LOG
        self.receipt: dict[str, Any] = {}
        self.odd: tuple[int, ...] = ()
        """Of these viewers, as they were registered, what is asked is answered oddly."""
        self.unanswered: tuple[int, ...] = ()

    def register(self, told: dict[str, Any]) -> None:
        self.records.append(Viewer(time=NOW, **told))

    def page(self, **asked: Any) -> tuple[bytes, dict[str, Any]]:
        viewers = [one.viewer for one in self.records if isinstance(one, Viewer)]
        if viewers.index(asked["viewer"]) in self.unanswered:
            raise Unanswered(f"no answer to {asked['viewer']}")
        if viewers.index(asked["viewer"]) in self.odd:
            raise Odd(f"an odd answer to {asked['viewer']}")
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
        promise = Promise(ORIGIN, index, leaf_hash(personal_leaf("page", committed)), NOW + 5000)
        receipt = {
            "index": index, "salt": to_text(self.salt(index)), "commitment": to_text(committed),
            "body": encode(page).decode(), "promise": promise.signed(self.signer).decode() if self.signer else "",
        } | self.receipt  # fmt: skip
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
        self.keys = [LOG.key]
        self.size = 0
        self._drawn = 0
        self.start(2)

    def entropy(self, size: int) -> bytes:
        self._drawn += 1
        return self._drawn.to_bytes(32, "big")[-size:]

    def start(self, number: int) -> None:
        """Anew, with so many of them."""
        self.canaries = Canaries(
            self.directory, self.platform, number, lambda: NOW, lambda size: self.entropy(size)  # type: ignore[arg-type]
        )  # fmt: skip

    def visit(self) -> list[Wrong]:
        return list(self.visiting())

    def visiting(self) -> Iterator[Wrong]:
        return self.canaries.visit(Promised(self.check, lambda: self.size))

    def check(self, receipt: Receipt) -> None:
        """By the log's keys that are known."""
        receipt.check(Policy(tuple(map(Log, self.keys)), (), (), NO_QUORUM))

    def doubted(self, match: str = "nobody known here promised") -> None:
        with pytest.raises(Odd, match=match):
            self.visit()

    def compare(self) -> list[Wrong]:
        return list(self.canaries.compare(self.platform))  # type: ignore[arg-type]


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


@pytest.mark.parametrize(
    ("receipt", "why"),
    [
        ({"salt": to_text(b"\1" * 32)}, "its commitment is not that of its salt and body"),
        ({"body": "{}"}, "its commitment is not that of its salt and body"),
        ({"commitment": None}, "Expected `str`, got `null`"),
        ({"index": "7"}, "Expected `int`, got `str`"),
    ],
)
def test_a_receipt_that_does_not_hold(case: Case, receipt: dict[str, Any], why: str) -> None:
    """Each canary's page is found, and its answer kept; asked for again, it is the same finding."""
    assert case.visit() == []
    case.platform.receipt = receipt
    first, second = case.visit()
    head, _, answer = first.detail.partition("\n")
    assert head.startswith("no receipt that holds came with page ")
    assert why in head
    assert msgspec.json.decode(answer)["videos"][0] == {"video": {"id": 77}}
    told = max(at for at, one in enumerate(case.platform.records) if isinstance(one, Event) and at < first.index + 1)
    assert (first.which, first.index) == ("shown", told)
    assert second.index != first.index
    case.platform.receipt = {}
    assert case.visit() == []
    assert case.compare() == []


@pytest.mark.parametrize("left", [{}, {"receipt": None}, {"receipt": []}])
def test_a_page_without_a_receipt(case: Case, left: dict[str, Any]) -> None:
    case.platform.page = lambda **_: (b"{}", {"videos": [{"video": None}, {"video": {"id": 0}}], **left})  # type: ignore[method-assign]
    assert [(one.index, one.detail.partition(":")[0]) for one in case.visit()] == [
        (0, "no receipt that holds came with page 0 of its session")
    ] * 2


@pytest.mark.parametrize("answer", [{}, {"videos": []}, {"videos": [{"video": None}, 7]}, {"error": "later"}])
def test_what_is_no_page_is_odd(case: Case, answer: dict[str, Any]) -> None:
    case.platform.page = lambda **_: (b"{}", answer)  # type: ignore[method-assign]
    case.doubted("was given what is no page")


def test_what_another_version_says_beside_is_left_out(case: Case) -> None:
    case.platform.receipt = {"leaf": 7}
    assert case.visit() == []
    kept = next((case.directory / RECEIPTS).iterdir())
    assert b"leaf" not in kept.read_bytes()


def test_a_page_that_cannot_be_read_is_promised(case: Case) -> None:
    """The log is held to it, and what it is shows where it is re-run."""
    page = case.platform.page

    def other(**asked: Any) -> tuple[bytes, dict[str, Any]]:
        _, answer = page(**asked)
        salt, body, index = bytes(32), b'{"of":"another version"}', answer["receipt"]["index"]
        committed = commitment(salt, body)
        promise = Promise(ORIGIN, index, leaf_hash(personal_leaf("page", committed)), NOW).signed(LOG)
        receipt = {"index": index, "salt": to_text(salt), "commitment": to_text(committed), "body": body.decode()}
        return b"", answer | {"receipt": receipt | {"promise": promise.decode()}}

    case.platform.page = other  # type: ignore[method-assign]
    case.doubted("of no page that can be read")
    assert len(list((case.directory / RECEIPTS).iterdir())) == 2  # of either viewer


@pytest.mark.parametrize("later", [NEW_KEY, LOG], ids=["still", "once"])
def test_a_key_that_no_charter_names(case: Case, later: Signer) -> None:
    """It is told once the log was seen to grow so often that a new one would be known, whatever is answered then."""
    case.start(1)
    case.platform.signer = NEW_KEY
    case.doubted()
    case.doubted()  # the log stands still
    case.platform.signer = later
    for _ in range(GROWTHS - 1):
        case.size += 1
        case.doubted() if later is NEW_KEY else case.visit()
    case.size += 1
    (found,) = case.visit()
    assert (found.index, found.which) == (0, "shown")
    assert found.detail.startswith("no receipt that holds came with page 0 of its session: ")


@pytest.mark.parametrize("growths", range(GROWTHS))
def test_a_key_of_an_amendment_that_comes_to_be_known(case: Case, growths: int) -> None:
    case.start(1)
    assert case.visit() == []
    case.platform.signer = NEW_KEY
    case.doubted()
    for _ in range(growths):
        case.size += 1
        case.doubted()
    case.keys = [NEW_KEY.key]
    for _ in range(2 * GROWTHS):
        case.size += 1
        assert case.visit() == []
        assert case.compare() == []


def test_one_amendment_after_another(case: Case) -> None:
    """By the time that the first key is known, a second is not."""
    case.start(1)
    for at in range(2, 6):
        case.platform.signer = Signer(ORIGIN, ED25519, bytes([at]) * 32)
        case.doubted()
        for _ in range(GROWTHS - 1):
            case.size += 1
            case.doubted()
        case.keys.append(case.platform.signer.key)
    case.size += 1
    assert case.visit() == []


def unpromised(case: Case, every: int) -> list[Wrong]:
    """Ask many times, where each `every`th answer has no promise: what is found first."""
    case.start(1)
    page, answers = case.platform.page, 0

    def left_out(**asked: Any) -> tuple[bytes, dict[str, Any]]:
        nonlocal answers
        answers += 1
        case.platform.signer = LOG if answers % every else None
        return page(**asked)

    case.platform.page = left_out  # type: ignore[method-assign]
    while answers < 4 * every + TIMES:
        case.size += 1
        with suppress(Odd):
            if wrong := case.visit():
                return wrong
    return []


@pytest.mark.parametrize("viewers", [1, 2])
def test_a_promise_only_for_who_asks_again(case: Case, viewers: int) -> None:
    """Each page comes without one at first, and with one when it is asked for again."""
    case.start(viewers)
    page = case.platform.page
    seen: set[tuple[str, int]] = set()

    def first_without(**asked: Any) -> tuple[bytes, dict[str, Any]]:
        case.platform.signer = LOG if (one := (asked["session"], asked["n"])) in seen else None
        seen.add(one)
        return page(**asked)

    case.platform.page = first_without  # type: ignore[method-assign]
    for _ in range(TIMES - 1):
        case.size += 1
        case.doubted()
        case.size += 1
        assert case.visit() == []
    case.size += 1
    found = next(case.visiting())
    head, _, answer = found.detail.partition("\n")
    assert head.startswith("no receipt that holds came with page ")
    assert head.endswith("its promise is empty, as in 2 answers before, and the log grew after each of these")
    assert msgspec.json.decode(answer)["receipt"]["promise"] == ""


@pytest.mark.parametrize("every", [1, 2, 3, 6])
def test_every_so_many_answers_without_a_promise(case: Case, monkeypatch: pytest.MonkeyPatch, every: int) -> None:
    monkeypatch.setattr(module, "RUN", 6)
    (found, *_) = unpromised(case, every)
    assert "as in 2 answers before" in found.detail


def test_answers_without_a_promise_far_apart(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the log ended its service just then, and was started again."""
    monkeypatch.setattr(module, "RUN", 6)
    assert unpromised(case, 7) == []


def test_one_or_two_answers_without_a_promise(case: Case) -> None:
    """And no more, or no more that the log was seen to grow after: that is remarked."""
    case.start(1)
    for _ in range(TIMES - 1):
        case.platform.signer = None
        case.size += 1
        for _ in range(3):
            case.doubted()
        case.platform.signer = LOG
        for _ in range(2 * GROWTHS):
            case.size += 1
            assert case.visit() == []
            assert case.compare() == []


def test_answers_without_a_promise_are_remembered(case: Case) -> None:
    """Over the partner's own starts, whatever unknown keys come in between; and told again, the more there are."""
    case.platform.signer = None
    case.doubted()
    case.size += 1
    case.doubted()
    case.start(1)
    case.platform.signer = NEW_KEY
    case.doubted()
    case.platform.signer = None
    for times in (2, 3):
        case.size += 1
        (found,) = case.visit()
        assert f"as in {times} answers before" in found.detail
    case.platform.signer = LOG
    for _ in range(GROWTHS - 1):
        case.size += 1
        assert case.visit() == []
    case.size += 1
    (found,) = case.visit()  # the key that was doubted
    assert "as in" not in found.detail


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


def test_an_odd_answer_to_one_keeps_none_of_the_others(case: Case) -> None:
    case.start(3)
    case.visit()
    case.platform.odd = (0, 2)
    before = case.platform.size
    with pytest.raises(Odd) as odd:
        case.visit()
    first, second, third = (one.viewer for one in case.platform.records if isinstance(one, Viewer))
    # As they are visited: by the names of their files.
    assert sorted(str(odd.value).split("; ")) == sorted(f"an odd answer to {one}" for one in (first, third))
    later = case.platform.records[before:]
    assert {one.viewer for one in later} == {second}  # type: ignore[attr-defined]
    assert any(isinstance(one, Page) for one in later)


def test_who_is_not_answered_keeps_the_others_away_in_some_rounds_alone(case: Case) -> None:
    case.start(3)
    case.visit()
    first, *others = (one.viewer for one in case.platform.records if isinstance(one, Viewer))
    case.platform.unanswered = (0,)
    before = case.platform.size
    for _ in range(6):
        with pytest.raises(Unanswered, match=f"no answer to {first}"):
            case.visit()
    later = [one.viewer for one in case.platform.records[before:] if isinstance(one, Page)]
    assert set(later) == set(others)


def test_an_odd_answer_is_told_beside_one_that_never_came(case: Case) -> None:
    case.start(3)
    case.visit()
    case.platform.odd, case.platform.unanswered = (0, 1), (2,)
    told = set()
    for _ in range(6):
        with pytest.raises(Unanswered) as error:
            case.visit()
        told.add(str(error.value).count("an odd answer to"))
    assert 2 in told
