"""What records prove by themselves: nothing about honest ones, and each thing that cannot be."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from msgspec.structs import replace

from plainview.feed.configuration import DEFAULT, Manifest
from plainview.keys.client_viewer import ClientViewer
from plainview.ledger.acts import AnyAct
from plainview.ledger.scopes import MILLION, Scope
from plainview.moderation.rules.pack import name_of, read_pack
from plainview.oversight.judging import judge as judge_with
from plainview.platform.releases import installed_policies
from plainview.records import (
    UNSIGNED,
    Act,
    Charter,
    Epoch,
    Event,
    Page,
    Record,
    Release,
    Setting,
    Tally,
    Viewer,
    encode,
)
from plainview.records.digests import epoch_digest
from plainview.records.fields import DASHES, to_bytes, to_text
from tests.ledger.chartered import CHARTER, QUORUM, note_of
from tests.ledger.licensed import (
    ALL,
    DAY,
    HOUR,
    START,
    approval,
    emergency,
    extension,
    licence,
    revocation,
    signed,
    submission,
)
from tests.platform.signing import of_name, of_viewer, session
from tests.records.decisions import restricting
from tests.records.examples import EXAMPLES, TIME, digest, token

POLICIES = installed_policies()
MANIFEST = encode(
    Manifest(
        configuration=DEFAULT,
        source=digest(1),
        lock=digest(2),
        parameters=digest(3),
        golden=digest(4),
        ui=digest(6),
        policies=name_of(read_pack(POLICIES)),
        training=None,
        partner=DASHES,
        sealed=DASHES,
    )
).decode()
RELEASE = to_text(hashlib.sha256(MANIFEST.encode()).digest())
AT = 2000


def judge(index: int, records: dict[int, Record]) -> list[str]:
    """Where no leaf tells more than the records."""
    return judge_with(index, records, {})


def epoch(number: int, upto: int, parent: str) -> Epoch:
    made = to_text(epoch_digest(to_bytes(parent), upto, to_bytes(digest(7))))
    return Epoch(time=TIME, epoch=number, upto=upto, parent=parent, delta=digest(7), digest=made, state=DASHES)


FIRST = epoch(2, 900, digest(5))
SECOND = epoch(3, 1200, FIRST.digest)


def page(**changes: Any) -> Page:
    made = EXAMPLES["page"]
    assert isinstance(made, Page)
    return replace(made, **({"release": RELEASE, "epoch_digest": SECOND.digest} | changes))


def event(viewer: int = 5) -> Record:
    """Of a page that is not here."""
    made = EXAMPLES["event"]
    assert isinstance(made, Event)
    return replace(made, viewer=viewer, page=700)


HONEST: dict[int, Record] = {
    0: Charter(time=TIME, note=note_of(CHARTER, *QUORUM).encode().decode()),
    1: Release(time=TIME, name="baseline", digest=RELEASE, manifest=MANIFEST, policies=POLICIES.decode()),
    950: FIRST,
    1098: event(),
    1099: event(viewer=6),
    1205: SECOND,
    AT: page(),
    AT + 50: event(),
}


def test_of_what_is_in_order_nothing_is_said() -> None:
    assert judge(AT, HONEST) == []
    assert judge(1205, HONEST) == []
    assert judge(950, HONEST) == []
    assert judge(1098, HONEST) == []
    assert judge(7, HONEST) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({AT: page(epoch_digest=digest(9))}, "it pins epoch 3 with another digest than record 1205"),
        ({AT: page(now=TIME - 2001)}, "2,001 ms apart, and 2,000 are allowed"),
        ({AT: page(viewer_upto=AT + 1)}, "saw its viewer's records below 2,001, which come after it"),
        ({AT: page(viewer_upto=1098)}, "record 1098, its viewer's own, was acknowledged"),
        ({1500: page()}, "record 1500 is page 1 of the same session, too"),
    ],
)
def test_what_a_page_cannot_be(changes: dict[int, Record], told: str) -> None:
    (said,) = judge(AT, HONEST | changes)
    assert told in said


def test_a_page_on_an_old_epoch() -> None:
    at = 1200 + DEFAULT.max_lag
    assert judge(at, HONEST | {at: page()}) == ["record 2000 is page 1 of the same session, too"]
    moved = {index: record for index, record in HONEST.items() if index != AT}
    assert judge(at, moved | {at: page()}) == []
    assert judge(at + 1, moved | {at + 1: page()}) == [
        f"its epoch lags {DEFAULT.max_lag + 1:,} records, and its release allows {DEFAULT.max_lag:,}"
    ]
    forged = Release(
        time=TIME, name="baseline", digest=RELEASE, manifest=MANIFEST.replace("50000", "50001"), policies=""
    )
    assert judge(at + 1, moved | {at + 1: page(), 1: forged}) == []  # no manifest of that release


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({1205: replace(SECOND, digest=digest(9))}, "its digest is not that of its parent, upto and delta"),
        ({1205: epoch(3, 1206, FIRST.digest)}, "folded in records below 1,206, which come after it"),
        ({1205: epoch(3, 1200, digest(9))}, "its parent is not the digest of record 950"),
    ],
)
def test_what_an_epoch_cannot_be(changes: dict[int, Record], told: str) -> None:
    (said,) = judge(1205, HONEST | changes)
    assert told in said


def test_a_charter_that_cannot_be_read_bounds_nothing() -> None:
    late = HONEST | {AT: page(now=TIME - 9000)}
    assert len(judge(AT, late)) == 1
    assert judge(AT, late | {0: Charter(time=TIME, note="thesis")}) == []


def test_a_decision_beyond_the_policies_that_it_names() -> None:
    within, beyond = restricting(1, 5), replace(restricting(1, 5), policy="because")
    assert judge(AT, HONEST | {AT: within}) == []
    (said,) = judge(AT, HONEST | {AT: beyond})
    assert said == (
        "by the policies of record 1, which it names, it may not be: version 1 of the policies has no policy because"
    )
    assert judge(AT, {AT: beyond}) == []  # no release is here
    assert judge(AT, HONEST | {AT: replace(beyond, pack=digest(9))}) == []  # nor the one that has them


EVERYWHERE = restricting(1, 5, *DEFAULT.regions)
"""By local law, in every region of the release."""


def test_by_regions_only_where_no_other_release_can_have_come_between() -> None:
    """One with the same policies could name more: whoever files a finding could leave it out."""
    for made, said in ((EVERYWHERE, "which is everybody"), (restricting(1, 5, "AT"), "it names AT")):
        assert judge(AT, HONEST | {AT: made}) == []
        for between, told in (("personal", 1), ("release", 0)):
            kinds = dict.fromkeys(range(2, AT), "personal") | {1234: between}
            found = judge_with(AT, HONEST | {AT: made}, kinds)
            assert len(found) == told
            assert all(said in one for one in found)
    assert judge(2, HONEST | {2: restricting(1, 5, "DE")}) == []
    assert len(judge(2, HONEST | {2: EVERYWHERE})) == 1
    assert judge(0, HONEST | {0: EVERYWHERE}) == []  # a release that came later


def test_a_later_release_with_other_policies_changes_nothing_of_it() -> None:
    """Or whoever files a finding could leave out the one that matters."""
    unread = Release(time=TIME, name="baseline", digest=RELEASE, manifest=MANIFEST, policies="")
    beyond = replace(restricting(1, 5), policy="because")
    assert len(judge(AT, HONEST | {AT: beyond, 1500: unread})) == 1
    assert judge(AT, {AT: beyond, 1500: unread}) == []


def tally(first: int, upto: int, **fields: Any) -> Tally:
    nothing = {"served": 0, "repeated": 0, "refused": 0, "closed": 0, "failed": 0, "rankings": 0, "thrown": ()}
    return Tally(time=TIME, first=first, upto=upto, lost=False, **(nothing | fields))


LEAVES = {7: "personal", 8: "page", 9: "epoch", 10: "page", 11: "page"}


@pytest.mark.parametrize(
    ("told", "kinds", "said"),
    [
        (tally(8, 11, served=2, rankings=2), LEAVES, []),
        (tally(8, 11, served=3, rankings=3), LEAVES, ["3 requests were answered", "3 rankings are counted"]),
        (tally(8, 11, served=2, rankings=3, thrown=(("stale", 1),)), LEAVES, []),
        (tally(8, 11, served=2, rankings=3), LEAVES, ["3 rankings are counted, 0 that made no page"]),
        (tally(8, 12, served=9), {at: kind for at, kind in LEAVES.items() if at != 9}, []),  # it may be a page
        (tally(8, 13, served=9), LEAVES, []),
        (tally(8, 2**53 - 1, served=9), LEAVES, ["its range begins at record 8 and ends at 9,007"]),
        (tally(8, 8, served=0), LEAVES, ["its range begins at record 8 and ends at 8"]),
    ],
)
def test_what_a_tally_cannot_count(told: Tally, kinds: dict[int, str], said: list[str]) -> None:
    found = judge_with(20, {20: told}, kinds)
    assert len(found) == len(said), found
    assert all(part in one for part, one in zip(said, found, strict=True))


def test_ranges_that_overlap() -> None:
    (said,) = judge(20, {12: tally(3, 9), 20: tally(8, 11)})
    assert "begins at record 8, and that of record 12, before it, ends behind that" in said
    assert judge(20, {12: tally(3, 8), 20: tally(8, 11), 30: tally(11, 25)}) == []
    assert judge(20, {12: tally(3, 7), 20: tally(8, 11)}) == []  # another may lie between


OWN, OTHER = of_viewer(5), ClientViewer(5, bytes(32))
TOLD = Viewer(time=TIME, **OWN.told(token(1), "US", "18+", "personal"))
BLOCK = Setting(time=TIME, **OWN.chosen(token(2), "block", 3))
NOT_SIGNED = "the key that its viewer registered by record 7 has not signed it"


@pytest.mark.parametrize(
    "forged",
    [
        replace(BLOCK, target=4),
        Setting(time=TIME, **OTHER.chosen(token(2), "block", 3)),
        Viewer(time=TIME, **OTHER.told(token(3), "US", "18+", "plain")),
        Viewer(time=TIME, viewer=5, region="US", age="18+", mode="plain", **UNSIGNED),
        replace(TOLD, id=token(4)),
    ],
)
def test_what_a_viewers_key_has_not_signed(forged: Setting | Viewer) -> None:
    assert judge(9, {7: TOLD, 9: forged}) == [NOT_SIGNED]
    # Of another viewer, later, without a key or itself forged, a registration says nothing.
    others = (replace(TOLD, viewer=6), replace(TOLD, region="FR"), replace(TOLD, **UNSIGNED))
    assert all(judge(9, {7: other, 9: forged}) == [] for other in others)
    assert judge(9, {11: TOLD, 9: forged}) == []


def test_what_a_viewers_key_has_signed() -> None:
    again = Viewer(time=TIME, **OWN.told(token(3), "DE", "18+", "plain"))
    assert judge(9, {7: TOLD, 8: again, 9: BLOCK}) == []
    assert judge(8, {7: TOLD, 8: again}) == []


SESSION = session()
SHOWN = page(session=SESSION, grounds=())
VIDEO = SHOWN.items[1].video
SAID: dict[str, Any] = {
    "viewer": SHOWN.viewer,
    "id": token(4),
    "page": AT,
    "position": 1,
    "video": VIDEO,
    "action": "view",
    "watched": 9,
    "at": TIME,
}
DONE = Event(time=TIME, creator=3, **of_name(SESSION).signed(SAID))


def test_what_a_viewer_did_on_a_page() -> None:
    assert judge(AT + 9, {AT: SHOWN, AT + 9: DONE}) == []
    assert judge(AT + 9, {AT + 9: DONE}) == []  # the page is not here
    assert judge_with(AT + 9, {AT + 9: DONE}, {AT: "page"}) == []  # nor opened


@pytest.mark.parametrize(
    ("forged", "said"),
    [
        (replace(DONE, watched=8), "it is not this key's signature of what is said"),
        (replace(DONE, key=digest(9)), "the session of page 2000 is not named after this key"),
        (replace(DONE, viewer=6), "record 2000 is no page of viewer 6 before it"),
        (replace(DONE, page=AT + 9), "record 2009 is no page of viewer 5 before it"),
        (replace(DONE, page=AT + 10), "record 2010 is no page of viewer 5 before it"),
        (replace(DONE, page=7), "record 7 is no page of viewer 5 before it"),
        (replace(DONE, page=8), "record 8 is no page of viewer 5 before it"),
        (replace(DONE, position=29), f"video {VIDEO} is not at position 29 of page 2000"),
        (replace(DONE, video=VIDEO + 1), f"video {VIDEO + 1} is not at position 1 of page 2000"),
    ],
)
def test_what_a_viewer_cannot_have_done(forged: Event, said: str) -> None:
    """Whether the record that it cites is opened, or only its leaf tells that it is no page."""
    shown = {7: TOLD, AT: SHOWN, AT + 9: forged, AT + 10: SHOWN}
    assert judge_with(AT + 9, shown, {8: "personal"}) == [said]


def act(said: AnyAct, *names: str, counts: bool = True) -> Act:
    return Act(time=TIME, note=signed(said, *names).encode().decode(), counts=counts)


def grants(**fields: Any) -> dict[str, Any]:
    """As `approval` takes them: from a day before TIME to a day after it, for everybody."""
    return {
        "release": to_bytes(RELEASE),
        "scope": ALL,
        "begins": TIME - START - DAY,
        "until": TIME - START + DAY,
    } | fields


LICENSED = licence(begins=TIME - START - DAY, until=TIME - START + DAY)
APPROVED = approval(**grants())
ACTS: dict[int, Record] = {0: HONEST[0], 10: act(LICENSED), 11: act(submission(to_bytes(RELEASE))), 15: act(APPROVED)}
RANKED = page(grounds=(10, 11, 15), request=replace(page().request, mode="personal"), wanted="personal")
STOP = act(revocation(to_bytes(RELEASE)), "partner-3")


def stated(changes: dict[int, Record], ranked: Page = RANKED) -> list[str]:
    return judge(AT, ACTS | {AT: ranked} | changes)


def test_a_page_that_acts_let_rank() -> None:
    assert stated({}) == []
    again = approval(**grants(seen=20))
    # Stopped before, later, by nobody who may, another release, or by what does not count: it is not stopped.
    assert stated({12: STOP}) == stated({AT + 1: STOP}) == []
    assert stated({20: act(revocation(to_bytes(RELEASE)), "auditor")}) == []
    assert stated({20: act(revocation(to_bytes(digest(9))), "partner-3")}) == []
    assert stated({20: replace(STOP, counts=False)}) == []
    # Let rank again: then it names the later one.
    assert stated({20: STOP, 25: act(again)}, replace(RANKED, grounds=(10, 11, 25))) == []


def test_a_page_after_its_release_was_revoked() -> None:
    """Whatever was approved later: it does not name that."""
    why = "by what it names that does not hold: ended by the revocation of record 20"
    said = f"it rests on the approval of record 15, and {why}"
    assert stated({20: STOP}) == stated({20: STOP, 25: act(approval(**grants(seen=20)))}) == [said]
    urgent = act(emergency(**grants()))
    (told,) = stated({15: urgent, 20: STOP})
    assert "the emergency of record 15" in told
    # Whatever else it names: an act that nobody can read, or one that is not shown.
    junk = Act(time=TIME, note="junk", counts=True)
    assert stated({20: STOP, 14: junk}, replace(RANKED, grounds=(10, 11, 14, 15))) == [said]
    assert stated({20: STOP}, replace(RANKED, grounds=(10, 11, 14, 15))) == [said]
    assert stated({14: junk}, replace(RANKED, grounds=(10, 11, 14, 15))) == []


@pytest.mark.parametrize(
    ("changes", "grounds", "said"),
    [
        ({}, (), "it is personal, and rests on no approval and no emergency of its release"),
        ({}, (10, 11), "it is personal, and rests on no approval and no emergency of its release"),
        ({15: act(approval(**grants(release=to_bytes(digest(9)))))}, (10, 11, 15), "no approval and no emergency"),
        ({}, (10, 15, AT), "it rests on record 2,000, which comes after it"),
        ({12: TOLD}, (10, 12, 15), "it rests on record 12, which is no act that counts"),
        ({15: act(APPROVED, counts=False)}, (10, 11, 15), "it rests on record 15, which is no act that counts"),
        ({15: act(approval(**grants(until=TIME - START)))}, (10, 11, 15), "does not hold: ran out at"),
        ({15: act(approval(**grants(begins=TIME - START + 1)))}, (10, 11, 15), "does not hold: holds only from"),
        ({15: act(approval(**grants(scope=Scope(("ZA",), None, MILLION))))}, (10, 11, 15), "not for region"),
        ({15: act(approval(**grants(scope=Scope(None, None, 1))))}, (10, 11, 15), "for draws below 1 of 1000000"),
        ({10: act(licence(begins=TIME - START - DAY, until=TIME - START))}, (10, 11, 15), "its licence 1 ended at"),
        ({}, (11, 15), "there is no licence 1"),
    ],
)
def test_grounds_that_let_nothing_rank(changes: dict[int, Record], grounds: tuple[int, ...], said: str) -> None:
    (told,) = stated(changes, replace(RANKED, grounds=grounds))
    assert said in told


def test_what_was_extended_holds_for_as_long_as_that_says() -> None:
    ended = approval(**grants(until=TIME - START))
    longer = act(extension(ended, TIME - START + HOUR))
    assert stated({15: act(ended), 17: longer}, replace(RANKED, grounds=(10, 11, 15, 17))) == []
    assert len(stated({15: act(ended), 17: longer})) == 1  # it would name that, too
    assert stated({15: act(ended)}, replace(RANKED, grounds=(10, 11, 15, 17))) == []  # not shown, and may be one


def test_what_is_not_opened_may_be_anything_but_no_act() -> None:
    ranked, without = {AT: RANKED}, {at: record for at, record in ACTS.items() if at != 15}
    assert judge_with(AT, without | ranked, {15: "act"}) == judge_with(AT, without | ranked, {}) == []
    assert judge_with(AT, without | ranked, {15: "personal"}) == ["it rests on record 15, which is no act that counts"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"wanted": "plain"}, "the page is personal, and a plain one was wanted"),
        ({"request": replace(RANKED.request, mode="plain")}, "a plain page rests on no acts"),
    ],
)
def test_grounds_that_do_not_go_with_the_page(fields: dict[str, Any], said: str) -> None:
    assert stated({20: STOP} if "request" in fields else {}, replace(RANKED, **fields)) == [said]
