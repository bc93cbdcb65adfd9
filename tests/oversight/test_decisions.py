"""Decisions of a log, held against the policies in force where they stand, by whoever has its entries."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from plainview.ledger.errors import ProofError
from plainview.ledger.notes import Note
from plainview.ledger.standing import Standing
from plainview.ledger.standings import Standings
from plainview.moderation.rules.pack import Pack
from plainview.oversight.decisions import Deciding
from plainview.records import Decision, Release
from plainview.records.fields import to_bytes
from plainview.records.leaf import public_leaf
from tests.journal.drafts import approved
from tests.ledger.chartered import CHARTER, QUORUM, note_of
from tests.ledger.licensed import DAY, START, approval, build, licence, result, signed, submission, taken
from tests.moderation.rules.packs import PACK, REGIONS, decision
from tests.records.decisions import lifting


def release(pack: Pack = PACK) -> Release:
    made = approved(pack=pack).record
    assert isinstance(made, Release)
    return made


RELEASE = release()
OTHER = release(replace(PACK, version=4))
FORGED = replace(OTHER, digest=RELEASE.digest)
AGAIN = release(replace(PACK, policies=PACK.policies[1:]))
"""With other policies under the number of RELEASE's."""
UNREAD = replace(RELEASE, policies="{}")
GOOD = decision("law", "geo_disabled", ("DE",))


def entry(record: Release | Decision) -> bytes:
    return public_leaf("release" if isinstance(record, Release) else "decision", record)


def take(*records: Release | Decision) -> Deciding:
    log = Deciding()
    for index, record in enumerate(records):
        log.take(index, entry(record), None)
    return log


def chartered(*notes: Note) -> Standing:
    """What these acts lead to, where RELEASE is the charter's baseline."""
    charter = replace(CHARTER, baseline=to_bytes(RELEASE.digest))
    return taken(*notes, after=Standings(note_of(charter, *QUORUM), START)).last


def test_what_is_within_the_policies_in_force_is_counted() -> None:
    sealed = replace(decision("quiet", "removed"), decision=5)
    assert take(RELEASE, GOOD, lifting(4, 7), sealed, lifting(5, 7)).within == 4
    assert take(RELEASE, GOOD, OTHER, lifting(4, 7)).within == 2


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ((GOOD,), "entry 0: decision 4 is not within the policies in force: no policies are in force"),
        (
            (RELEASE, GOOD, OTHER, GOOD),
            "entry 3: decision 4 is not within the policies in force: it is by the policies ",
        ),
        ((UNREAD,), f"entry 0: release {RELEASE.digest}: Pack: "),
        ((RELEASE, FORGED), f"entry 1: release {RELEASE.digest}: its manifest has digest {OTHER.digest}"),
        ((RELEASE, AGAIN), "entry 1: release .* may not take charge: version 3 of the policies is .* in this log"),
        ((RELEASE, OTHER, AGAIN), "entry 2: release .* may not take charge: version 3 of the policies is "),
        ((RELEASE, decision("because", "removed")), "entry 1: .* has no policy because"),
        ((RELEASE, replace(GOOD, pack="A" * 43)), "entry 1: .*it is by the policies AAAA"),
        ((RELEASE, replace(lifting(4, 7), policy="spam")), "entry 1: .*a lift names no policy"),
        ((RELEASE, decision("law", "geo_disabled", ("AT",))), "entry 1: .*it names AT"),
        ((RELEASE, decision("anywhere", "geo_disabled", REGIONS)), "entry 1: .*which is everybody"),
        ((RELEASE, GOOD, GOOD), "entry 2: .*its number is that of one on video 7, and is never used again"),
        ((RELEASE, GOOD, replace(GOOD, video=8)), "entry 2: .*its number is that of one on video 7"),
        ((RELEASE, lifting(4, 7)), "entry 1: .*on video 7, and nobody took one"),
        ((RELEASE, GOOD, lifting(4, 8)), "entry 2: .*on video 8, and nobody took one"),
        (
            (RELEASE, decision("quiet", "removed"), replace(lifting(4, 7), ground="who it was")),
            "entry 2: .*it lifts a decision by a sealed policy: its ground is empty",
        ),
    ],
)
def test_any_other_is_told(records: tuple[Release | Decision, ...], said: str) -> None:
    with pytest.raises(ProofError, match=said):
        take(*records)


@pytest.mark.parametrize("wrong", [UNREAD, FORGED, AGAIN, OTHER], ids=["unread", "forged", "again", "unapproved"])
def test_where_a_release_may_not_take_charge_the_one_before_it_stays(wrong: Release) -> None:
    log, standing = Deciding(), chartered()
    log.take(0, entry(RELEASE), standing)
    with pytest.raises(ProofError, match="entry 1: release "):
        log.take(1, entry(wrong), standing)
    log.take(2, entry(GOOD), standing)
    with pytest.raises(ProofError, match=f"it is by the policies A+, and version 3 is in force, {GOOD.pack}"):
        log.take(3, entry(replace(GOOD, decision=5, pack="A" * 43)), standing)
    assert log.within == 1


def test_a_release_takes_charge_by_what_stands_there() -> None:
    other, begins = to_bytes(OTHER.digest), START + DAY
    acts = (
        *(
            signed(licence()),
            signed(submission(other, to_bytes(RELEASE.digest))),
            signed(build(other), "builder-1"),
        ),
        *(signed(build(other, "Xeon 8481C"), "builder-2"), signed(result(other)), signed(approval(other))),
    )
    for time, said in ((begins, ""), (START + 20 * DAY, "may not take charge: .*ran out")):
        log, standing = take(RELEASE), chartered(*acts)
        made = entry(replace(OTHER, time=time))
        if said:
            with pytest.raises(ProofError, match=said):
                log.take(1, made, standing)
        else:
            log.take(1, made, standing)
    with pytest.raises(ProofError, match=f"entry 1: release {OTHER.digest} may not take charge: "):
        take(RELEASE).take(1, entry(replace(OTHER, time=begins)), chartered(*acts[:-1]))


def test_what_says_that_it_is_one_and_is_none() -> None:
    for kind, record in (("release", RELEASE), ("decision", GOOD)):
        made = entry(record).replace(b'"time":', b'"time" :', 1)
        with pytest.raises(ProofError, match=f"entry 5: is no {kind}"):
            Deciding().take(5, made, None)


def test_other_entries_are_passed_over() -> None:
    log = Deciding()
    log.take(0, b"entry", None)
    assert log.within == 0
