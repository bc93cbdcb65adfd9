from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from plainview.keys.key_files import make_key, read_key
from plainview.ledger.charters import parse_charter
from plainview.ledger.notes import Note
from plainview.ledger.policies import Log, Witness
from plainview.ledger.schemes import ED25519, ML_DSA_44_COSIGNATURE
from plainview.platform.charters import Charters
from plainview.platform.faults import HomeError
from plainview.platform.founding import adopt, found
from plainview.platform.home import LOG, Home
from plainview.platform.log.opening import KEY
from plainview.records import Charter, Epoch, Release
from tests.ledger.logs import WITNESSES
from tests.platform.forging import execute
from tests.platform.homes import amendment, begun, charter_of, parties_of, size_of
from tests.platform.towns import open_town, page_of, populate


@pytest.fixture
def note(tmp_path: Path) -> Note:
    """A charter of parties who made the log's key in `tmp_path`/origin."""
    begun(tmp_path / "origin")
    return signed(tmp_path)


def signed(tmp_path: Path, **changes: object) -> Note:
    text = replace(charter_of(tmp_path / "origin"), **changes).text()
    keys = [read_key(parties_of(tmp_path / "origin") / role / KEY) for role in ("operator", "licensor", "partner")]
    return Note(text, tuple(key.sign(text) for key in keys))


def put_key(tmp_path: Path, home: Path) -> None:
    (home / LOG).mkdir(parents=True)
    (home / LOG / KEY).write_bytes((tmp_path / "origin" / LOG / KEY).read_bytes())
    (home / LOG / KEY).chmod(0o600)


def test_a_journal_begins_with_charter_release_and_epoch_0(tmp_path: Path, home: Path, note: Note) -> None:
    put_key(tmp_path, home)
    assert adopt(Home(home), note) == (0, parse_charter(note.text))
    with closing(Home(home).read()) as journal:
        charter, release, epoch = (entry.record for entry in journal.read())
        assert Charters(journal).in_force.charter.text() == note.text
    assert isinstance(charter, Charter)
    assert charter.note == note.encode().decode()
    assert isinstance(release, Release)
    assert isinstance(epoch, Epoch)
    assert (epoch.epoch, epoch.upto) == (0, 0)


def test_without_a_charter_none_begins(home: Path) -> None:
    with closing(Home(home).write()) as journal:
        with pytest.raises(HomeError, match=r"`plainview charter adopt FILE --home .*`plainview charter local DIRECT"):
            found(journal, Home(home))
        assert journal.size == 0


def refused(home: Path, note: Note, message: str) -> None:
    with pytest.raises(HomeError, match=message):
        adopt(Home(home), note)
    assert size_of(home) == 0


def test_a_charter_that_is_not_in_force_begins_nothing(tmp_path: Path, home: Path, note: Note) -> None:
    put_key(tmp_path, home)
    refused(home, Note(note.text, note.signatures[:2]), "signatures are missing: 1 more of partner")
    refused(home, Note("whatever\n", note.signatures), "charter: no line `policy`")
    refused(home, amendment(tmp_path / "origin"), "charter 1: it amends another, which is not given")


def test_a_charter_of_another_release_begins_nothing(tmp_path: Path, home: Path, note: Note) -> None:
    put_key(tmp_path, home)
    refused(home, signed(tmp_path, baseline=bytes(32)), "baseline is release A{43}, and release .* is installed")


def test_a_charter_begins_nothing_without_the_logs_key(home: Path, note: Note) -> None:
    refused(home, note, r"log/key: the log's key is not there \(plainview\.local/")
    (home / LOG).mkdir()
    other = make_key(home / LOG / KEY, "other.example", ED25519).key
    refused(home, note, rf"the key {other.vkey().replace('+', '.')} lies there, and the charter names plainview")


def test_a_log_signs_with_no_other_kind_of_key(tmp_path: Path, home: Path, note: Note) -> None:
    charter = charter_of(tmp_path / "origin")
    (home / LOG).mkdir(parents=True)
    key = make_key(home / LOG / KEY, charter.origin, ML_DSA_44_COSIGNATURE).key
    policy = replace(charter.policy, logs=(Log(key),))
    refused(home, signed(tmp_path, policy=policy), r"a log signs with Ed25519 \(0x01\), and this key does not")


