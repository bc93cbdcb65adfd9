"""Findings as files: self-contained, kept once, and checked by whoever has the charter's digest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from plainview.journal import JournalReader
from plainview.keys.key_files import read_key
from plainview.ledger.charters import digest_text
from plainview.ledger.errors import FormatError, LedgerError
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.signers import Signer
from plainview.oversight.findings import VERSION, Finding, check_finding, parse_finding
from plainview.oversight.partner.following import Mirrored
from plainview.oversight.partner.keeping import Findings, finding, related
from plainview.records import Page, encode
from plainview.records.digests import commitment
from plainview.records.fields import to_bytes, to_text
from plainview.records.leaf import personal_leaf
from tests.cli.homes import invoke
from tests.oversight.partner.opened import mirror_of
from tests.oversight.partner.partners import digest_of
from tests.platform.homes import charter_of


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
    records = {0, *related(page, journal)}
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
    assert (said.exit_code, said.stderr) == (0, "")
    assert f"{page:,}" in said.stdout
    assert "Not proven: what was found: computed again, record" in said.stdout
    assert f"the bundle of release {found.release}" in said.stdout
    assert "breaks what it must keep" not in said.stdout
    listed = verified(tmp_path / "a.plainview-finding", found.encode(), overseen)
    assert listed.exit_code == 0
    whole = invoke("verify", tmp_path, f"--charter={digest_text(digest_of(overseen))}")
    assert "2 of 2 hold" in whole.stdout


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
    shown = finding("re-run", page, "bounds: clock", "late", mirrored, {0, *related(page, journal)}, journal)
    opened = exhibit(shown, page, body=body.decode())
    said = verified(tmp_path / "one", opened.encode(), overseen)
    assert said.exit_code == 0, said.stderr
    assert f"record {page:,} breaks what it must keep: its now and its journal time are 60,0" in said.stdout


def test_a_swallowed_act_needs_no_record_but_the_charter(
    tmp_path: Path, mirrored: Mirrored, journal: JournalReader, overseen: Path
) -> None:
    shown = finding("swallowed", mirrored.checkpoint.size, "act 3", "answered 200\nthe note\n", mirrored, {0}, journal)
    assert "the note" not in shown.sentence()
    said = verified(tmp_path / "one", shown.encode(), overseen)
    assert said.exit_code == 0
    assert "act 3 of the partner's log" in said.stdout
    assert charter_of(overseen).origin in said.stdout
    assert to_bytes(to_text(leaf_hash(b"")))
