"""`plainview import`, where the partner has, or has not, let the data set in."""

from __future__ import annotations

import shlex
from contextlib import closing
from pathlib import Path

import pytest

from plainview.ledger.acts import Admission, AnyAct
from plainview.platform.acts import Acts, NewAct
from plainview.platform.home import Home
from plainview.platform.log.opening import KEY
from plainview.records import Origin, Refusal
from plainview.records.fields import to_bytes
from tests.cli.homes import invoke as plainview
from tests.cli.test_import import invoke, let_in
from tests.platform.homes import begun, charter_of, parties_of, size_of
from tests.platform.imports.data_sets import RANDOM, T, kuairand, log_row
from tests.platform.parties import Parties
from tests.platform.towns import now


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return begun(tmp_path / "home").path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return kuairand(tmp_path / "kuairand")


def submit(home: Path, act: AnyAct, *by: str) -> None:
    with closing(Home(home).write()) as journal:
        acts = Acts(journal, now)
        journal.watch(acts.observe)
        assert not acts.submit(Parties(home).signed(act, *by)).reason


def admitted(home: Path, rows: int) -> None:
    """Let so many rows of kuairand's files in."""
    digest = refusals(home)[0].reason.split("digest ")[1].split()[0]
    submit(home, Admission(charter_of(home).origin, "kuairand", to_bytes(digest), "CC BY-SA 4.0", rows), "partner")


def refusals(home: Path) -> list[Refusal]:
    with closing(Home(home).read()) as journal:
        return [entry.record for entry in journal.of_kind("refusal") if isinstance(entry.record, Refusal)]


def asked_for(output: str) -> list[str]:
    """The command that a message says the partner has to give."""
    start = output.index("plainview act admission")
    return shlex.split(output[start:].split("`")[0].split("\n")[0])


def test_what_nobody_let_in_is_refused_and_that_is_journaled(home: Path, folder: Path) -> None:
    size = size_of(home)
    code, output = invoke("kuairand", folder, "--home", home)
    assert code == 2
    assert "error: origin kuairand was not let in" in output
    assert "Nothing of it was written but that it was tried." in output
    assert "run this again with --parties DIR" in output
    assert size_of(home) == size + 1
    (refusal,) = refusals(home)
    assert (refusal.origin, refusal.kind, refusal.rows) == ("kuairand", "origin", 1)


def test_the_command_it_names_lets_it_in(home: Path, folder: Path, tmp_path: Path) -> None:
    words = asked_for(invoke("kuairand", folder, "--home", home)[1])
    file = tmp_path / "kuairand.act"
    made = plainview(*words[1:3], file, *words[4:])
    assert (made.exit_code, words[3]) == (0, "kuairand.act"), made.output
    assert plainview("act", "sign", file, "--key", parties_of(home) / "partner" / KEY).exit_code == 0
    with closing(Home(home).write()) as journal:
        acts = Acts(journal, now)
        assert not acts.submit(NewAct(file.read_text())).reason
    code, output = invoke("kuairand", folder, "--home", home)
    assert (code, "11 of them new" in output) == (0, True), output
    with closing(Home(home).read()) as journal:
        (origin,) = (entry.record for entry in journal.of_kind("origin"))
    assert isinstance(origin, Origin)
    assert words[words.index("--data") + 1] == origin.digest
    assert words[words.index("--rows") + 1] == str(11 - 1 - 2)  # all records but the origin and the viewers


def test_parties_of_one_hand_let_it_in_and_it_says_what_that_is_worth(home: Path, folder: Path) -> None:
    size = size_of(home)
    code, output = let_in("kuairand", folder, home)
    assert (code, "11 of them new" in output) == (0, True), output
    assert f"kuairand was let in with the partner's key in {parties_of(home)}" in output
    assert "that proves nothing to others" in output
    code, output = let_in("kuairand", folder, home)
    assert (code, "was let in" in output) == (0, False)  # once is enough
    assert size_of(home) == size + 1 + 11