def test_a_policy_with_which_no_log_goes_on_begins_nothing(tmp_path: Path, home: Path, note: Note) -> None:
    put_key(tmp_path, home)
    policy = charter_of(tmp_path / "origin").policy
    key = WITNESSES["north"].key
    for url, message in ((None, "cannot be reached by the witnesses that have a URL"), ("ftp://x", "north")):
        witnessed = replace(policy, witnesses=(Witness("north", key, url),), quorum="north")
        refused(home, signed(tmp_path, policy=witnessed), f"the charter's policy: .*{message}")


def test_a_note_that_no_record_holds_begins_nothing(tmp_path: Path, home: Path, note: Note) -> None:
    put_key(tmp_path, home)
    log = charter_of(tmp_path / "origin").policy.logs[0]
    long = replace(charter_of(tmp_path / "origin").policy, logs=(replace(log, url="x" * 15_000),))
    refused(home, signed(tmp_path, policy=long), r"the charter has 16,\d+ characters with its signatures, and")


def test_a_disk_on_which_nothing_can_be_written_is_told(tmp_path: Path, home: Path, note: Note) -> None:
    put_key(tmp_path, home)
    (home / "objects").touch()
    refused(home, note, "objects.* cannot be used")


def test_an_amendment_comes_after_all_records_and_pages_cite_it_from_then_on(home: Path) -> None:
    with open_town(home) as application:
        populate(application)
        assert page_of(application)[1].charter == 0
    before = charter_of(home)
    size = size_of(home)
    bounds = replace(before.bounds, replay_window=60)
    assert adopt(Home(home), amendment(home, bounds=bounds)).record == size
    assert charter_of(home).bounds == bounds
    with open_town(home) as application:
        assert page_of(application)[1].charter == size


def test_an_amendment_that_is_not_in_force_is_not_written(home: Path) -> None:
    begun(home, licensed=False)
    first = amendment(home)
    with pytest.raises(HomeError, match="signatures are missing: 1 more of operator"):
        adopt(Home(home), amendment(home, ["licensor", "partner"]))
    adopt(Home(home), first)
    with pytest.raises(HomeError, match="charter 1: it is in force already"):
        adopt(Home(home), first)
    assert size_of(home) == 4


def test_an_amendment_names_the_key_that_lies_there(home: Path, tmp_path: Path) -> None:
    begun(home, licensed=False)
    before = charter_of(home)
    other = make_key(tmp_path / "other", before.origin, ED25519).key
    with pytest.raises(HomeError, match="lies there, and the charter names"):
        adopt(Home(home), amendment(home, policy=replace(before.policy, logs=(Log(other),))))
    assert size_of(home) == 3


def test_an_amendment_waits_until_the_server_is_stopped(home: Path) -> None:
    with open_town(home), pytest.raises(HomeError, match="has this journal open for writing; stop it"):
        adopt(Home(home), amendment(home))


def test_an_amendment_is_written_to_no_copy_that_may_be_an_older_one(home: Path) -> None:
    with open_town(home) as application:
        populate(application)
    policy = charter_of(home).policy
    gone = Witness("gone", WITNESSES["north"].key, "http://127.0.0.1:1")
    adopt(Home(home), amendment(home, policy=replace(policy, witnesses=(gone,), quorum="gone")))
    note, size = amendment(home, policy=policy), size_of(home)
    asked = r"it is not known whether this is the newest copy of the log.*try again.*gone for good.*--without-witnesses"
    with pytest.raises(HomeError, match=asked):
        adopt(Home(home), note)
    assert size_of(home) == size
    adopt(Home(home), note, unheard=True)
    assert charter_of(home).policy == policy
    execute(home, "DELETE FROM records WHERE idx >= 10")  # as a copy that is older than what was published
    for unheard in (False, True):
        with pytest.raises(HomeError, match=r"were published, and the journal has 10: .*; restore the newest one$"):
            adopt(Home(home), amendment(home), unheard=unheard)
