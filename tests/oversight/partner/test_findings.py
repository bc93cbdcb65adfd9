"""Findings as files: self-contained, kept once, and checked by whoever has the charter's digest."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from plainview.journal import Draft, Fence, Journal, JournalReader, PlainSealer
from plainview.keys.key_files import read_key
from plainview.ledger.charters import digest_text
from plainview.ledger.errors import FormatError, LedgerError
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.signers import Signer
from plainview.moderation.rules.pack import Pack, name_of
from plainview.oversight.acts import Acts
from plainview.oversight.findings import FINDING_LIMIT, VERSION, Finding, check_finding, parse_finding
from plainview.oversight.mirror.files import MirrorFiles
from plainview.oversight.partner.announcing import announce_kept
from plainview.oversight.partner.following import Mirrored
from plainview.oversight.partner.keeping import Findings, finding, related
from plainview.oversight.partner.log import OwnLog
from plainview.platform.home import Home
from plainview.records import Act, Page, encode
from plainview.records.digests import commitment
from plainview.records.fields import to_bytes, to_text
from plainview.records.leaf import personal_leaf
from plainview.storage import SqliteRecords
from tests.cli.homes import invoke
from tests.journal.drafts import APPROVED, FIRST_EPOCH, NOW, approved, event, viewer
from tests.journal.drafts import page as page_draft
from tests.journal.test_fence import Says, accepted
from tests.ledger.chartered import KEYS
from tests.ledger.logs import LOG, ORIGIN
from tests.moderation.rules.packs import PACK, decision
from tests.oversight.partner.opened import mirror_of
from tests.oversight.partner.partners import digest_of
from tests.platform.forging import copied, forge, substitute
from tests.platform.homes import charter_of
from tests.platform.parties import Parties
from tests.records.decisions import lifting


@pytest.fixture(scope="module")
def key(overseen: Path) -> Signer:
    """The log's own."""
    return read_key(overseen / "log" / "key")


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory, journal: JournalReader, key: Signer) -> Mirrored:
    return mirror_of(journal.leaves(0, journal.size), tmp_path_factory.mktemp("mirror"), key)


@pytest.fixture(scope="module")
def page(journal: JournalReader) -> int:
    *_, last = journal.of_kind("page")
    return last.index


@pytest.fixture(scope="module")
def found(mirrored: Mirrored, journal: JournalReader, page: int) -> Finding:
    records = {0, *related(page, journal, None)}
    release = journal.entry(1).record.digest  # type: ignore[attr-defined]
    return finding(
        "re-run", page, "value", "video 5: 1 in the receipt, 2 computed", mirrored, records, journal, release
    )


def verified(path: Path, data: bytes, overseen: Path) -> Any:
    path.write_bytes(data)
    return invoke("verify", path, f"--charter={digest_text(digest_of(overseen))}")


def test_a_file_comes_back(found: Finding) -> None:
    data = found.encode()
    assert data.startswith(f"{VERSION}\n".encode())
    assert parse_finding(data) == found
    assert parse_finding(data).encode() == data


def test_it_holds_what_a_judge_needs(found: Finding, journal: JournalReader, page: int) -> None:
    record = journal.entry(page).record
    assert isinstance(record, Page)
    kinds = {one.index: one.kind for one in found.records}
    assert kinds[0] == "charter"
    assert kinds[1] == "release"
    assert kinds[page] == "page"
    assert "epoch" in kinds.values()
    proven = check_finding(found, charter_of_log(found))
    assert proven.records[page] == record


def charter_of_log(found: Finding) -> Any:
    from plainview.ledger.charters import parse_charter
    from plainview.ledger.notes import parse_note
    from plainview.oversight.public_entries import public_record
    from plainview.records import Charter

    record = public_record("charter", Charter, found.records[0].entry.encode())
    return parse_charter(parse_note(record.note.encode()).text).policy


def test_it_is_proven_with_the_charters_digest_alone(tmp_path: Path, found: Finding, overseen: Path, page: int) -> None:
    said = verified(tmp_path / "one", found.encode(), overseen)
    assert (said.exit_code, said.stderr) == (3, "")  # its page is as it should be
    assert said.stdout.startswith("Proven: only that records 0, 1, ")
    assert f"{page:,}" in said.stdout
    assert "Not proven: what was found: computed again, record" in said.stdout
    assert f"the bundle of release {found.release}" in said.stdout
    assert "breaks what it must keep" not in said.stdout
    listed = verified(tmp_path / "a.plainview-finding", found.encode(), overseen)
    assert listed.exit_code == 3
    whole = invoke("verify", tmp_path, f"--charter={digest_text(digest_of(overseen))}")
    assert whole.exit_code == 3
    assert "proven in part: one: only that records" in whole.stdout
    assert "0 of 2 hold, 2 in part." in whole.stdout


