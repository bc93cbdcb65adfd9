"""Keys of a charter that have an end: what they sign counts for nothing from then on."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from plainview.ledger.charters import Charter, check_charter, missing, parse_charter
from plainview.ledger.errors import FormatError, PolicyError, SignatureError
from plainview.ledger.key_ends import NOTICE, key_ends
from plainview.ledger.notes import Note
from plainview.ledger.spelling import TIME_LIMIT
from plainview.ledger.standing import Allowed, Refused
from plainview.ledger.standings import Standings
from tests.ledger.chartered import CHARTER, KEYS, PARTIES, QUORUM, amended, note_of
from tests.ledger.histories import ending
from tests.ledger.licensed import (
    APPROVED,
    BUILT,
    DAY,
    FIRST,
    HOUR,
    START,
    approval,
    build,
    licence,
    order,
    result,
    revocation,
    signed,
    submission,
    taken,
)

END = START + HOUR
ENDED = "the key 'partner-1.example' of the partner ended on 2026-09-21 15:13:20.000 UTC"


def ended(*names: str, **changes: object) -> Charter:
    """CHARTER, but that these keys end at END."""
    return replace(CHARTER, parties=ending(HOUR, *names), **changes)


def begun(charter: Charter) -> Standings:
    return Standings(note_of(charter, *QUORUM), START)


def approving(charter: Charter, *names: str, at: int) -> Standings:
    """All that an approval takes, and at that time after START the approval that these sign."""
    standings = taken(*APPROVED[:-1], after=begun(charter))
    return taken(signed(approval(begins=2 * HOUR), *names), after=standings, at=at)


def test_a_charter_with_ends_reads_as_it_is_written() -> None:
    charter = ended("partner-1", "auditor")
    assert f"\nparty partner {KEYS['partner-1'].key.vkey()} until {END}\n" in charter.text()
    assert f"\nparty partner {KEYS['partner-2'].key.vkey()}\n" in charter.text()
    assert parse_charter(charter.text()) == charter
    assert charter.digest() != CHARTER.digest()


@pytest.mark.parametrize(
    ("until", "message"),
    [
        (" until 01", "'01' is not a decimal"),
        (" until -1", "'-1' is not a decimal"),
        (" until ", "'' is not a decimal"),
        (" until none", "'none' is not a decimal"),
        (" until  1", "' 1' is not a decimal"),
        (f" until {TIME_LIMIT + 1}", "which no calendar shows"),
        (" from 1", "vkey"),
        (" until 1 until 2", "'1 until 2' is not a decimal"),
    ],
)
def test_an_end_has_one_spelling(until: str, message: str) -> None:
    vkey = KEYS["partner-1"].key.vkey()
    with pytest.raises(FormatError, match=message):
        parse_charter(CHARTER.text().replace(vkey, vkey + until))


def test_an_approval_counts_until_the_last_moment() -> None:
    charter = ended("partner-1")
    standing = approving(charter, "partner-1", "partner-3", at=HOUR - 1).last
    assert isinstance(standing.may_rank(FIRST, "US", 0, 0, START + 3 * HOUR), Allowed)


def test_an_approval_with_a_key_that_has_ended_lets_nothing_rank() -> None:
    standings = taken(*APPROVED[:-1], after=begun(ended("partner-1")))
    note = signed(approval(begins=2 * HOUR), "partner-1", "partner-3")
    with pytest.raises(PolicyError, match=re.escape(f"1 more of partner: 'partner-2.example'; {ENDED}")):
        standings.take(note, 20, END)
    assert isinstance(standings.last.may_rank(FIRST, "US", 0, 0, START + 3 * HOUR), Refused)
    # Two whose keys have not ended are a quorum still, and its signature beside theirs does no harm.
    standings.take(signed(approval(begins=2 * HOUR), "partner-1", "partner-2", "partner-3"), 21, END)
    assert isinstance(standings.last.may_rank(FIRST, "US", 0, 0, START + 3 * HOUR), Allowed)


def test_what_was_signed_in_time_and_is_journaled_late_does_not_count() -> None:
    """When it was signed, nobody but its signer knows: one note, a moment before the end and at it."""
    note = signed(approval(begins=2 * HOUR), "partner-1", "partner-2")
    in_time, late = (taken(*APPROVED[:-1], after=begun(ended("partner-1"))) for _ in range(2))
    in_time.take(note, 20, END - 1)
    with pytest.raises(PolicyError, match=re.escape(ENDED)):
        late.take(note, 20, END)


def test_a_quorum_of_two_cannot_be_reached_where_one_is_left() -> None:
    charter = ended("partner-1", "partner-3")
    with pytest.raises(PolicyError, match=r"1 more of partner: no key of it is left; the key 'partner-1.*ended on"):
        approving(charter, "partner-1", "partner-2", at=HOUR)
    with pytest.raises(PolicyError, match=r"1 more of partner: no key of it is left$"):
        approving(charter, "partner-2", at=HOUR)


def test_what_needs_one_key_needs_one_that_has_not_ended() -> None:
    standings = taken(*APPROVED, after=begun(ended("partner-1", "builder-3", "auditor", "licensor")))
    for act, names in (
        (revocation(seen=16), ["partner-1"]),
        (build(cpu="C"), ["builder-3"]),
        (result(suite="again"), ["auditor"]),
        (licence(2, begins=HOUR), ["licensor", "operator"]),
        (submission(base=None, under=1), ["licensor"]),
    ):
        with pytest.raises(PolicyError, match=r"signatures are missing: .* ended on 2026-09-21"):
            standings.take(signed(act, *names), 40, END)
    standings.take(signed(revocation(seen=16), "partner-2"), 40, END)
    assert standings.last.revocations


def test_the_end_of_an_operators_key_does_not_change_who_must_agree_to_an_order() -> None:
    standings = taken(*APPROVED, after=begun(ended("operator-spare")))
    with pytest.raises(PolicyError, match="signatures are missing: 1 more of operator: no key of it is left"):
        standings.take(signed(order(begins=HOUR), "operator", "partner-1"), 40, END)


def test_a_wrong_signature_of_a_key_that_has_ended_refuses_the_note_still() -> None:
    note = signed(approval(begins=2 * HOUR), "partner-2", "partner-3")
    forged = Note(note.text, (*note.signatures, KEYS["partner-1"].sign("x\n")))
    standings = taken(*APPROVED[:-1], after=begun(ended("partner-1")))
    with pytest.raises(SignatureError, match="does not verify"):
        standings.take(forged, 20, END)


def test_whose_key_has_ended_attests_no_more() -> None:
    note = signed(approval(begins=2 * HOUR))
    for name, told in (("builder-1", "1 of 2 builders"), ("auditor", "0 of 1 auditors")):
        standings = taken(*APPROVED[:-1], after=begun(ended(name)))
        with pytest.raises(PolicyError, match=f"approval: {told}"):
            standings.take(note, 20, END)
        standings.take(note, 20, END - 1)


def test_it_rests_on_those_who_count_alone() -> None:
    third = signed(build(cpu="C"), "builder-3")
    standings = taken(*APPROVED[:2], *BUILT, third, *APPROVED[4:5], after=begun(ended("builder-1")))
    standings.take(signed(approval(begins=2 * HOUR)), 20, END)
    (grant,) = standings.last.grants
    assert grant.indexes == (11, 13, 14, 15, 20)


def test_what_speaks_against_a_release_stays_when_the_key_has_ended() -> None:
    """Or a failed test would be forgotten without anybody's word."""
    parties = (*ending(HOUR, "auditor"), replace(PARTIES[9], key=KEYS["new"].key))
    charter = replace(CHARTER, parties=parties)
    failed = signed(result(passed=False), "auditor")
    passed = signed(result(suite="again"), "new")
    standings = taken(*APPROVED[:4], failed, passed, after=begun(charter))
    with pytest.raises(PolicyError, match="it failed the suite"):
        standings.take(signed(approval(begins=2 * HOUR)), 20, END)
    kept = tuple(party for party in parties if party.key != KEYS["auditor"].key)
    standings.take(note_of(amended(charter, parties=kept), *QUORUM), 20, END)
    standings.take(signed(approval(begins=2 * HOUR)), 21, END)


