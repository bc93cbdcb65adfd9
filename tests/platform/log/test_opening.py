from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from plainview.keys.key_files import KeyFileError
from plainview.ledger.policy_files import parse_policy
from plainview.platform.home import HomeError
from plainview.platform.viewers import NewViewer
from tests.cli.homes import invoke
from tests.platform.imports.data_sets import kuairand
from tests.platform.towns import open_town


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data directory whose log was published."""
    with open_town(tmp_path / "home") as application:
        application.viewers.register(NewViewer(viewer=1))
    return tmp_path / "home"


def size_of(home: Path) -> int:
    with sqlite3.connect(home / "journal.sqlite") as connection:
        ((size,),) = connection.execute("SELECT count(*) FROM records")
    connection.close()
    return int(size)


def set_back(home: Path) -> None:
    """As a copy of the journal that is two records older."""
    with sqlite3.connect(home / "journal.sqlite") as connection:
        connection.execute("DELETE FROM records WHERE idx >= (SELECT max(idx) - 1 FROM records)")
    connection.close()


def test_each_log_has_a_name_of_its_own_and_a_policy_that_names_it(tmp_path: Path, home: Path) -> None:
    with open_town(tmp_path / "other") as other, open_town(home) as application:
        policy = parse_policy((home / "log" / "policy").read_bytes())
        assert [log.key.vkey() for log in policy.logs] == [application.log.vkey]
        assert policy.quorum == "none"
        assert application.log.vkey.partition("+")[0] != other.log.vkey.partition("+")[0]


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        ("policy", "the log's policy is gone; restore it, or write one"),
        ("key", "the log's key is gone, and another cannot go on with its checkpoints"),
    ],
)
def test_what_is_lost_of_a_published_log_is_not_made_anew(home: Path, lost: str, message: str) -> None:
    (home / "log" / lost).unlink()
    with pytest.raises(HomeError, match=message):
        open_town(home)
    assert not (home / "log" / lost).exists()


def test_what_cannot_be_read_is_told(home: Path) -> None:
    (home / "log" / "policy").write_text("log x\n")
    with pytest.raises(HomeError, match="policy, line 1"):
        open_town(home)
    (home / "log" / "policy").write_text("quorum none\n")
    with pytest.raises(HomeError, match=r"does not name this log; add the line `log plainview\.local/"):
        open_town(home)
    (home / "log" / "key").chmod(0o644)
    with pytest.raises(HomeError, match="chmod 600") as error:
        open_town(home)
    assert isinstance(error.value.__cause__, KeyFileError)


def test_a_log_that_begins_over_a_grown_journal_is_told(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    shutil.rmtree(home / "log")
    open_town(home).close()
    assert "a new log begins over" in caplog.text


def test_a_refused_start_appends_nothing_and_an_import_is_refused_too(home: Path, tmp_path: Path) -> None:
    set_back(home)
    size = size_of(home)
    with pytest.raises(HomeError, match="records were published, and the journal has"):
        open_town(home)
    data = kuairand(tmp_path / "data")
    result = invoke("import", "kuairand", data, "--home", home)
    assert result.exit_code
    assert "records were published, and the journal has" in result.output + result.stderr
    assert size_of(home) == size
