"""What an operator counts, held against its log by the partner, with files that prove it and open nothing."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

from bench.serving import Server
from plainview.journal import JournalReader
from plainview.ledger.charters import digest_text
from plainview.oversight.findings import parse_finding
from plainview.oversight.partner.directory import FINDINGS, MIRROR
from plainview.platform.home import Home
from plainview.records import PUBLIC, Tally
from tests.cli.homes import invoke
from tests.oversight.partner.partners import digest_of, overseeing
from tests.platform.forging import copied, forge
from tests.platform.homes import parties_of
from tests.server.clients import KERNELS


def another(tmp_path: Path, overseen: Path) -> Path:
    """A copy of a home, to be served."""
    home = copied(overseen, tmp_path / "another")
    for part in ("objects", "projections"):
        shutil.copytree(overseen / part, home / part)
    parties_of(home).symlink_to(parties_of(overseen))
    return home


def last(journal: JournalReader) -> tuple[int, Tally]:
    *_, one = journal.of_kind("tally")
    assert isinstance(one.record, Tally)
    return one.index, one.record


def test_pages_that_were_shown_and_are_not_in_the_log(
    tmp_path: Path, overseen: Path, directory: Path, cache: Path
) -> None:
    home = another(tmp_path, overseen)
    with closing(Home(home).read()) as reader:
        index, told = last(reader)
    assert (told.first, told.served) == (0, 0)
    forge(home, index, served=61, rankings=told.rankings + 1)
    charter = f"--charter={digest_text(digest_of(home))}"
    with Server(home, cache, KERNELS) as server:
        server.start()
        with overseeing(directory, home, f"http://127.0.0.1:{server.port}") as (overseer, lines):
            for _ in range(2):
                overseer.follow()
                overseer.audit(whole=True)
            one, other = lines.found
            assert one.startswith(
                f"what the operator counted is not what the log has, by record {index:,}: 61 requests"
            )
            assert "the log has 60 pages" in one
            assert f"{told.rankings + 1} rankings are counted" in other
    for path in (directory / FINDINGS).iterdir():
        finding = parse_finding(path.read_bytes())
        assert (finding.what, finding.index) == ("tally", index)
        shown = {exhibit.index: exhibit for exhibit in finding.records}
        assert set(range(told.upto)) | {index} == shown.keys()
        assert all(exhibit.kind in PUBLIC for exhibit in finding.records if exhibit.kind)
        assert not any(exhibit.body or exhibit.salt for exhibit in finding.records)
        proven = invoke("verify", path, charter)
        assert (proven.exit_code, proven.stderr) == (0, "")
        assert f"record {index:,} breaks what it must keep: 61 requests were answered with a new page" in proven.stdout
    copy = invoke("verify", directory / MIRROR, charter)
    assert copy.exit_code == 1
    assert f"entry {index}: 61 requests were answered" in copy.stdout


def test_counts_that_were_lost_are_told_and_are_no_finding(
    tmp_path: Path, overseen: Path, directory: Path, cache: Path
) -> None:
    home = another(tmp_path, overseen)
    with closing(Home(home).read()) as reader:
        index, told = last(reader)
    forge(home, index, lost=True, rankings=0, thrown=())
    with Server(home, cache, KERNELS) as server:
        server.start()
        with overseeing(directory, home, f"http://127.0.0.1:{server.port}") as (overseer, lines):
            overseer.follow()
            overseer.audit(whole=True)
            assert (lines.found, overseer.findings) == ([], 0)
            (said,) = [one for one in lines.said if "was counted and lost" in one]
            assert f"to {told.upto - 1:,} was counted and lost: of 60 pages there" in said
    copy = invoke("verify", directory / MIRROR, f"--charter={digest_text(digest_of(home))}")
    assert copy.exit_code == 0
    assert "its tallies count 0 pages as they are; 60 came before that" in copy.stdout
