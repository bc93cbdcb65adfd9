"""What a partner's directory is read as: damaged, incomplete, and with what was found in it."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from plainview.journal import JournalDamaged
from plainview.keys.key_files import read_key
from plainview.ledger.acts import parse_act
from plainview.ledger.errors import LedgerError, ProofError, SignatureError
from plainview.ledger.notes import Note, parse_note
from plainview.ledger.promises import Promise
from plainview.oversight.controls.evidence import Evidence, Found, Own
from plainview.oversight.controls.reading import read_evidence
from plainview.oversight.controls.table import rows
from plainview.oversight.controls.verdicts import State
from plainview.oversight.mirror.files import MirrorFiles
from plainview.oversight.partner.canaries import RECEIPTS
from plainview.oversight.partner.copy import JournalCopy
from plainview.oversight.partner.directory import (
    CANARIES,
    FINDINGS,
    JOURNAL,
    LOG,
    MIRROR,
    REQUESTS,
    DirectoryError,
    make_directory,
    read_keys,
)
from plainview.oversight.partner.following import Mirrored
from plainview.oversight.partner.keeping import finding
from plainview.oversight.partner.log import OwnLog
from plainview.platform.home import Home
from plainview.platform.log.opening import KEY
from plainview.records import PUBLIC
from plainview.records.digests import commitment
from plainview.records.fields import to_text
from plainview.records.leaf import personal_leaf
from plainview.storage import SqliteRecords
from plainview.storage.filesystem import PARTIAL
from tests.oversight.controls.town import Town, row_of
from tests.oversight.partner.opened import Opening, frame
from tests.oversight.partner.partners import digest_of
from tests.platform.parties import Parties
from tests.platform.towns import now


@pytest.fixture
def directory(town: Town, tmp_path: Path) -> Path:
    """The partner's, of one's own."""
    shutil.copytree(town.directory, tmp_path / "partner")
    return tmp_path / "partner"


def read(town: Town, directory: Path, prove: Callable[[str, bytes], bool] = lambda name, data: False) -> Evidence:
    return read_evidence(directory, digest_of(town.home), now(), lambda _: prove)


def mirror(directory: Path) -> Mirrored:
    files = MirrorFiles(directory / MIRROR)
    data = files.read("checkpoint")
    assert data
    return Mirrored(files, parse_note(data))


def test_records_of_a_journal_give_the_same(town: Town) -> None:
    assert town.with_({}) == town.evidence
    assert (town.evidence.size, town.evidence.opened) == (len(town.records), len(town.records))


def test_where_nothing_was_followed_yet(town: Town, tmp_path: Path) -> None:
    with pytest.raises(DirectoryError, match="no keys of a partner in it"):
        read(town, tmp_path)
    make_directory(tmp_path / "new", "partner.example")
    with pytest.raises(DirectoryError, match="no log was followed from here yet; `plainview oversee run` does"):
        read(town, tmp_path / "new")


def test_another_charter(directory: Path) -> None:
    with pytest.raises(ProofError, match="the charter there is"):
        read_evidence(directory, bytes(32), now(), lambda _: lambda name, data: False)


def test_a_damaged_mirror(town: Town, directory: Path) -> None:
    bundle = directory / MIRROR / "tile" / "entries" / "000.p" / str(town.evidence.size)
    bundle.write_bytes(bundle.read_bytes()[:-1] + b"!")
    with pytest.raises(LedgerError):
        read(town, directory)


def test_a_checkpoint_that_the_log_has_not_signed(town: Town, directory: Path) -> None:
    note = mirror(directory).note
    others = tuple(one for one in note.signatures if one.name != town.evidence.standing.charter.origin)
    (directory / MIRROR / "checkpoint").write_bytes(Note(note.text, others).encode())
    with pytest.raises(SignatureError):
        read(town, directory)


def test_a_checkpoint_that_too_few_have_cosigned(town: Town, directory: Path) -> None:
    note = mirror(directory).note
    (directory / MIRROR / "checkpoint").write_bytes(Note(note.text, note.signatures[:2]).encode())
    evidence = read(town, directory)
    assert evidence.witnessed is None
    assert "quorum 'both' not reached" in evidence.uncounted
    assert [row_of(evidence, number).verdict.state for number in (41, 42)] == [State.NOT_MET] * 2


def test_a_copy_that_is_not_of_the_log(town: Town, directory: Path) -> None:
    """A record and its leaf fit each other, and not the log."""
    entries = list(mirror(directory).entries(0, town.evidence.size))
    shutil.rmtree(directory / JOURNAL)
    with closing(Home(town.home).read()) as journal:
        opening = Opening(journal)
        *_, last = journal.of_kind("event", 0, len(entries))
        lying = frame(last)._replace(salt=bytes(32))
        opening.changed[last.index] = lying
        entries[last.index] = personal_leaf(lying.kind, commitment(lying.salt, lying.body))
        copy = JournalCopy(SqliteRecords(directory / JOURNAL, writing=True))
        with closing(copy):
            while copy.size < len(entries):
                copy.take(entries[copy.size :], opening)
    with pytest.raises(ProofError, match=f"record {last.index} of the partner's copy is not what the mirrored log has"):
        read(town, directory)
    store(directory, "key", None, "event")
    with pytest.raises(JournalDamaged, match=f"record {last.index}, key: "):
        read(town, directory)


def store(directory: Path, field: str, value: bytes | int | None, kind: str) -> None:
    """A field of the last record of that kind in the partner's copy is another."""
    where = "WHERE idx = (SELECT MAX(idx) FROM records WHERE kind = ?)"
    with closing(sqlite3.connect(directory / JOURNAL / "journal.sqlite")) as stored, stored:
        assert stored.execute(f"UPDATE records SET {field} = ? {where}", (value, kind)).rowcount == 1


