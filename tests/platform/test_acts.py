"""Acts as parties submit them: what counts, what does not, and what is sent again."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from plainview.journal import Draft, Refused
from plainview.ledger.standing import Allowed
from plainview.platform.acts import LIMIT, Acts, NewAct, Taken
from plainview.platform.application import Application
from plainview.platform.faults import Fault
from plainview.records import Act, Order
from plainview.records.charter import NOTE
from plainview.replay.judged import Judged
from tests.platform.forging import execute, forge
from tests.platform.homes import amendment, begun
from tests.platform.parties import DAY, GOLDEN, RELEASE, Parties
from tests.platform.towns import SLOW, now, open_town
from tests.replay.replays import replayed


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def town(home: Path) -> Iterator[Application]:
    """Without a licence."""
    begun(home, licensed=False)
    with open_town(home, cadence=SLOW) as application:
        yield application


@pytest.fixture
def parties(town: Application, home: Path) -> Parties:
    return Parties(home)


def may_rank(judged: Judged) -> bool:
    return isinstance(judged.last.may_rank(RELEASE, "US", 0, 0, now()), Allowed)


def told(town: Application, start: int = 0, limit: int = LIMIT) -> list[tuple[int, str]]:
    """The acts that are shown, by index, and why they do not count."""
    return [(entry.index, reason) for entry, reason in town.acts.some(start, limit)[0]]


def test_an_approval_lets_a_release_rank(town: Application, parties: Parties) -> None:
    taken = [town.acts.submit(act) for act in parties.history()]
    assert [(one.fresh, one.reason) for one in taken] == [(True, "")] * 6
    assert [one.index for one in taken] == sorted({one.index for one in taken})
    assert may_rank(Judged.of(town.journal))
    assert told(town) == [(one.index, "") for one in taken]


def test_what_is_out_of_order_is_journaled_and_changes_nothing(town: Application, parties: Parties) -> None:
    early = town.acts.submit(parties.signed(parties.approval(), "partner"))
    assert early.reason == "approval: there is no licence 1"
    record = town.journal.entry(early.index).record
    assert isinstance(record, Act)
    assert not record.counts
    for act in parties.history()[:-1]:
        assert not town.acts.submit(act).reason
    # The same note: what it was too early for has come.
    taken = town.acts.submit(parties.signed(parties.approval(), "partner"))
    assert taken == Taken(town.journal.size - 1, True, "")
    assert [reason for _, reason in told(town)] == ["approval: there is no licence 1", *[""] * 6]


def test_a_backdated_act_does_not_count(town: Application, parties: Parties) -> None:
    taken = town.acts.submit(parties.signed(parties.licence(begins=-DAY), "licensor", "operator"))
    assert "it is backdated" in taken.reason


def test_sent_again_it_counts_once(town: Application, parties: Parties) -> None:
    licence = parties.signed(parties.licence(), "licensor", "operator")
    first = town.acts.submit(licence)
    size = town.journal.size
    assert town.acts.submit(licence) == Taken(first.index, False, "")
    assert town.journal.size == size
    assert town.acts.submit(parties.signed(parties.licence(), "operator", "licensor")) == Taken(first.index, False, "")
    assert town.journal.size == size


def test_what_does_not_count_is_taken_down_once_until_it_does(town: Application, parties: Parties, home: Path) -> None:
    early = parties.signed(parties.submission(), "licensor")
    first = town.acts.submit(early)
    assert (first.fresh, first.reason) == (True, "submission: there is no licence 1")
    size = town.journal.size
    assert town.acts.submit(early) == Taken(first.index, False, first.reason)
    assert town.journal.size == size
    short = parties.signed(parties.licence(), "licensor")
    lacking = town.acts.submit(short)
    assert "signatures are missing" in lacking.reason
    town.acts.submit(parties.signed(parties.licence(), "licensor", "operator"))
    # Its reason would be another by now; what is told is the record that is there.
    assert town.acts.submit(short) == Taken(lacking.index, False, lacking.reason)
    counting = town.acts.submit(early)
    assert counting == Taken(town.journal.size - 1, True, "")
    # It would not count a second time, and does count.
    assert town.acts.submit(early) == Taken(counting.index, False, "")
    reasons = [first.reason, lacking.reason, "", ""]
    assert [reason for _, reason in told(town)] == reasons
    town.close()
    with open_town(home, cadence=SLOW) as again:
        assert again.acts.submit(short) == Taken(lacking.index, False, lacking.reason)
        assert again.acts.submit(early) == Taken(counting.index, False, "")
    assert replayed(home).differing == ()


def test_an_operator_who_takes_it_down_again_is_found_out(town: Application, parties: Parties, home: Path) -> None:
    acts = [parties.signed(parties.submission(release), "licensor") for release in (RELEASE, GOLDEN)]
    first, second = [town.acts.submit(act).index for act in acts]
    town.close()
    execute(home, "DROP INDEX records_key")
    forge(home, second, note=acts[0].note)
    (finding,) = replayed(home).differing
    assert (finding.index, finding.stage) == (second, "bounds: act")
    assert "taken down before as one that does not count" in finding.detail
    assert first < second


def test_signatures_of_strangers_make_no_other_act(town: Application, parties: Parties) -> None:
    note = parties.signed(parties.licence(), "licensor", "operator").note
    lines = note.splitlines(keepends=True)
    stranger = lines[-1].replace(f"{parties.origin}/operator", "stranger.example")
    for added in (stranger, lines[-1]):
        with pytest.raises(Fault, match="others than parties, or by one twice"):
            town.acts.submit(NewAct(note + added))


def test_two_at_once_count_once(town: Application, parties: Parties) -> None:
    licence = parties.signed(parties.licence(), "licensor", "operator")
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(town.acts.submit, [licence] * 8))
    assert {(one.index, one.reason) for one in taken} == {(taken[0].index, "")}
    assert sum(one.fresh for one in taken) == 1
    assert told(town) == [(taken[0].index, "")]
    assert len(Judged.of(town.journal).last.licences) == 1


@pytest.mark.parametrize(
    ("change", "code", "told"),
    [
        (lambda note: note.replace("act licence", "act lease"), "malformed", "note: act, line 2: 'lease' is none of"),
        (lambda note: note.split("\n\n")[0], "malformed", "note"),
        (lambda note: note.replace("number 1", "number 2"), "malformed", "does not verify"),
        (lambda note: note + "x" * NOTE, "malformed", "at most 15,000"),
        (lambda note: note + "\ud800", "malformed", "note"),
        (lambda note: "", "malformed", "note"),
    ],
)
def test_what_is_no_signed_act_leaves_no_trace(
    town: Application, parties: Parties, change: object, code: str, told: str
) -> None:
    size = town.journal.size
    note = parties.signed(parties.licence(), "licensor", "operator").note
    with pytest.raises(Fault) as caught:
        town.acts.submit(NewAct(change(note)))  # type: ignore[operator]
    assert (caught.value.code, caught.value.field) == (code, "note")
    assert told in caught.value.message
    assert town.journal.size == size


def test_strangers_leave_no_trace(town: Application, parties: Parties, tmp_path: Path) -> None:
    with open_town(tmp_path / "other" / "home"):
        stranger = Parties(tmp_path / "other" / "home")
    size = town.journal.size
    with pytest.raises(Fault, match="no party of charter 0 has signed it") as caught:
        town.acts.submit(NewAct(stranger.note(parties.licence().text(), "licensor", "operator")))
    assert caught.value.code == "foreign_act"
    assert town.journal.size == size


def test_the_fence_takes_no_act_for_what_it_is_not(town: Application, parties: Parties) -> None:
    notes = {"": parties.history()[0].note, "approval: there is no licence 1": parties.history()[-1].note}
    for reason, note in notes.items():
        (outcome,) = town.journal.append([Draft(Act(time=0, note=note, counts=bool(reason)))])
        assert outcome == Refused(reason or "it counts here", "act")


@pytest.mark.parametrize("spoil", ["a signature", "the text", "a charter"])
def test_the_fence_takes_nothing_down_that_was_never_handed_in(town: Application, parties: Parties, spoil: str) -> None:
    """A revocation that somebody spoils would otherwise be there, and not count."""
    for act in parties.history():
        town.acts.submit(act)
    note = parties.signed(parties.revocation(seen=town.journal.size), "partner").note
    *_, signature = note.splitlines(keepends=True)
    spoilt = {
        "a signature": note + signature[:-10] + "AAAAA" + signature[-5:],
        "the text": note.replace("act revocation", "act evocation"),
        "a charter": amendment(town.home.path).encode().decode(),
    }[spoil]
    for counts in (False, True):
        (outcome,) = town.journal.append([Draft(Act(time=0, note=spoilt, counts=counts))])
        assert isinstance(outcome, Refused)
        assert outcome.code == "act"
        assert may_rank(Judged.of(town.journal))


def test_what_stands_is_there_after_a_start(town: Application, home: Path, parties: Parties) -> None:
    history = parties.history()
    for act in history[:3]:
        town.acts.submit(act)
    town.close()
    with open_town(home, cadence=SLOW) as again:
        assert again.acts.submit(history[0]).fresh is False
        for act in history[3:]:
            assert not again.acts.submit(act).reason
        assert may_rank(Judged.of(again.journal))


def test_acts_are_shown_a_page_at_a_time(
    town: Application, home: Path, parties: Parties, monkeypatch: pytest.MonkeyPatch
) -> None:
    for act in (*parties.history()[::-1], *parties.history()):
        town.acts.submit(act)
    whole = told(town)
    assert [bool(reason) for _, reason in whole] == [True] * 5 + [False] * 6

    def pages(acts: Acts, start: int) -> list[tuple[int, str]]:
        shown: list[tuple[int, str]] = []
        following: int | None = start
        while following is not None:
            found, following = acts.some(following, 3)
            assert len(found) == 3 or following is None
            shown += [(entry.index, reason) for entry, reason in found]
        return shown

    town.close()
    with open_town(home, cadence=SLOW) as again:
        # They were judged as they came; whoever looks at them waits for nobody's signatures to be checked.
        monkeypatch.setattr(Judged, "why_not", None)
        assert pages(town.acts, 0) == pages(again.acts, 0) == whole
        assert pages(again.acts, whole[3][0]) == whole[3:]
        assert pages(again.acts, whole[3][0] + 1) == whole[4:]
        assert again.acts.some(whole[-1][0] + 1, 3) == ([], None)


def test_a_judge_that_others_overtake_is_asked_again(
    town: Application, parties: Parties, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its judgement and its place another act comes in, as two parties at once may have it."""
    history = parties.history()
    draft, other = Judged.draft, Acts(town.journal, now)

    def overtaken(self: Judged, index: int, time: int, note: str) -> Act | Order:
        drafted = draft(self, index, time, note)
        if note == history[1].note and drafted == Act(time=0, note=note, counts=False):
            other.submit(history[0])
        return drafted

    monkeypatch.setattr(Judged, "draft", overtaken)
    assert not town.acts.submit(history[1]).reason
    assert [reason for _, reason in told(town)] == ["", ""]


def test_who_is_overtaken_by_the_same_act_is_told_that_it_counts(
    town: Application, parties: Parties, monkeypatch: pytest.MonkeyPatch
) -> None:
    licence, other, sent = parties.history()[0], Acts(town.journal, now), list[Taken]()

    def overtaken() -> int:
        sent.append(other.submit(licence))
        return now()

    monkeypatch.setattr(town.acts, "_clock", overtaken)
    assert town.acts.submit(licence) == Taken(sent[0].index, False, "")
    assert told(town) == [(sent[0].index, "")]