def test_another_charter_is_not_believed(tmp_path: Path, found: Finding) -> None:
    (tmp_path / "one").write_bytes(found.encode())
    said = invoke("verify", tmp_path / "one", f"--charter={digest_text(bytes(32))}")
    assert said.exit_code == 1
    assert "the charter there is" in said.stderr


def exhibit(found: Finding, index: int, **changes: Any) -> Finding:
    records = tuple(replace(one, **changes) if one.index == index else one for one in found.records)
    return replace(found, records=records)


@pytest.mark.parametrize(
    ("forge", "told"),
    [
        (lambda found, page: exhibit(found, page, salt=to_text(bytes(32))), "not what its leaf commits to"),
        (lambda found, page: exhibit(found, page, body="{}"), "not what its leaf commits to"),
        (lambda found, page: exhibit(found, 1, entry=found.records[0].entry), "inclusion proof"),
        (lambda found, page: exhibit(found, page, proof=()), "too few"),
        (lambda found, page: replace(found, checkpoint=found.checkpoint.replace("\n", "x\n", 1)), "knows no log"),
        (lambda found, page: replace(found, records=found.records[1:]), "is not here"),
    ],
)
def test_what_was_changed_is_not_proven(
    tmp_path: Path, found: Finding, overseen: Path, page: int, forge: Callable[[Finding, int], Finding], told: str
) -> None:
    said = verified(tmp_path / "one", forge(found, page).encode(), overseen)
    assert said.exit_code == 1, said.stdout
    assert told in said.stderr


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda data: data[:-1], "each with its newline"),
        (lambda data: data.replace(b"@v1", b"@v2", 1), "not the line"),
        (lambda data: data.replace(b'{"what"', b'{ "what"', 1), "exact spelling"),
        (lambda data: data.replace(b'"re-run"', b'"seen"', 1), "Invalid enum value"),
        (lambda data: data.replace(b'"records":[', b'"records":[', 1)[:-3] + b"\n", "finding"),
    ],
)
def test_what_is_no_finding(found: Finding, change: Callable[[bytes], bytes], told: str) -> None:
    with pytest.raises(FormatError, match=told):
        parse_finding(change(found.encode()))


def test_records_ascend(found: Finding) -> None:
    with pytest.raises(FormatError, match="ascend"):
        parse_finding(replace(found, records=found.records[::-1]).encode())


@pytest.mark.parametrize(
    "changes", [{"kind": ""}, {"kind": "secret"}, {"kind": "viewer"}, {"salt": "?"}, {"body": "\udfff"}]
)
def test_an_exhibit_that_is_none(found: Finding, page: int, changes: dict[str, str]) -> None:
    with pytest.raises(LedgerError):
        check_finding(exhibit(found, page, **changes), charter_of_log(found))


def test_each_is_kept_once(tmp_path: Path, found: Finding) -> None:
    findings = Findings(tmp_path)
    path = findings.keep(found)
    assert path is not None
    assert path.read_bytes() == found.encode()
    assert findings.keep(replace(found, detail="told otherwise")) is None
    assert Findings(tmp_path).keep(found) is None
    assert findings.keep(replace(found, stage="trace")) is not None
    assert findings.keep(replace(found, index=found.index + 1)) is not None
    swallowed = replace(found, what="swallowed", stage="act 3")
    assert findings.keep(swallowed) is not None
    assert findings.keep(replace(swallowed, index=9999)) is None  # by a log that has grown
    assert len(list(tmp_path.iterdir())) == 4


def large(journal: JournalReader, count: int) -> list[bytes]:
    """A log's entries: the charter, and records that take twice as many bytes in a file."""
    return [journal.leaves(0, 1)[0], *[b'{"k":"act","r":"%06d%s"}' % (at, b'"' * 40_000) for at in range(1, count)]]


@pytest.mark.parametrize(("count", "whole"), [(90, True), (130, False)])
def test_what_a_file_has_no_room_for_is_not_shown(
    tmp_path: Path, journal: JournalReader, key: Signer, overseen: Path, count: int, whole: bool
) -> None:
    """An operator can make what a finding shows as large as it likes: it is kept and can be read all the same."""
    mirrored = mirror_of(large(journal, count), tmp_path / "mirror", key)
    made = finding("tally", count - 1, "rankings", "too few", mirrored, range(count), journal, opened=False)
    assert [one.index for one in made.records] == (list(range(count)) if whole else [0, count - 1])
    findings, odd = Findings(tmp_path / "findings"), list[str]()
    path = findings.keep(made)
    assert path is not None
    assert path.stat().st_size <= FINDING_LIMIT
    assert (list(findings.all(odd.append)), odd) == ([made], [])
    if not whole:
        said = verified(tmp_path / "one", made.encode(), overseen)
        assert (said.exit_code, said.stderr) == (3, "")


