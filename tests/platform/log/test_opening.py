from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from plainview.keys.key_files import KeyFileError, make_key, read_key
from plainview.ledger.notes import Note, parse_note
from plainview.ledger.opening import open_checkpoint
from plainview.ledger.policies import Log as KnownLog
from plainview.ledger.schemes import ED25519
from plainview.platform.faults import HomeError
from plainview.platform.founding import adopt
from plainview.platform.home import Home
from plainview.platform.viewers import NewViewer
from tests.cli.homes import invoke
from tests.ledger.logs import LOG
from tests.platform.forging import damage, execute
from tests.platform.homes import amendment, charter_of, size_of
from tests.platform.imports.data_sets import kuairand
from tests.platform.towns import open_town, page_of


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data directory whose log was published."""
    with open_town(tmp_path / "home") as application:
        application.viewers.register(NewViewer(viewer=1))
    return tmp_path / "home"


def test_the_key_is_not_made_anew(home: Path) -> None:
    (home / "log" / "key").unlink()
    with pytest.raises(HomeError, match=r"the log's key is not there \(plainview\.local/.*restore it"):
        open_town(home)
    assert not (home / "log" / "key").exists()


def test_a_key_that_cannot_be_used_is_told(home: Path) -> None:
    (home / "log" / "key").chmod(0o644)
    with pytest.raises(HomeError, match="chmod 600") as error:
        open_town(home)
    assert isinstance(error.value.__cause__, KeyFileError)
    (home / "log" / "key").unlink()
    other = make_key(home / "log" / "key", "other.example", ED25519).key
    with pytest.raises(HomeError, match=f"the key {re.escape(other.vkey())} lies there, and the charter names plainv"):
        open_town(home)


def test_the_key_can_be_another_with_an_amendment(home: Path, tmp_path: Path) -> None:
    old = read_key(home / "log" / "key").key
    origin, policy = old.name, charter_of(home).policy
    new = make_key(tmp_path / "new", origin, ED25519).key
    adopt(Home(home), amendment(home, policy=replace(policy, logs=(*policy.logs, KnownLog(new)))))
    # Named beside the old one, which goes on as long as it lies there.
    with open_town(home) as application:
        assert application.log.vkey == old.vkey()
    (tmp_path / "new").replace(home / "log" / "key")
    # The old one may go at once: what it signed before is still this log's.
    adopt(Home(home), amendment(home, policy=replace(policy, logs=(KnownLog(new),))))
    with open_town(home) as application:
        assert application.log.vkey == new.vkey()
        application.viewers.register(NewViewer(viewer=2))
    checkpoint, signed = open_checkpoint(parse_note((home / "log" / "checkpoint").read_bytes()), origin, [old, new])
    assert [one.key for one in signed] == [new]
    assert checkpoint.size == size_of(home)


def test_a_lost_key_is_replaced_by_an_amendment(home: Path) -> None:
    (home / "log" / "key").unlink()
    policy = charter_of(home).policy
    new = make_key(home / "log" / "key", charter_of(home).origin, ED25519).key
    adopt(Home(home), amendment(home, policy=replace(policy, logs=(KnownLog(new),))))
    with open_town(home) as application:
        assert application.log.vkey == new.vkey()


def test_a_checkpoint_that_none_of_its_keys_signed_is_no_ones(home: Path) -> None:
    path = home / "log" / "checkpoint"
    path.write_bytes(LOG.add_to(Note(parse_note(path.read_bytes()).text, (LOG.sign("\n"),))).encode())
    with pytest.raises(HomeError, match="not a checkpoint of this log"):
        open_town(home)


def test_a_log_that_begins_over_pages_is_told(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    (home / "log" / "checkpoint").unlink()
    with open_town(home) as application:
        assert "a new log begins over" not in caplog.text
        page_of(application)
    (home / "log" / "checkpoint").unlink()
    open_town(home).close()
    assert "a new log begins over" in caplog.text


def test_a_damaged_page_went_out_as_well(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    with open_town(home) as application:
        index, _ = page_of(application)
        application.viewers.register(NewViewer(viewer=2))
    (home / "log" / "checkpoint").unlink()
    damage(home, index)
    open_town(home).close()
    assert "a new log begins over" in caplog.text


def test_a_refused_start_appends_nothing_and_an_import_is_refused_too(home: Path, tmp_path: Path) -> None:
    size = size_of(home) - 2
    execute(home, "DELETE FROM records WHERE idx >= ?", size)  # as an older copy
    with pytest.raises(HomeError, match="records were published, and the journal has"):
        open_town(home)
    data = kuairand(tmp_path / "data")
    result = invoke("import", "kuairand", data, "--home", home)
    assert result.exit_code
    assert "records were published, and the journal has" in result.output + result.stderr
    assert size_of(home) == size