@pytest.mark.parametrize("kind", ["event", "page", "act"])
def test_a_record_that_was_written_twice_is_not_opened(town: Town, directory: Path, kind: str) -> None:
    """The copy keeps it without its key (`JournalCopy`), and all else is read."""
    store(directory, "key", None, kind)
    evidence, public = read(town, directory), kind in PUBLIC
    assert (evidence.size, evidence.opened) == (town.evidence.size, town.evidence.opened)
    counts = {kind: cited.count for kind, cited in town.evidence.kinds.items()}
    assert {kind: cited.count for kind, cited in evidence.kinds.items()} == counts | {kind: counts[kind] - (not public)}
    assert evidence.pages.all.indexes == town.evidence.pages.all.indexes
    assert evidence.standing == town.evidence.standing
    assert len(rows(evidence)) == 44


@pytest.mark.parametrize(
    ("field", "value", "stage"), [("time", 7, "time"), ("owner", b"", "owner"), ("body", b"{}", "seal")]
)
def test_any_other_damage_of_the_copy_is_told(
    town: Town, directory: Path, field: str, value: bytes | int, stage: str
) -> None:
    store(directory, field, value, "event")
    with pytest.raises(JournalDamaged) as met:
        read(town, directory)
    assert met.value.stage == stage


def test_before_anything_is_opened(town: Town, directory: Path) -> None:
    shutil.rmtree(directory / JOURNAL)
    (directory / JOURNAL).mkdir()
    evidence = read(town, directory)
    assert (evidence.size, evidence.opened) == (town.evidence.size, 0)
    assert evidence.kinds.keys() == PUBLIC
    assert evidence.standing == town.evidence.standing
    assert row_of(evidence, 2).verdict.state is State.NOT_APPLICABLE
    assert [row_of(evidence, number).verdict.state for number in (11, 14, 19, 21, 32)] == [State.NOT_MET] * 5


def test_pages_that_are_not_opened_are_counted_by_their_leaves(town: Town, directory: Path) -> None:
    shutil.rmtree(directory / JOURNAL)
    (directory / JOURNAL).mkdir()
    evidence = read(town, directory)
    assert evidence.pages.all.indexes == town.evidence.pages.all.indexes
    assert all(a <= b for a, b in zip(evidence.pages.all.times, town.evidence.pages.all.times, strict=True))
    assert row_of(evidence, 15).verdict.state is State.MET
    assert "only those below record 0 were opened" in row_of(evidence, 14).verdict.said