def test_where_the_charters_alone_are_too_much_the_record_is_shown(
    tmp_path: Path, journal: JournalReader, key: Signer
) -> None:
    leaves = [entry.replace(b'"act"', b'"charter"') for entry in large(journal, 120)]
    leaves[60] = b'{"k":"act"}'
    mirrored = mirror_of(leaves, tmp_path / "mirror", key)
    assert [one.index for one in finding("act", 60, "", "", mirrored, range(120), journal).records] == [60]


def test_what_is_no_text_is_left_out(tmp_path: Path, journal: JournalReader, key: Signer) -> None:
    mirrored = mirror_of([*large(journal, 3), b"\xff"], tmp_path / "mirror", key)
    made = finding("tally", 2, "rankings", "too few", mirrored, range(4), journal, opened=False)
    assert [one.index for one in parse_finding(made.encode()).records] == [0, 1, 2]


def test_many_exhibits_are_read_together(
    tmp_path: Path, journal: JournalReader, key: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaves = [journal.leaves(0, 1)[0], *[b'{"k":"page","c":"%06d"}' % at for at in range(1, 1_000)]]
    mirrored, read = mirror_of(leaves, tmp_path / "mirror", key), list[str]()
    real = MirrorFiles.read

    def reading(files: MirrorFiles, name: str) -> bytes | None:
        read.append(name)
        return real(files, name)

    monkeypatch.setattr(MirrorFiles, "read", reading)
    made = finding("tally", 900, "rankings", "too few", mirrored, range(1_000), journal, opened=False)
    bundles = [name for name in read if "entries" in name]
    assert bundles == [f"tile/entries/{at}" for at in ("000", "001", "002", "003.p/232")]
    assert len(read) < 30
    assert len(check_finding(made, charter_of_log(made)).kinds) == 1_000


def test_a_file_that_is_none_keeps_no_other_from_being_announced(tmp_path: Path, found: Finding) -> None:
    (tmp_path / "log").mkdir()
    findings, log = Findings(tmp_path / "findings"), OwnLog(tmp_path / "log", LOG)
    for index in (3, 4):
        assert findings.keep(replace(found, index=index)) is not None
    (tmp_path / "findings" / "a.plainview-finding").write_bytes(found.encode()[:-1])
    (tmp_path / "findings" / "re-run-3a.plainview-finding").mkdir()
    for _ in range(2):
        first, second = announce_kept(log, KEYS["auditor"], ORIGIN, findings)
        assert "a.plainview-finding, a finding, is passed over (finding: not the line" in first
        assert "re-run-3a.plainview-finding, a finding, is passed over (" in second
        assert len(log.entries()) == 2


def related_releases(journal: JournalReader, index: int) -> list[int]:
    return [at for at in related(index, journal, None) if journal.entry(at).kind == "release"]


def test_of_releases_the_newest_that_bears_on_a_record_is_shown(tmp_path: Path) -> None:
    """A page's own; of a decision the one whose policies it names; of others none."""
    other = Pack(version=4, policies=PACK.policies)
    first, second, third = (approved(lag, pack) for lag, pack in ((100, PACK), (200, other), (300, PACK)))
    with closing(
        Journal(SqliteRecords(tmp_path, writing=True), PlainSealer(), Fence(100, 2000, Says(())), lambda: NOW)
    ) as journal:
        accepted(journal, first, FIRST_EPOCH, page_draft(release=APPROVED), Draft(decision("spam", "removed")))
        accepted(journal, second)
        by_other = replace(decision("spam", "removed", pack=name_of(other).digest), decision=5)
        accepted(journal, Draft(by_other), Draft(lifting(4, 7)), viewer(1))
        accepted(journal, third, Draft(replace(decision("spam", "removed"), decision=6)), first)
        accepted(journal, Draft(replace(decision("spam", "removed"), decision=7)), event(1))
        kinds = [entry.kind for entry in journal.read(0, journal.size)]
        assert kinds[:7] == ["release", "epoch", "page", "decision", "release", "decision", "decision"]
        assert kinds[7:] == ["viewer", "release", "decision", "release", "decision", "event"]
        shown = {2: [0], 3: [0], 5: [4], 9: [8], 11: [10], 12: [0]}  # the event cites record 0
        for index in range(journal.size):
            assert related_releases(journal, index) == ([index] if kinds[index] == "release" else shown.get(index, []))


def test_what_follows_from_the_records_alone_is_proven(
    tmp_path: Path, journal: JournalReader, key: Signer, overseen: Path, page: int
) -> None:
    """A log that has a page whose receipt cannot be: anybody sees it, and needs neither bundle nor records."""
    entry = journal.entry(page)
    assert isinstance(entry.record, Page)
    late = replace(entry.record, now=entry.record.now - 60_000)
    body = encode(late)
    leaves = journal.leaves(0, journal.size)
    leaves[page] = personal_leaf("page", commitment(entry.salt, body))
    mirrored = mirror_of(leaves, tmp_path / "mirror", key)
    shown = finding("re-run", page, "bounds: clock", "late", mirrored, {0, *related(page, journal, None)}, journal)
    opened = exhibit(shown, page, body=body.decode())
    said = verified(tmp_path / "one", opened.encode(), overseen)
    assert said.exit_code == 0, said.stderr
    assert f"record {page:,} breaks what it must keep: its now and its journal time are 60,0" in said.stdout


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"watched": 5_001}, "it is not this key's signature of what is said"),
        ({"position": 29}, "is not at position 29 of page"),
        ({"page": 1}, "record 1 is no page of viewer"),
    ],
)
def test_what_a_viewer_never_did_is_proven(
    tmp_path: Path, overseen: Path, journal: JournalReader, key: Signer, fields: dict[str, int], told: str
) -> None:
    """By the event and the page that it cites."""
    one = next(entry for entry in journal.of_kind("event") if entry.record.watched)  # type: ignore[attr-defined]
    forge(copied(overseen, tmp_path / "copy"), one.index, **fields)
    with closing(Home(tmp_path / "copy").read()) as forged:
        mirrored = mirror_of(forged.leaves(0, forged.size), tmp_path / "mirror", key)
        records = {0, *related(one.index, forged, None)}
        made = finding("re-run", one.index, "event: signature", "forged", mirrored, records, forged)
    assert [shown.kind for shown in made.records] == ["charter", "release" if "page" in fields else "page", "event"]
    said = verified(tmp_path / "one", made.encode(), overseen)
    assert (said.exit_code, said.stderr) == (0, "")
    assert f"record {one.index:,} breaks what it must keep: " in said.stdout
    assert told in said.stdout
    honest = {0, *related(one.index, journal, None)}
    mirrored = mirror_of(journal.leaves(0, journal.size), tmp_path / "honest", key)
    made = finding("re-run", one.index, "event: signature", "forged", mirrored, honest, journal)
    assert verified(tmp_path / "one", made.encode(), overseen).exit_code == 3


