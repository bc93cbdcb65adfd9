from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from plainview.cli.bundle_files import read_bundles
from plainview.cli.console import console
from plainview.cli.replay import _bar, _closing, _print
from plainview.platform import releases
from plainview.platform.home import Home
from plainview.platform.releases import installed_digest
from plainview.records import Page
from plainview.records.fields import to_text
from plainview.replay import bundled
from plainview.replay.findings import Difference, Report
from tests.cli.homes import invoke, one_line
from tests.platform.forging import execute, flip, forge
from tests.platform.second import second_installed
from tests.storage.powerless import read_only


def pages(home: Path) -> list[int]:
    journal = Home(home).read()
    try:
        return [entry.index for entry in journal.of_kind("page")]
    finally:
        journal.close()


def test_all_identical(served: Path) -> None:
    result = invoke("replay", "--all", "--home", served)
    assert result.exit_code == 0, result.output
    assert result.output.strip().endswith("60 pages re-run, 100 % identical.")
    assert result.output.splitlines()[0] == "█" * 40


def test_one_page(served: Path) -> None:
    result = invoke("replay", pages(served)[5], "--home", served)
    assert result.exit_code == 0
    assert "1 page re-run, 100 % identical." in result.output


@pytest.mark.parametrize(("place", "columns"), [(0, "160"), (30, "160"), (30, "40"), (-1, "80")])
def test_a_flipped_bit_is_in_the_table_and_in_the_exit_code(served: Path, place: int, columns: str) -> None:
    index = pages(served)[place]
    flip(served, index, "body", 8 * 32 + 99)
    result = invoke("replay", "--all", "--home", served, COLUMNS=columns)
    assert result.exit_code == 1
    row = next(line for line in result.output.splitlines() if line.strip().startswith(str(index)))
    assert "journal" in row
    assert f"damaged record {index}" in result.output
    assert "100 %" not in result.output


@pytest.mark.parametrize("index", [0, 1])
def test_a_damaged_charter_or_release_is_in_the_report_too(served: Path, index: int) -> None:
    flip(served, index, "body", 8 * 32 + 99)
    result = invoke("replay", "--all", "--home", served)
    assert result.exit_code == 1
    assert f"damaged record {index}" in result.output


def test_json_is_the_whole_report(served: Path) -> None:
    result = invoke("replay", "--all", "--json", "--home", served)
    report = json.loads(result.stdout)
    assert (report["pages"], report["identical"], report["differing"]) == (60, 60, [])


def test_an_earlier_release_is_inconclusive(served: Path) -> None:
    served_by = installed_digest()
    with second_installed(served):
        result = invoke("replay", "--all", "--home", served)
    assert result.exit_code == 3
    why = "it is not installed, and its bundle was not given"
    assert f"inconclusive: 60 pages served by release {served_by}: {why}" in result.output
    assert "100 %" not in result.output


