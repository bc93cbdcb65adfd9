from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from plainview.cli.serve import app
from plainview.journal import Draft, JournalDamaged
from plainview.platform.faults import HomeError
from plainview.platform.founding import found
from plainview.platform.home import Home, default_home
from plainview.platform.local_charter import begin_locally
from plainview.platform.releases import bundle_of, installed_digest
from plainview.records import UNSIGNED, Viewer
from plainview.storage.sqlite import DATABASE
from tests.platform.forging import damage, execute
from tests.platform.homes import begun, parties_of
from tests.platform.second import SECOND, SECOND_DIGEST
from tests.storage.powerless import powerless


def begin(path: Path) -> Home:
    """Begin a journal there, or make sure that it may be gone on with."""
    home = begun(path, licensed=False)
    with closing(home.write()) as journal:
        found(journal, home)
    return home


def test_default_home_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PLAINVIEW_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Home(default_home()).path == tmp_path / ".local" / "share" / "plainview"
    monkeypatch.setenv("PLAINVIEW_HOME", "~/elsewhere")
    assert Home(default_home()).path == tmp_path / "elsewhere"


def test_a_home_of_nobodys_is_told() -> None:
    with pytest.raises(HomeError, match="~nobody-here/home: no user has that name; give another directory"):
        Home(Path("~nobody-here/home"))


def test_opened_again_nothing_is_added(home: Path) -> None:
    begin(home)
    reader = begin(home).read()
    assert reader.size == 3
    reader.close()


def test_another_releases_journal_does_not_open_and_nothing_is_added(
    home: Path,
) -> None:
    with pytest.raises(HomeError, match="no journal has begun here"):
        Home(home).check()
    begin(home).check()
    other = SECOND_DIGEST
    Home(home).install(bundle_of(SECOND))
    theirs = f"release {installed_digest()} is in charge of this journal, by record 1, and release {other}"
    with pytest.raises(
        HomeError, match=f"{theirs} is installed: `plainview serve` takes the journal over where it may"
    ):
        Home(home).check()
    with pytest.raises(HomeError, match=theirs):
        begin(home)
    told = f"{theirs}, which is installed, may not take it over: release {other} was not submitted.*--home"
    with pytest.raises(HomeError, match=told):
        Home(home).check(0)
    reader = Home(home).read()
    assert reader.size == 3
    reader.close()


def test_a_journal_whose_making_was_broken_off_is_made(home: Path) -> None:
    home.mkdir()
    (home / DATABASE).touch()
    with pytest.raises(HomeError, match="no journal has begun here"):
        Home(home).check()
    with pytest.raises(HomeError, match="there is no journal here"):
        Home(home).read()
    begin_locally(Home(home), parties_of(home))
    begin(home).check()


def test_a_damaged_journal_is_told_before_anything_is_compiled(home: Path) -> None:
    begin(home)
    damage(home, 0)
    with pytest.raises(JournalDamaged, match="record 0"):
        Home(home).check()
    result = CliRunner().invoke(app, ["--home", str(home)])
    assert result.exit_code == 2
    assert "error: record 0" in " ".join(result.output.split())


def test_a_file_that_is_no_journal_is_told(home: Path) -> None:
    home.mkdir()
    (home / DATABASE).write_text("not a database, and long enough to be taken for one" * 99)
    for use in (Home(home).check, Home(home).read, lambda: Home(home).write()):
        with pytest.raises(HomeError, match=r"cannot be read .*restore a copy"):
            use()


def test_a_journal_without_charter_is_not_ours(home: Path) -> None:
    journal = Home(home).write()
    journal.append([Draft(Viewer(time=0, viewer=1, region="ZZ", age="unknown", mode="personal", **UNSIGNED))])
    with pytest.raises(HomeError, match="record 0 is Viewer, not a charter"):
        found(journal, Home(home))
    journal.close()
    with pytest.raises(HomeError, match="not begun by Plainview"):
        Home(home).write()


def test_a_directory_with_other_files_is_refused(home: Path) -> None:
    home.mkdir()
    (home / "thesis.txt").write_text("mine")
    with pytest.raises(HomeError, match=r"holds something else \(thesis\.txt\).*--home"):
        Home(home).write()
    assert [path.name for path in home.iterdir()] == ["thesis.txt"]


def test_a_file_is_no_directory(home: Path) -> None:
    home.write_text("")
    for use in (Home(home).prepare, Home(home).read):
        with pytest.raises(HomeError, match=r"cannot be used as data directory \(it is a file\); give another"):
            use()


def test_an_unwritable_directory_is_refused() -> None:
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        home = Path(place) / "home"
        home.mkdir(mode=0o555)
        with powerless(), pytest.raises(HomeError, match="cannot be written"):
            Home(home).prepare()


def test_a_directory_that_may_not_be_looked_into_is_told() -> None:
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        home = Path(place) / "home"
        home.mkdir(mode=0)
        with powerless(), pytest.raises(HomeError, match=r"data directory \(Permission denied\); give another"):
            Home(home).read()


def test_a_later_format_is_refused(home: Path) -> None:
    begin(home)
    execute(home, "PRAGMA user_version = 99")
    with pytest.raises(HomeError, match="format 99"):
        Home(home).write()
    with pytest.raises(HomeError, match="format 99"):
        Home(home).read()


def test_a_second_process_is_refused(home: Path) -> None:
    journal = begin(home).write()
    code = f"""
from pathlib import Path
from plainview.platform.home import Home
Home(Path({str(home)!r})).write()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert f"process {os.getpid()} has this journal open for writing" in done.stderr
    reader = Home(home).read()
    assert reader.size == journal.size
    reader.close()
    journal.close()


def test_reading_needs_a_journal(home: Path) -> None:
    with pytest.raises(HomeError, match="no journal here"):
        Home(home).read()
