"""The gate: nothing ranks unless it was approved, at each index and for each request; else the baseline is served."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from plainview.journal import Draft, Refused
from plainview.ledger.charters import digest_text
from plainview.ledger.scopes import Scope
from plainview.platform.application import Application
from plainview.platform.faults import Fault
from plainview.platform.releases import installed_digest
from plainview.platform.serving import Served
from plainview.records import Act, Page, Setting
from plainview.records.digests import traffic_draw
from plainview.records.fields import to_bytes
from plainview.replay.judged import Judged
from tests.platform.forging import copied, forge
from tests.platform.homes import begun
from tests.platform.parties import DAY, Parties
from tests.platform.towns import ask, event, now, open_town, page_of, populate, raw, token
from tests.replay.replays import replayed

INSTALLED = to_bytes(installed_digest())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    begun(tmp_path / "home", licensed=False)
    return tmp_path / "home"


@pytest.fixture
def time() -> list[int]:
    """Milliseconds that the clock is fast."""
    return [0]


@pytest.fixture
def town(home: Path, time: list[int]) -> Iterator[Application]:
    """Without a licence."""

    def fast() -> int:
        return now() + time[0]

    with open_town(home, clock=fast) as application:
        application.journal._clock = fast
        populate(application)
        yield application


@pytest.fixture
def parties(town: Application) -> Parties:
    return Parties(town.home.path)


def approved(town: Application, parties: Parties, *acts: object) -> None:
    for act in parties.history(INSTALLED)[: 5 if acts else 6]:
        assert not town.acts.submit(act).reason
    for act in acts:
        assert not town.acts.submit(parties.signed(act, "partner")).reason  # type: ignore[arg-type]


def shown(town: Application, **fields: object) -> tuple[str, tuple[int, ...], str]:
    """What a page is, what it rests on, and what is said of it."""
    served = town.serving.page(ask(**fields))  # type: ignore[arg-type]
    page = served.entry.record
    assert isinstance(page, Page)
    return page.request.mode, page.grounds, town.serving.baseline(served.entry)


def test_without_an_approval_the_baseline_is_served(town: Application) -> None:
    mode, grounds, why = shown(town)
    assert (mode, grounds) == ("plain", ())
    assert why == f"release {installed_digest()} was not submitted"
    assert shown(town, mode="plain") == ("plain", (), "")
    assert town.trouble == f"everybody is served the baseline: {why}"


def test_a_session_goes_on_in_the_baselines_list(town: Application, home: Path, parties: Parties) -> None:
    session = token()
    pages = [page_of(town, session=session, n=n)[1] for n in range(3)]
    assert len({item.video for page in pages for item in page.items}) == sum(len(page.items) for page in pages)
    assert {page.pinned for page in pages} == {pages[0].epoch}
    assert [page.cursor for page in pages] == sorted({page.cursor for page in pages})
    approved(town, parties)
    personal = page_of(town, session=session, n=3)[1]
    assert (personal.request.mode, personal.cursor) == ("personal", 0)
    town.acts.submit(parties.signed(parties.revocation(INSTALLED, town.journal.size), "partner"))
    again = page_of(town, session=session, n=4)[1]
    assert (again.request.mode, again.pinned) == ("plain", again.epoch)
    town.close()
    report = replayed(home)
    assert (report.identical, report.differing) == (5, ())


def test_an_approval_lets_pages_be_personal_from_its_index_on(town: Application, parties: Parties) -> None:
    session = token()
    before, page = page_of(town, session=session)
    assert (page.wanted, page.request.mode) == ("personal", "plain")
    approved(town, parties)
    acts = [entry.index for entry in town.journal.of_kind("act")]
    after, page = page_of(town, session=session, n=1)
    assert (page.wanted, page.request.mode, page.grounds) == ("personal", "personal", tuple(acts))
    # The one before stays what it was, and why.
    again = town.serving.page(ask(session=session))
    assert (again.entry.index, again.fresh) == (before, False)
    assert town.serving.baseline(again.entry) == f"release {installed_digest()} was not submitted"
    for index in (before, after):
        assert town.pages.explain(index).identical


def test_a_revocation_stops_the_next_page(town: Application, parties: Parties) -> None:
    approved(town, parties)
    assert shown(town)[0] == "personal"
    assert town.trouble == ""
    seen = town.journal.size
    stop = town.acts.submit(parties.signed(parties.revocation(INSTALLED, seen), "partner"))
    mode, grounds, why = shown(town)
    assert (mode, grounds) == ("plain", ())
    assert f"ended by the revocation at index {stop.index}" in why
    assert town.trouble == f"everybody is served the baseline: {why}"
    town.close()
    with open_town(town.home.path) as again:
        assert shown(again) == (mode, grounds, why)


def test_a_revoked_release_ranks_again_by_a_new_approval(town: Application, parties: Parties) -> None:
    approved(town, parties)
    stop = town.acts.submit(parties.signed(parties.revocation(INSTALLED, town.journal.size), "partner"))
    # By somebody who has read of it.
    assert not town.acts.submit(parties.signed(parties.approval(INSTALLED, seen=stop.index + 1), "partner")).reason
    assert shown(town)[0] == "personal"


def test_an_approval_runs_out_by_itself(town: Application, parties: Parties, time: list[int]) -> None:
    approved(town, parties, parties.approval(INSTALLED, until=DAY))
    assert shown(town)[0] == "personal"
    time[0] = DAY - 60_000
    assert shown(town)[0] == "personal"
    time[0] = DAY + 60_000
    mode, _, why = shown(town)
    assert mode == "plain"
    assert "ran out at" in why


def test_an_approval_holds_where_it_says(town: Application, parties: Parties) -> None:
    approved(town, parties, parties.approval(INSTALLED, scope=Scope(("DE",), (0,), 500_000)))
    inside, outside = (
        next(one for one in iter(token, "") if (traffic_draw(to_bytes(one)) < 500_000) is within)
        for within in (True, False)
    )
    assert shown(town, session=inside, region="DE")[0] == "personal"
    for fields, why in (
        ({"session": outside, "region": "DE"}, "for draws below 500000 of 1000000"),
        ({"region": "US"}, "not for region 'US'"),
        ({"region": "DE", "surface": 1}, "not for surface 1"),
    ):
        mode, _, said = shown(town, **({"session": token()} | fields))
        assert mode == "plain"
        assert why in said
    assert town.trouble == ""  # somebody's pages are ranked


def test_two_ways_to_one_page_are_one_draw() -> None:
    assert 0 <= traffic_draw(bytes(16)) < 1_000_000
    draws = [traffic_draw(place.to_bytes(16, "big")) for place in range(4_000)]
    assert len(set(draws)) > 3_950
    assert 0.46 < sum(one < 500_000 for one in draws) / 4_000 < 0.54
    with pytest.raises(ValueError, match="16 bytes"):
        traffic_draw(bytes(15))


def test_a_page_that_is_overtaken_by_a_revocation_is_made_again(
    town: Application, parties: Parties, monkeypatch: pytest.MonkeyPatch
) -> None:
    approved(town, parties)
    attempt, stop = town.serving._append, parties.signed(parties.revocation(INSTALLED, town.journal.size), "partner")
    sent: list[int] = []

    def overtaken(page: Page) -> Served | tuple[str, str]:
        if not sent:
            sent.append(town.acts.submit(stop).index)
        return attempt(page)

    monkeypatch.setattr(town.serving, "_append", overtaken)
    mode, _, why = shown(town)
    assert mode == "plain"
    assert f"ended by the revocation at index {sent[0]}" in why


def lying(town: Application, home: Path, monkeypatch: pytest.MonkeyPatch, lie: object) -> list[str]:
    """What replay finds where the operator patched its server."""
    with monkeypatch.context() as patched:
        for name, value in lie.items():  # type: ignore[attr-defined]
            patched.setattr(Judged, name, value)
        page_of(town)
    town.close()
    return [str(finding) for finding in replayed(home).differing]


def test_an_operator_who_ranks_without_an_approval_is_found_out(
    town: Application, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acts = [entry.index for entry in town.journal.of_kind("act")]
    lies = {"grounds": lambda *_, **__: tuple(acts), "may_rank": lambda *_: tuple(acts)}
    (finding,) = lying(town, home, monkeypatch, lies)
    assert f"release {installed_digest()} was not submitted" in finding
    assert "licence" in finding


def test_an_operator_who_withholds_what_is_approved_is_found_out(
    town: Application, home: Path, parties: Parties, monkeypatch: pytest.MonkeyPatch
) -> None:
    approved(town, parties)
    lies = {"grounds": lambda *_, **__: "no", "may_rank": lambda *_: "no"}
    (finding,) = lying(town, home, monkeypatch, lies)
    assert "and the page is plain" in finding


def test_an_operator_who_swallows_a_revocation_is_found_out(
    town: Application, home: Path, parties: Parties, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken down as one that does not count, or judged by nobody."""
    approved(town, parties)
    stop = parties.signed(parties.revocation(INSTALLED, town.journal.size), "partner").note
    with monkeypatch.context() as patched:
        patched.setattr(Judged, "check", lambda *_: "")
        town.journal.append([Draft(Act(time=0, note=stop, counts=False))])
        index, page = page_of(town)
    assert page.request.mode == "personal"
    town.close()
    findings = [str(finding) for finding in replayed(home).differing]
    assert "it counts here" in findings[0]
    assert digest_text(INSTALLED) == page.release
    assert index