def test_an_earlier_release_of_the_same_code_is_run_from_its_bundle(
    served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundles = tmp_path / "bundles"
    bundles.mkdir()
    assert invoke("release", "bundle", bundles / "any name").exit_code == 0
    (bundles / "notes.txt").write_text("not a bundle")
    monkeypatch.setattr(bundled, "Bundled", None)  # no process is started for it
    with second_installed(served):
        result = invoke("replay", "--all", "--home", served, "--bundles", bundles)
        assert result.exit_code == 0, result.output
        assert result.output.strip().endswith("60 pages re-run, 100 % identical.")
        assert f"left out: {bundles}/notes.txt: no release's bundle: member 'not a bundle'" in result.output
        result = invoke("replay", "--all", "--home", served, "--bundles", tmp_path / "none")
        assert result.exit_code == 2
        assert "cannot be read" in one_line(result)


def test_one_of_other_code_gets_a_process_of_its_own(
    served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = releases.installed()
    other = installed._replace(manifest=replace(installed.manifest, source="A" * 43))
    assert invoke("release", "bundle", tmp_path / "bundle").exit_code == 0
    monkeypatch.setattr(releases, "installed", lambda: other)
    monkeypatch.setattr(bundled, "Bundled", lambda bundle, *_: bundle)
    bundles = read_bundles(tmp_path, print)
    assert bundles is not None
    assert bundles.start(installed.digest, None, 1, 1).release == installed.digest  # type: ignore[arg-type,attr-defined]


def test_a_bundle_that_comes_later_is_found_when_it_is_wanted(tmp_path: Path) -> None:
    told: list[str] = []
    bundles = read_bundles(tmp_path, told.append)
    assert bundles is not None
    digest = installed_digest()
    assert digest not in bundles
    assert invoke("release", "bundle", tmp_path / "later").exit_code == 0
    assert digest in bundles
    (tmp_path / "later").unlink()
    tmp_path.rmdir()
    assert digest in bundles
    assert "A" * 43 not in bundles
    assert told == [f"{tmp_path}: cannot be read (No such file or directory)"]


@pytest.mark.parametrize("command", [("feed", "1"), ("serve",)])
def test_another_releases_home_is_refused_in_one_line(served: Path, command: tuple[str, ...]) -> None:
    before = pages(served)
    with second_installed(served):
        result = invoke(*command, "--home", served)
    assert result.exit_code == 2
    assert f"release {installed_digest()} is in charge of this journal, by record 1, and" in one_line(result)
    assert pages(served) == before


@pytest.mark.parametrize("arguments", [[], ["7", "--all"]])
def test_what_to_replay_has_to_be_said(served: Path, arguments: list[str]) -> None:
    result = invoke("replay", *arguments, "--home", served)
    assert result.exit_code == 2
    assert "say which" in one_line(result)


def test_an_index_that_is_no_page(served: Path) -> None:
    result = invoke("replay", "0", "--home", served)
    assert result.exit_code == 2
    assert "record 0 is of kind charter" in one_line(result)
    result = invoke("replay", "999999", "--home", served)
    assert "no record 999999" in one_line(result)


@pytest.mark.timeout(900)
def test_a_fresh_process_needs_the_journal_alone(served: Path) -> None:
    shutil.rmtree(served / "log")
    assert {path.name for path in served.iterdir()} == {"journal.sqlite"}
    environment = os.environ | {"COLUMNS": "160"}
    command = [sys.executable, "-m", "plainview.cli", "replay", "--all", "--home", str(served)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("60 pages re-run, 100 % identical.")


def report(**fields: object) -> Report:
    whole = {
        "records": 10, "missing": 0, "epochs": 2, "snapshots": 1, "pages": 3000, "identical": 3000, "inconclusive": {},
        "unreached": 0, "differing": (), "installed": "x", "seconds": 1.0, "cpu_seconds": 1.0,
        "stragglers": (), "why_inconclusive": {"y": "it is not installed, and its bundle was not given"},
    }  # fmt: skip
    return Report(**(whole | fields))  # type: ignore[arg-type]


def test_the_closing_sentence_never_says_more_than_was_found() -> None:
    wrong = (Difference(7, "page", "trace", "x"),)
    assert _closing(report()) == "3,000 pages re-run, 100 % identical."
    assert (
        _closing(report(identical=2999, differing=wrong)) == "3,000 pages: 2,999 identical (99.9 %); 1 record differs."
    )
    assert "no pages yet" in _closing(report(pages=0, identical=0))
    inconclusive = _closing(report(identical=0, inconclusive={"y": 3000}))
    assert "0 identical" in inconclusive
    assert "100 %" not in inconclusive
    damaged = (Difference(4, "record", "journal: body", "x"),)
    assert "2,990 pages rest on damaged record 4" in _closing(report(identical=10, unreached=2990, differing=damaged))
    assert "1 page rests on damaged record 4" in _closing(report(identical=2999, unreached=1, differing=damaged))
    assert _closing(report(differing=damaged)) == (
        "3,000 pages: 3,000 identical; 1 record differs: restore damaged record 4 from a copy."
    )


def test_the_closing_sentence_counts_what_is_missing() -> None:
    gap = (Difference(4, "record", "journal: index", "x"),)
    assert _closing(report(identical=10, unreached=2990, missing=9000, differing=gap)) == (
        "3,000 pages: 10 identical (0.3 %); 9,000 records are missing, and 2,990 pages rest on missing record 4: "
        "restore it from a copy."
    )
    both = (*gap, Difference(7, "page", "trace", "x"))
    assert "; 1 record differs and 1 record is missing: restore missing record 4" in _closing(
        report(missing=1, differing=both)
    )


def test_one_is_said_as_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "")
    _print(console(), report(records=1, epochs=1, pages=1, identical=0, inconclusive={"y": 1}))
    said = capsys.readouterr().out
    for text in ("1 record read", "1 epoch folded again", "inconclusive: 1 page served by", "1 page: 0 identical"):
        assert text in said
    assert _closing(report(epochs=1, pages=0, identical=0)).startswith("1 epoch re-run")


def test_an_index_below_0_is_said_as_it_is_and_once_what_to_do(served: Path) -> None:
    execute(served, "UPDATE records SET idx = -5 WHERE idx = 100")
    result = invoke("replay", "--all", "--home", served)
    assert result.exit_code == 2
    assert one_line(result) == (
        f"error: {served}: record -5, row: its index reads as -5; restore the journal from a copy"
    )


@pytest.mark.parametrize("columns", ["40", "60", ""])
def test_what_differs_is_said_whole_at_any_width(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    found = Difference(2**31, "impression", "journal:" + "x" * 70, "y" * 200)
    _print(console(), report(identical=2999, differing=(found,)))
    rows = [line.split("│") for line in capsys.readouterr().out.splitlines() if "│" in line]
    cells = ["".join(cell.strip() for cell in column) for column in zip(*rows, strict=True)]
    assert cells == [str(found.index), found.kind, found.stage, found.detail]
    assert columns or len(rows) == 1


def test_one_page_that_differs_can_be_seen_in_the_bar() -> None:
    bar = _bar(report(identical=2999, differing=(Difference(7, "page", "trace", "x"),)))
    assert bar.count("█") == 40
    assert "[red]█[/red]" in bar
    assert _bar(report()) == f"[green]{'█' * 40}[/green]"


def test_a_home_that_may_only_be_read_is_replayed_and_evaluated(served: Path) -> None:
    commands = (("replay", "--all"), ("evaluate",))
    for command in commands:
        invoke(*command, "--home", served)  # what is imported and compiled here may be out of others' reach
    with read_only(served) as copy:
        results = [invoke(*command, "--home", copy) for command in commands]
    assert [result.exit_code for result in results] == [0, 0], results
    assert "60 pages re-run, 100 % identical." in results[0].output


def test_what_cannot_be_told_is_neither_sound_nor_wrong(served: Path) -> None:
    (served / "journal.sqlite").write_bytes(b"no database at all" * 500)
    result = invoke("replay", "--all", "--home", served)
    assert result.exit_code == 2
    assert "cannot be read (file is not a database)" in one_line(result)


def test_what_no_page_is_computed_from_can_be_forged(served: Path) -> None:
    """As docs/how-to/verify-a-page.md says, until the log is signed and witnessed."""
    journal = Home(served).read()
    last = {}
    for entry in journal.of_kind("page"):
        assert isinstance(entry.record, Page)
        last[entry.record.session] = entry.index, entry.record
    video = next(journal.of_kind("video")).index
    journal.close()
    forge(served, video, caption="another")
    for index, _ in last.values():
        forge(served, index, environment=to_text(bytes(32)))
    assert invoke("replay", "--all", "--home", served).exit_code == 0
    for index, page in last.values():
        forge(served, index, now=page.now - 1)
    report = json.loads(invoke("replay", "--all", "--json", "--home", served).stdout)
    assert len(report["differing"]) < len(last)


def test_as_a_program_it_imports_no_kernel_before_their_cache_is_set(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-m", "plainview.cli", "replay", "1", "--home", tmp_path / "none"],
        capture_output=True, text=True, check=False, env=environment | {"XDG_CACHE_HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("error: "), done.stderr
