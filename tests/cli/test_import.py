"""`plainview import`, as a user meets it."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from plainview.cli.import_ import app
from plainview.journal.journal import now
from plainview.platform.home import Home
from plainview.platform.imports.tables import RowFault
from plainview.records import Impression, Origin
from tests.platform.homes import begun, parties_of
from tests.platform.imports.data_sets import STANDARD_2, T, kuairand, kuairec, log_row, parquet


def invoke(*arguments: object, columns: str = "200") -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": columns})
    return result.exit_code, result.output


def let_in(command: str, folder: Path, home: Path, *options: object, columns: str = "200") -> tuple[int, str]:
    """Import with the keys of the charter's parties."""
    return invoke(command, folder, "--home", home, "--parties", parties_of(home), *options, columns=columns)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return begun(tmp_path / "home").path


def test_import_twice(tmp_path: Path, home: Path) -> None:
    folder = kuairand(tmp_path / "kuairand")
    code, output = let_in("kuairand", folder, home)
    assert (code, "11 records" in output, "11 of them new" in output) == (0, True, True), output
    assert re.search(r"times shifted by [\d,]+ days$", output.strip())
    code, output = let_in("kuairand", folder, home)
    assert (code, "0 of them new" in output) == (0, True), output


def test_what_was_to_come_when_an_import_began_stays_out(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = kuairand(tmp_path / "kuairand")
    later = now() + 3_600_000
    with (folder / STANDARD_2).open("a") as file:
        file.write(log_row(1, 1, later) + "\n")
    code, output = let_in("kuairand", folder, home)
    assert (code, "11 of them new; 1 rows left out" in output) == (0, True), output
    monkeypatch.setattr("plainview.cli.import_.now", lambda: later + 1)
    code, output = let_in("kuairand", folder, home)
    assert (code, "0 of them new; 1 rows left out" in output) == (0, True), output


def test_a_journal_begins_with_a_charter_and_not_with_an_import(tmp_path: Path) -> None:
    code, output = invoke("kuairand", kuairand(tmp_path / "kuairand"), "--home", tmp_path / "new")
    assert (code, "no journal has begun here" in output, "plainview charter local" in output) == (2, True, True), output
    assert list((tmp_path / "new").iterdir()) == []


def test_keep_times(tmp_path: Path, home: Path) -> None:
    code, output = let_in("kuairand", kuairand(tmp_path / "kuairand"), home, "--keep-times")
    assert (code, "times kept" in output) == (0, True), output
    journal = Home(home).read()
    times = {entry.record.at for entry in journal.of_kind("impression") if isinstance(entry.record, Impression)}
    journal.close()
    assert times == {T + 10, T + 50, T + 70, T + 90}


def test_what_a_history_cannot_hold_is_counted(tmp_path: Path, home: Path) -> None:
    folder = parquet(tmp_path / "p")
    history = {"user_id": [1] * 1500, "pos": [*range(-1500, 0)], "video_id": [0] * 1500}
    history |= {"long_view": [0] * 1500, "is_like": [0] * 1500}
    pq.write_table(pa.table(history), folder / "history.parquet")
    code, output = let_in("kuairand", folder, home)
    assert code == 0
    assert (
        "0 rows left out; 500 rows of histories older than the latest 1,000 of their viewer left out; times" in output
    )


def test_faults_are_shown_and_written(tmp_path: Path, home: Path) -> None:
    folder = kuairand(tmp_path / "kuairand")
    with (folder / STANDARD_2).open("a") as file:
        file.writelines(log_row(1, f"[red]{i}", T) + "\n" for i in range(25))
    code, output = let_in("kuairand", folder, home)
    assert code == 0
    assert f"{STANDARD_2}, line 4, column video_id: '[red]0' is not a number" in output
    assert output.count("is not a number") == 20
    assert "25 rows left out (5 more not shown)" in output
    written = (home / "imports" / "kuairand.faults.jsonl").read_bytes().splitlines()
    assert [msgspec.json.decode(line, type=RowFault).line for line in written] == list(range(4, 29))


def test_a_refused_import_leaves_the_list_of_another(tmp_path: Path, home: Path) -> None:
    folder = kuairand(tmp_path / "kuairand")
    with (folder / STANDARD_2).open("a") as file:
        file.write(log_row(1, "x", T) + "\n")
    assert let_in("kuairand", folder, home)[0] == 0
    listed = home / "imports" / "kuairand.faults.jsonl"
    whole = listed.read_bytes()
    with (folder / STANDARD_2).open("a") as file:
        file.write(log_row(1, "y", T) + "\n")
    code, output = let_in("kuairand", folder, home)
    assert (code, "imported before from other files" in output, str(listed) in output) == (2, True, False)
    with closing(Home(home).write()):
        code, output = let_in("kuairand", folder, home)
    assert (code, "is not a number" in output) == (2, False), output
    assert listed.read_bytes() == whole
    assert [*listed.parent.iterdir()] == [listed]


@pytest.mark.parametrize("columns", ["40", ""])
def test_nothing_is_cut_off_at_any_width(tmp_path: Path, columns: str) -> None:
    folder = kuairand(tmp_path / ("long " * 20) / "[bold]kuairand")
    with (folder / STANDARD_2).open("a") as file:
        file.write(log_row(1, "\x1b[31m" + "9" * 1000, T) + "\n")
    begun(tmp_path / "[bold]home")
    code, output = let_in("kuairand", folder, tmp_path / "[bold]home", columns=columns)
    assert code == 0
    assert f"{STANDARD_2}, line 4, column video_id: '\\x1b[31m{'9' * 32}...' is not a number\n" in output
    assert str(tmp_path / "[bold]home" / "imports" / "kuairand.faults.jsonl\n") in output
    assert "11/11 0:00:0" in output


def test_a_second_data_set_with_the_same_ids(tmp_path: Path, home: Path) -> None:
    folder = kuairec(tmp_path / "kuairec")
    for path in (folder / "data").glob("*.csv"):
        path.write_text(path.read_text().replace("\n7,", "\n2,"))
    assert let_in("kuairand", kuairand(tmp_path / "kuairand"), home)[0] == 0
    code, output = let_in("kuairec", folder, home)
    assert code == 2
    assert "error: 1 video ids of kuairec are taken in this journal, the first is 2" in output


def origins(home: Path) -> list[tuple[str, str, str]]:
    with closing(Home(home).read()) as journal:
        records = [entry.record for entry in journal.of_kind("origin")]
    return [(record.origin, record.source, record.licence) for record in records if isinstance(record, Origin)]


@pytest.mark.parametrize(("command", "made"), [("kuairand", parquet), ("kuairec", kuairec)])
def test_rows_of_ones_own_are_named_as_such(
    tmp_path: Path, home: Path, command: str, made: Callable[[Path], Path]
) -> None:
    folder = made(tmp_path / "log")
    mine = ("--name", "my-log", "--source", "example.org", "--licence", "our own")
    code, output = let_in(command, folder, home, *mine)
    assert (code, "my-log: " in output, str(home / "imports" / "my-log.faults.jsonl") in output) == (0, True, True)
    assert origins(home) == [("my-log", "example.org", "our own")]
    with closing(Home(home).read()) as journal:
        entries = [entry for kind in ("video", "impression", "history") for entry in journal.of_kind(kind)]
    assert {getattr(entry.record, "origin", None) for entry in entries} == {"my-log"}
    code, output = let_in(command, folder, home, *mine)
    assert (code, "0 of them new" in output) == (0, True), output
    code, output = let_in(command, folder, home, *mine[:3], "elsewhere", *mine[4:])
    assert (code, "imported before as of 'example.org', licence 'our own'" in output) == (2, True), output
    assert origins(home) == [("my-log", "example.org", "our own")]


@pytest.mark.parametrize(
    ("name", "source", "licence", "said"),
    [
        ("mine", None, None, "--name, --source and --licence go together"),
        (None, "example.org", "ours", "--name, --source and --licence go together"),
        ("My log", "example.org", "ours", "--name 'My log': give 1 to 64 lower-case letters"),
        ("../mine", "example.org", "ours", "--name '../mine': give"),
        ("upload", "example.org", "ours", "and not upload"),
        ("kuairand", "example.org", "ours", "--name kuairand: a published data set has this name"),
        ("kuairec", "example.org", "ours", "--name kuairec: a published data set has this name"),
        ("mine", " ", "ours", "--source ' ': give a line of 1 to 2,000 characters"),
        ("mine", "example.org", "x" * 2001, "--licence 'xxx"),
        ("mine", "example.org\n", "ours", "--source 'example.org\\n'"),
    ],
)
def test_a_name_that_cannot_be(
    tmp_path: Path, home: Path, name: str | None, source: str | None, licence: str | None, said: str
) -> None:
    given = {"--name": name, "--source": source, "--licence": licence}
    options = [word for option, value in given.items() if value is not None for word in (option, value)]
    code, output = let_in("kuairand", kuairand(tmp_path / "kuairand"), home, *options)
    assert (code, said in output) == (2, True), output
    assert not (home / "imports").exists()


def test_a_folder_that_is_not_there(tmp_path: Path, home: Path) -> None:
    for folder in (tmp_path / "gone", "~nobody-here/gone"):
        code, output = let_in("kuairec", folder, home)
        assert (code, f"error: {folder}: no such folder" in output) == (2, True)


def test_a_file_that_cannot_be_read(tmp_path: Path, home: Path) -> None:
    folder = kuairand(tmp_path / "kuairand")
    (folder / STANDARD_2).unlink()
    (folder / STANDARD_2).symlink_to("/proc/self/mem")
    code, output = let_in("kuairand", folder, home)
    assert (code, "error: " in output, "Input/output error; check the file" in output) == (2, True, True), output
