from __future__ import annotations

from pathlib import Path

import pytest

from plainview.keys.key_files import make_key, read_key
from plainview.ledger.charters import check_charter
from plainview.ledger.notes import parse_note
from plainview.ledger.policies import Witness
from plainview.ledger.schemes import ED25519, ED25519_COSIGNATURE
from plainview.platform.faults import HomeError
from plainview.platform.home import LOG, Home
from plainview.platform.local_charter import CHARTER, PARTIES, Watched, begin_locally
from plainview.platform.log.opening import KEY
from plainview.platform.releases import installed_digest
from plainview.records.fields import to_text
from tests.platform.homes import charter_of

SCHEMES = {"auditor": ED25519, "witness": ED25519_COSIGNATURE}


def test_all_parties_have_a_key_of_their_own_that_only_the_owner_can_read(home: Path, tmp_path: Path) -> None:
    charter = begin_locally(Home(home), tmp_path / "parties")
    assert charter == charter_of(home)
    assert check_charter(parse_note((tmp_path / "parties" / CHARTER).read_bytes()), at=None) == charter
    for (name, role), party in zip(PARTIES.items(), charter.parties, strict=True):
        path = tmp_path / "parties" / name / KEY
        assert path.stat().st_mode & 0o777 == 0o600
        assert (party.role, party.key) == (role, read_key(path).key)
    assert [log.key for log in charter.policy.logs] == [read_key(home / LOG / KEY).key]
    assert charter.policy.quorum == "none"
    assert to_text(charter.baseline) == installed_digest()


def test_each_log_has_a_name_of_its_own(tmp_path: Path) -> None:
    origins = {begin_locally(Home(tmp_path / name), tmp_path / f"{name}-parties").origin for name in ("a", "b")}
    assert len(origins) == 2


def test_a_journal_begins_once(home: Path, tmp_path: Path) -> None:
    charter = begin_locally(Home(home), tmp_path / "parties")
    with pytest.raises(HomeError, match="a journal has begun here"):
        begin_locally(Home(home), tmp_path / "others")
    assert not (tmp_path / "others").exists()
    assert charter_of(home) == charter


def test_the_parties_keys_lie_outside_the_data_directory(home: Path) -> None:
    for parties in (home, home / "parties"):
        with pytest.raises(HomeError, match="which the parties' keys are kept apart from"):
            begin_locally(Home(home), parties)
    assert not home.exists()


def test_a_directory_of_something_else_gets_no_key(home: Path, tmp_path: Path) -> None:
    home.mkdir()
    (home / "thesis.txt").write_text("mine")
    with pytest.raises(HomeError, match="holds something else"):
        begin_locally(Home(home), tmp_path / "parties")
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


@pytest.mark.parametrize("there", ["home/log/key", "parties/charter", "parties/builder-2/key"])
def test_where_something_is_there_already_nothing_is_written(tmp_path: Path, there: str) -> None:
    (tmp_path / there).parent.mkdir(parents=True)
    (tmp_path / there).symlink_to("nowhere")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(HomeError, match=f"{there}: is there already, and nothing is written over"):
        begin_locally(Home(tmp_path / "home"), tmp_path / "parties")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_partner_s_program_has_its_own_keys_in_it(home: Path, tmp_path: Path) -> None:
    keys = [make_key(tmp_path / name, f"partner/{name}", scheme) for name, scheme in SCHEMES.items()]
    auditor, witness = (one.key for one in keys)
    watched = Watched(auditor, Witness("partner", witness, "http://127.0.0.1:9/witness/"))
    charter = begin_locally(Home(home), tmp_path / "parties", watched, "http://127.0.0.1:8/log/")
    assert charter == charter_of(home)
    assert [party.key for party in charter.parties if party.role == "auditor"] == [auditor]
    assert not (tmp_path / "parties" / "auditor").exists()
    assert charter.policy.quorum == "partner"
    assert charter.policy.witnesses == (watched.witness,)
    assert [log.url for log in charter.policy.logs] == ["http://127.0.0.1:8/log/"]