def test_others_keys_let_nothing_in(home: Path, folder: Path, tmp_path: Path) -> None:
    other = begun(tmp_path / "other").path
    size = size_of(home)
    code, output = invoke("kuairand", folder, "--home", home, "--parties", parties_of(other))
    assert (code, "error: note: no party of charter 0 has signed it" in output) == (2, True), output
    code, output = invoke("kuairand", folder, "--home", home, "--parties", tmp_path / "none")
    assert (code, "error: " in output, "none/partner/key" in output) == (2, True, True), output
    assert size_of(home) == size


def test_a_key_that_is_not_the_partners_lets_nothing_in(home: Path, folder: Path) -> None:
    key = parties_of(home) / "partner" / KEY
    key.unlink()
    key.write_bytes((parties_of(home) / "operator" / KEY).read_bytes())
    key.chmod(0o600)
    code, output = let_in("kuairand", folder, home)
    assert code == 2
    assert "could not let kuairand in: admission: signatures are missing: 1 more of partner" in output


def test_fewer_rows_than_there_are_begin_no_import(home: Path, folder: Path) -> None:
    invoke("kuairand", folder, "--home", home)
    admitted(home, 7)
    size = size_of(home)
    code, output = invoke("kuairand", folder, "--home", home)
    assert (code, "error: kuairand has 8 rows, and 7 were let in: nothing was written." in output) == (2, True), output
    assert asked_for(output)[-1] == "8"
    assert size_of(home) == size
    admitted(home, 8)
    assert invoke("kuairand", folder, "--home", home)[0] == 0


def test_other_files_of_that_name_are_not_let_in(home: Path, folder: Path) -> None:
    invoke("kuairand", folder, "--home", home)
    admitted(home, 100)
    with (folder / RANDOM).open("a") as file:
        file.write(log_row(0, 0, T) + "\n")
    code, output = invoke("kuairand", folder, "--home", home)
    assert (code, "origin kuairand was not let in" in output) == (2, True), output


def test_an_import_from_other_files_asks_no_partner(home: Path, folder: Path) -> None:
    assert let_in("kuairand", folder, home)[0] == 0
    size = size_of(home)
    with (folder / RANDOM).open("a") as file:
        file.write(log_row(0, 0, T) + "\n")
    code, output = let_in("kuairand", folder, home)
    assert (code, "was imported before from other files" in output) == (2, True), output
    assert size_of(home) == size


def test_a_dry_run_says_what_lets_it_in_and_writes_nothing(home: Path, folder: Path, tmp_path: Path) -> None:
    with (folder / RANDOM).open("a") as file:
        file.write(log_row(0, "x", T) + "\n")
    before, size = set(tmp_path.rglob("*")), size_of(home)
    with closing(Home(home).write()):  # a server may run meanwhile
        code, output = invoke("kuairand", folder, "--home", home, "--dry-run")
    assert (code, size_of(home)) == (0, size)
    assert "column video_id: 'x' is not a number" in output
    assert "kuairand: 11 records, 8 of them rows; digest " in output
    assert "nobody has let kuairand in, with files of digest " in output
    words = asked_for(output)
    assert words[words.index("--log") + 1] == charter_of(home).origin
    assert set(tmp_path.rglob("*")) - before <= {home / "journal.sqlite-wal", home / "journal.sqlite-shm"}
    # The partner looks at files of its own, without a journal: the same digest, and the log for them to fill in.
    code, output = invoke("kuairand", folder, "--home", tmp_path / "none", "--dry-run")
    assert code == 0
    assert "ORIGIN is the name of its log" in output
    other = asked_for(output)
    assert [one for one in other if one != "ORIGIN"] == [one for one in words if one != charter_of(home).origin]
    assert not (tmp_path / "none").exists()
    assert let_in("kuairand", folder, home)[0] == 0
    code, output = invoke("kuairand", folder, "--home", home, "--dry-run")
    assert (code, output.endswith("The partner has let it in.\n")) == (0, True), output


def test_a_dry_run_signs_nothing(home: Path, folder: Path) -> None:
    code, output = let_in("kuairand", folder, home, "--dry-run")
    assert (code, "error: --dry-run writes nothing: leave --parties out" in output) == (2, True), output