def test_findings_are_read_and_proven(town: Town, directory: Path) -> None:
    with closing(Home(town.home).read()) as journal:
        made = finding("canary", 9, "shown: a page", "another", mirror(directory), {9}, journal).encode()
    (directory / FINDINGS / "canary").write_bytes(made)
    (directory / FINDINGS / "shown").write_bytes(made)
    (directory / FINDINGS / "junk").write_bytes(b"junk")
    (directory / FINDINGS / f"next{PARTIAL}").write_bytes(b"half")

    def prove(name: str, data: bytes) -> bool:
        if name == "canary":
            raise ProofError("its proof ends elsewhere")
        return name == "shown"

    canary, junk, shown = read(town, directory, prove).found
    sentence = "of a viewer of the partner's own, at record 9: another"
    digest = hashlib.sha256(made).digest()
    assert canary == Found("canary", digest, "canary", "shown: a page", 9, sentence, "its proof ends elsewhere")
    assert (junk.what, junk.sentence) == ("", "no file of a finding")
    assert (canary.shown, junk.shown, shown.shown, shown.unproven) == (False, False, True, "")
    assert junk.unproven == "it is of no kind that can be checked"
    assert row_of(read(town, directory, prove), 12).verdict.state is State.NOT_MET


def test_a_swallowed_act_is_known(town: Town, directory: Path) -> None:
    note = town.act("revocation").record.note
    with closing(Home(town.home).read()) as journal:
        made = finding("swallowed", 9, "act 3", f"the operator answered 200\n{note}", mirror(directory), (), journal)
    (directory / FINDINGS / "swallowed").write_bytes(made.encode())
    evidence = read(town, directory)
    assert evidence.found[0].act == note
    assert row_of(evidence, 6).verdict.state is State.NOT_MET


@pytest.mark.parametrize(("ahead", "deadline", "late"), [(7, 1, True), (7, 2**42, False), (-1, 2**42, True)])
def test_a_promise_that_is_not_kept(town: Town, directory: Path, ahead: int, deadline: int, late: bool) -> None:
    """By a cosigned tree of a later time; and where another entry stands there."""
    signer = read_key(town.home / LOG / KEY)
    index = town.evidence.size + ahead
    promise = Promise(signer.key.name, index, bytes(32), deadline).signed(signer).decode()
    receipt = {"index": index, "salt": "", "commitment": "", "body": "", "promise": promise}
    (directory / CANARIES / RECEIPTS / "1.json").write_text(json.dumps({"receipt": receipt}))
    assert read(town, directory).canaries.late == late


def test_accesses_that_the_program_did_not_make(town: Town, directory: Path) -> None:
    assert read(town, directory).foreign.count == 0
    (directory / REQUESTS).unlink()
    assert read(town, directory).foreign.first == tuple(one.index for one in town.of("access"))


def test_an_act_that_is_on_its_way(town: Town, directory: Path) -> None:
    parties = Parties(town.home)
    note = parties.note(parties.revocation().text(), "partner")
    place = OwnLog(directory / LOG, read_keys(directory).log).append(note.encode())
    *others, last = read(town, directory).own
    assert last == Own(place, parties.revocation(), None, "")
    assert last.kind == "revocation"
    assert [one.kind for one in others] == ["verification", "draw", "reveal", "report", "revocation"]
    assert [one.record for one in others] == [town.act(one.kind).index for one in others]
    stranger = replace(parties.revocation(), log="other.example")
    OwnLog(directory / LOG, read_keys(directory).log).append(parties.note(stranger.text(), "partner").encode())
    assert "it is for the log 'other.example'" in read(town, directory).own[-1].left


def test_an_act_that_others_handed_in_is_there_whatever_the_order_of_its_signatures(
    town: Town, directory: Path
) -> None:
    (order,) = town.of("order")
    note = parse_note(order.record.note.encode())
    turned = Note(note.text, note.signatures[::-1])
    assert turned != note
    place = OwnLog(directory / LOG, read_keys(directory).log).append(turned.encode())
    assert read(town, directory).own[-1] == Own(place, parse_act(note.text), order.index, "")


def test_canaries_are_known_by_their_files(town: Town, directory: Path) -> None:
    there = read(town, directory).canaries
    assert (there.viewers, there.pages) == (2, 6)
    viewers = {int(path.name) for path in (directory / CANARIES).iterdir() if path.name.isdecimal()}
    pages = [one.index for one in town.of("page") if one.record.viewer in viewers]
    assert there.pages == len(pages)
    shutil.rmtree(directory / CANARIES)
    (directory / CANARIES).mkdir()
    assert read(town, directory).canaries.pages == 0


def test_roots_are_the_mirrors(town: Town) -> None:
    roots = town.evidence.roots
    assert roots == {one.act.upto: one.act.root for one in town.evidence.standing.verifications} | {
        one.act.size: one.act.root for one in town.evidence.standing.reveals
    }
    assert all(to_text(root) for root in roots.values())