def test_an_amendment_needs_keys_that_have_not_ended() -> None:
    before = ended("partner-1", "partner-3")
    renewed = amended(before, parties=PARTIES)
    note = note_of(renewed, *QUORUM)
    assert check_charter(note, before, at=END - 1) == renewed
    with pytest.raises(
        PolicyError,
        match=r"missing: 2 more of partner: .*, and no other key .* left; the key 'partner-1.*; the key 'partner-3",
    ):
        check_charter(note, before, at=END)
    # With the others they can be renewed, and then by signatures of their own as new keys are.
    before = ended("partner-1")
    renewed = amended(before, parties=PARTIES)
    assert check_charter(note_of(renewed, *QUORUM, "partner-2"), before, at=END) == renewed
    with pytest.raises(PolicyError, match=r"missing: 1 more of new keys: 'partner-1.example'$"):
        check_charter(note_of(renewed, "operator", "licensor", "partner-2", "partner-3"), before, at=END)


def test_no_charter_comes_into_force_with_a_key_that_has_ended() -> None:
    charter = ended("partner-1")
    with pytest.raises(PolicyError, match=re.escape(f"charter 0: {ENDED}: renew it or leave it out")):
        check_charter(note_of(charter, *QUORUM), at=END)
    kept = amended(charter, bounds=replace(charter.bounds, retention=90))
    note = note_of(kept, "operator", "licensor", "partner-2", "partner-3")
    assert check_charter(note, charter, at=END - 1) == kept
    with pytest.raises(PolicyError, match=re.escape(f"charter 1: {ENDED}: renew it or leave it out")):
        check_charter(note, charter, at=END)
    assert missing(note, kept, charter, at=None) == []


def test_a_standing_takes_amendments_by_their_journal_time() -> None:
    standings = taken(*APPROVED[:-1], after=begun(ended("partner-1", "partner-3")))
    renewed = amended(standings.last.charter, parties=ending(3 * HOUR, "partner-1", "partner-3"))
    with pytest.raises(PolicyError, match="signatures are missing"):
        standings.take(note_of(renewed, *QUORUM), 20, END)
    standings.take(note_of(renewed, *QUORUM), 20, END - 1)
    standings.take(signed(approval(begins=2 * HOUR)), 21, END)


def test_ends_are_told_in_time() -> None:
    charter = ended("partner-1")
    assert key_ends(CHARTER, START + 900 * DAY) == []
    assert key_ends(charter, END - NOTICE - 1) == []
    (told,) = key_ends(charter, END - NOTICE)
    assert told.startswith(
        "the key 'partner-1.example' of the partner ends on 2026-09-21 15:13:20.000 UTC, in 14 days: "
    )
    assert "in 1 day:" in key_ends(charter, END - DAY)[0]
    assert "in less than a day:" in key_ends(charter, END - 1)[0]
    assert key_ends(charter, END) == [f"{ENDED}: what it signs counts for nothing until an amendment renews it"]