def test_an_operator_who_lets_count_what_does_not_is_found_out(
    town: Application, home: Path, parties: Parties, monkeypatch: pytest.MonkeyPatch
) -> None:
    approval = parties.signed(parties.approval(INSTALLED), "partner").note
    with monkeypatch.context() as patched:
        patched.setattr(Judged, "check", lambda *_: "")
        patched.setattr(Judged, "observe", lambda *_: None)
        town.journal.append([Draft(Act(time=0, note=approval, counts=True))])
    town.close()
    (finding,) = replayed(home).differing
    assert finding.stage == "bounds: act"
    assert "approval: there is no licence 1" in str(finding)


def test_once_the_licence_has_ended_nobody_is_served(
    town: Application, parties: Parties, time: list[int], home: Path
) -> None:
    approved(town, parties)
    index, page = page_of(town)
    assert not town.acts.submit(parties.order(1, 5, until=now() + 60 * DAY)).reason
    end = parties.licence().until
    time[0] += 30 * DAY
    with pytest.raises(Fault) as refused:
        town.check_open()
    assert refused.value.code == "closed"
    assert town.trouble.startswith("nobody is served: the licence ended at ")
    served = [
        Draft(msgspec.structs.replace(page, time=0, n=1, session=token(), now=now() + time[0])),
        Draft(Setting(time=0, viewer=1, id=token(), setting="block", target=100, signature="A" * 86)),
    ]
    codes = {outcome.code for outcome in town.journal.append(served) if isinstance(outcome, Refused)}
    assert codes == {"closed"}
    (taken,) = town.events.take(raw(event(index, page, at=now() + time[0])))
    assert taken.fault is not None
    assert "the licence ended at" in taken.fault.message
    # Nothing more is ordered, and what was can be ended.
    later = {"begins": now() + time[0], "until": now() + time[0] + DAY}
    assert town.acts.submit(parties.order(2, 5, **later)).reason.startswith("order: the licence ended at ")
    assert not town.acts.submit(parties.order_end(1)).reason
    # Acts are still taken down: another licence opens it again.
    again = Parties(home, number=2)
    again.now += time[0] + DAY
    assert not town.acts.submit(again.signed(again.licence(), "licensor", "operator")).reason
    town.check_open()
    town.close()
    report = replayed(home)
    assert (report.identical, report.differing) == (1, ())
    forged = copied(home, home.with_name("forged"))
    forge(forged, index, time=end)
    assert "bounds: closed" in {found.stage for found in replayed(forged).differing if found.index == index}
