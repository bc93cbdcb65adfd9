"""The operator's log as the partner follows it: charters, acts and pages taken up as they come."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from msgspec.structs import replace

from plainview.ledger.acts import Revocation
from plainview.ledger.broken_promises import parse_broken_promise
from plainview.ledger.charters import Charter
from plainview.ledger.errors import PolicyError, SignatureError
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.notes import Note, parse_note
from plainview.ledger.policies import NO_QUORUM, Log, Policy
from plainview.ledger.promises import Promise
from plainview.ledger.schemes import ED25519
from plainview.ledger.signers import Signer
from plainview.oversight.charters import Charters
from plainview.oversight.mirror.files import MirrorFiles
from plainview.oversight.mirror.mirror import MirrorError, Misbehaved
from plainview.oversight.partner.following import Following, last_charter
from plainview.records import Act
from plainview.records import Charter as Record
from plainview.records.leaf import personal_leaf, public_leaf
from tests.ledger.chartered import CHARTER, KEYS, QUORUM, amended, note_of
from tests.ledger.licensed import order_end, signed
from tests.ledger.logs import LOG, ORIGIN
from tests.oversight.mirror.logs import Served, served
from tests.oversight.ordered import ORDER, ordered
from tests.oversight.partner.opened import mirror_of

OTHER = Signer(ORIGIN, ED25519, b"\7" * 32)
FIRST = replace(CHARTER, policy=Policy((Log(LOG.key),), (), (), NO_QUORUM))
SECOND = amended(FIRST, policy=Policy((Log(OTHER.key),), (), (), NO_QUORUM))


def charter(charter: Charter, time: int, *names: str) -> bytes:
    return public_leaf("charter", Record(time=time, note=note_of(charter, *(names or QUORUM)).encode().decode()))


def act(time: int, *, counts: bool) -> tuple[bytes, str]:
    note = KEYS["partner-1"].note(Revocation(ORIGIN, bytes(32), time, "it pushes one creator").text()).decode()
    return public_leaf("act", Act(time=time, note=note, counts=counts)), note


PAGE = personal_leaf("page", bytes(32))
OWN = personal_leaf("viewer", bytes(32))
HISTORY = [charter(FIRST, 1), OWN, PAGE, OWN, PAGE]


class Case:
    def __init__(self, path: Path, server: Served, pool: ThreadPoolExecutor) -> None:
        self.path, self.server, self.pool = path, server, pool
        self.files = MirrorFiles(path / "mirror")

    def publish(self, entries: list[bytes], by: Signer = LOG) -> None:
        mirror_of(entries, self.server.directory / "log", by)

    def follow(self, **options: object) -> Following:
        """As after a start."""
        return Following(FIRST.digest(), self.server.url, self.files, self.pool, **options)  # type: ignore[arg-type]


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    (tmp_path / "served").mkdir()
    with served(tmp_path / "served") as server, ThreadPoolExecutor(4) as pool:
        yield Case(tmp_path, server, pool)


def test_it_begins_with_the_digest_alone(case: Case) -> None:
    case.publish(HISTORY)
    following = case.follow()
    assert following.charter is None
    assert following.look() == []
    assert following.charter == FIRST
    assert (following.size, list(following.pages), following.charter_indexes) == (5, [2, 4], [0])
    assert following.mirrored is not None
    assert list(following.mirrored.entries(1, 4)) == HISTORY[1:4]
    again = case.follow()
    assert (again.size, list(again.pages), again.charter) == (5, [2, 4], FIRST)
    assert last_charter(case.files, None) == FIRST


def test_another_charter_begins_nothing(case: Case) -> None:
    case.publish([charter(replace(FIRST, baseline=bytes(32)), 1), OWN])
    with pytest.raises(MirrorError, match="the charter there is"):
        case.follow().look()


def test_before_the_log_is_served_a_file_has_the_charter(case: Case) -> None:
    following = case.follow(charters=(note_of(FIRST, *QUORUM),))
    assert following.charter == FIRST
    with pytest.raises(MirrorError, match="is not there"):
        following.look()
    assert last_charter(case.files, note_of(FIRST, *QUORUM)) == FIRST
    assert last_charter(case.files, None) is None
    case.publish(HISTORY)
    following.look()
    assert following.size == 5
    with pytest.raises(PolicyError, match="signatures are missing"):
        case.follow(charters=(note_of(FIRST, "operator"),))


def test_an_amendment_brings_a_new_key_of_the_log(case: Case) -> None:
    case.publish(HISTORY)
    following = case.follow()
    following.look()
    case.publish([*HISTORY, charter(SECOND, 2), PAGE], OTHER)
    assert following.look() == []
    assert following.charter == SECOND
    assert following.charters.last == SECOND
    assert (following.size, following.charter_indexes) == (7, [0, 5])
    case.publish([*HISTORY, charter(SECOND, 2), PAGE, OWN], OTHER)
    for one in (following, case.follow()):
        one.look()
        assert one.size == 8
    assert last_charter(case.files, None) == SECOND


def test_a_promise_by_a_key_that_was_replaced_since_is_held(case: Case) -> None:
    case.publish([*HISTORY, charter(SECOND, 2), PAGE], OTHER)
    following = case.follow()
    following.look()

    def promise(by: Signer, index: int, entry: bytes = PAGE) -> Note:
        return parse_note(Promise(ORIGIN, index, leaf_hash(entry), 1).signed(by))

    assert following.keeps(promise(LOG, 4))
    assert following.keeps(promise(OTHER, 4))
    assert following.keeps(promise(OTHER, 6))
    with pytest.raises(SignatureError):
        following.keeps(promise(LOG, 6))
    with pytest.raises(Misbehaved) as broken:
        following.keeps(promise(LOG, 2, OWN))
    proof = parse_broken_promise(broken.value.path.read_bytes())
    joint = following.charters.joint((2, proof.promise), (7, proof.against))
    assert proof.check(joint) == broken.value.contradiction


def test_a_charter_is_there_for_other_threads_while_an_amendment_is_taken_up(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.publish(HISTORY)
    following = case.follow()
    following.look()
    seen: list[Charter | None] = []
    take = Charters.take

    def looked_at(charters: Charters, index: int, entry: bytes) -> None:
        seen.append(following.charter)
        take(charters, index, entry)

    monkeypatch.setattr(Charters, "take", looked_at)
    case.publish([*HISTORY, charter(SECOND, 2), PAGE])
    following.look()
    assert following.charter == SECOND
    assert len(seen) > 2
    assert None not in seen


def test_who_comes_after_an_amendment(case: Case) -> None:
    case.publish([*HISTORY, charter(SECOND, 2), PAGE], OTHER)
    following = case.follow()
    following.look()
    assert (following.size, following.charter) == (7, SECOND)


def test_a_key_that_no_amendment_brings_is_not_believed(case: Case) -> None:
    case.publish(HISTORY)
    following = case.follow()
    following.look()
    case.publish([*HISTORY, charter(SECOND, 2, "operator", "licensor"), PAGE], OTHER)
    with pytest.raises(MirrorError, match="no signature of a known key"):
        following.look()
    assert (following.size, following.charter) == (5, FIRST)


def test_what_is_taken_down_as_what_it_is_not(case: Case) -> None:
    (unsound, _), (sound, note) = act(2, counts=True), act(3, counts=False)  # of a release that nobody submitted
    case.publish([*HISTORY, unsound, sound, charter(SECOND, 4, "operator")])
    following = case.follow()
    following.look()
    assert set(following.wrong) == {5, 7}
    assert "was not submitted" in following.wrong[5]
    assert "signatures are missing" in following.wrong[7]
    assert following.index_of(note) == 6
    assert following.index_of(note + "x") is None
    assert following.charter == FIRST
    assert set(case.follow().wrong) == {5, 7}


def test_an_act_is_found_as_an_order_and_whatever_the_order_of_its_signatures(case: Case) -> None:
    ending, other = signed(order_end()), Note(ORDER.text, ORDER.signatures[:1])
    case.publish([*HISTORY, ordered(), ordered(ending), ordered(cap=7).replace(b'"cap":7', b'"cap":-7')])
    following = case.follow()
    following.look()
    notes = (ORDER, Note(ORDER.text, ORDER.signatures[::-1]), ending, other)
    assert [following.index_of(note.encode().decode()) for note in notes] == [5, 5, 6, None]


def test_a_fork_is_proven(case: Case) -> None:
    case.publish(HISTORY)
    following = case.follow()
    following.look()
    case.publish([*HISTORY[:3], PAGE, PAGE, OWN])
    with pytest.raises(Misbehaved, match="does not begin with the smaller"):
        following.look()


def test_a_damaged_mirror_is_told(case: Case) -> None:
    case.publish(HISTORY)
    case.follow().look()
    case.files.path("tile/entries/000.p/5").write_bytes(b"\0\1x")
    with pytest.raises(MirrorError, match="what was mirrored is damaged"):
        case.follow()