def test_a_page_after_its_release_was_revoked_is_proven(
    tmp_path: Path, overseen: Path, journal: JournalReader, key: Signer, page: int
) -> None:
    """By the page, the acts that it names and the revocation: what else the log has changes nothing."""
    ranked = [entry for entry in journal.of_kind("page") if entry.record.grounds][-1]  # type: ignore[attr-defined]
    record, parties = ranked.record, Parties(overseen)
    assert isinstance(record, Page)
    others = journal.of_kind("event", record.grounds[-1], ranked.index, newest_first=True)
    stopped = next(entry for entry in others if entry.owner != ranked.owner)
    stop = parties.signed(parties.revocation(to_bytes(record.release)), "partner").note
    substitute(copied(overseen, tmp_path / "copy"), stopped.index, Act(time=stopped.time, note=stop, counts=True))
    acts = Acts()
    with closing(Home(tmp_path / "copy").read()) as forged:
        leaves = forged.leaves(0, forged.size)
        for index, entry in enumerate(leaves):
            acts.take(index, entry)
        mirrored = mirror_of(leaves, tmp_path / "mirror", key)
        for standing, code in ((acts.last, 0), (None, 3)):
            records = {0, *related(ranked.index, forged, standing)}
            made = finding("re-run", ranked.index, "bounds: licence", "revoked", mirrored, records, forged)
            assert {*record.grounds} <= {one.index for one in made.records}
            said = verified(tmp_path / "one", made.encode(), overseen)
            assert (said.exit_code, said.stderr) == (code, "")
            assert (f"ended by the revocation of record {stopped.index:,}" in said.stdout) == (code == 0)


def test_a_swallowed_act_needs_no_record_but_the_charter(
    tmp_path: Path, mirrored: Mirrored, journal: JournalReader, overseen: Path
) -> None:
    shown = finding("swallowed", mirrored.checkpoint.size, "act 3", "answered 200\nthe note\n", mirrored, {0}, journal)
    assert "the note" not in shown.sentence()
    said = verified(tmp_path / "one", shown.encode(), overseen)
    assert said.exit_code == 3
    assert "act 3 of the partner's log" in said.stdout
    assert charter_of(overseen).origin in said.stdout
    assert to_bytes(to_text(leaf_hash(b"")))
