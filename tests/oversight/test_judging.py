"""What records prove by themselves: nothing about honest ones, and each thing that cannot be."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from msgspec.structs import replace

from plainview.feed.configuration import DEFAULT, Manifest
from plainview.keys.client_viewer import ClientViewer
from plainview.moderation.rules.pack import name_of, read_pack
from plainview.oversight.judging import judge as judge_with
from plainview.platform.releases import installed_policies
from plainview.records import UNSIGNED, Charter, Epoch, Event, Page, Record, Release, Setting, Tally, Viewer, encode
from plainview.records.digests import epoch_digest
from plainview.records.fields import DASHES, to_bytes, to_text
from tests.ledger.chartered import CHARTER, QUORUM, note_of
from tests.platform.signing import of_viewer
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
    made = EXAMPLES["event"]
    assert isinstance(made, Event)
    return replace(made, viewer=viewer)


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
