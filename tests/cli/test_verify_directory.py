"""`plainview verify DIR`."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from plainview.cli.verify import FILE_LIMIT, verify
from plainview.ledger.inclusion import inclusion_proof
from plainview.ledger.log_proofs import LogProof
from plainview.ledger.policy_files import encode_policy
from tests.cli.test_verify import INSTALLED, ODD, odd, only_verify
from tests.ledger.breaches import late
from tests.ledger.contradictions import PARTED, fork
from tests.ledger.logs import LOG, ORIGIN
from tests.ledger.witnessed import POLICY
from tests.oversight.mirror.logs import DirectoryLog
from tests.oversight.pages import PageLog, answer, other_answer
from tests.storage.powerless import powerless


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A policy, a log of 300 pages, two receipts, a proof and what convicts, in a directory beside the current one."""
    monkeypatch.chdir(tmp_path)
    bundle = tmp_path / "bundle"
    log = PageLog(bundle / "copy")
    log.publish(290)
    log.publish(300, "north", "south")
    (bundle / "policy").write_bytes(encode_policy(POLICY))
    (bundle / "120.json").write_bytes(answer(120))
    (bundle / "later.json").write_bytes(answer(400))
    (bundle / "page-120.tlog-proof").write_bytes(proof(log, 120, 200))
    (bundle / "fork.tlog-misbehaviour").write_bytes(fork(200, 300, "north").encode())
    (bundle / "renamed").write_bytes(late(120, 100, north=3, west=4).encode())
    return bundle


def proof(log: PageLog, index: int, size: int) -> bytes:
    note = log.show(size, "north", "south")
    log.show(log.tree.size, "north", "south")
    return LogProof(index, inclusion_proof(index, size, log.tree.read), note).encode()


def run(capsys: pytest.CaptureFixture[str], directory: str = "bundle") -> tuple[int, list[str]]:
    code = verify([directory, "--policy", "bundle/policy"])
    said = capsys.readouterr()
    assert said.err == ""
    return code, said.out.splitlines()


def test_all_of_it_holds(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = run(capsys)
    assert code == 0
    begins = [
        f"proven: copy: all 300 entries of the log {ORIGIN!r}, cosigned by north, south, lead to its root",
        f"proven: 120.json: the log {ORIGIN!r} promised to have the page in 120.json as its entry 120 by",
        f"proven: later.json: the log {ORIGIN!r} promised to have the page in later.json as its entry 400 by",
        "proven: fork.tlog-misbehaviour: the log and witness north signed trees",
        "proven: page-120.tlog-proof: the page in 120.json is entry 120 of 200",
        "proven: renamed: the log broke its promise of entry 120",
        "6 of 6 hold; 2 of them convict. What each",
    ]
    assert [line[: len(begin)] for line, begin in zip(lines, begins, strict=True)] == begins
    assert lines[1].endswith(", and the copy in copy has it")
    assert lines[2].endswith("; the copy in copy ends before it")


def test_two_receipts_of_one_entry(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bundle / "later-again.json").write_bytes(answer(400))
    assert run(capsys)[0] == 0
    (bundle / "other.json").write_bytes(other_answer(400))
    code, lines = run(capsys)
    assert code == 1
    (line,) = (line for line in lines if line.startswith("NOT PROVEN: other.json: "))
    assert ", and the page in later-again.json is promised as that entry, too: `plainview mirror --receipts`" in line


@pytest.mark.parametrize("name", ODD)
def test_a_witness_may_have_any_name(bundle: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    PageLog(bundle / "copy").publish(300, "north", "west")
    (bundle / "policy").write_bytes(odd(name))
    (bundle / "page-120.tlog-proof").unlink()
    code, lines = run(capsys)
    assert code == 0
    assert f"cosigned by {name!a}, west, lead" in lines[0]
    assert "".join(lines).isprintable()


def test_what_is_of_no_known_kind_is_named(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bundle / "notes.txt").write_text("receipt\n")
    (bundle / "a\x1b[2J\nb").write_bytes(b"")
    for mirrors in ("lock", "pending"):
        (bundle / "copy" / mirrors).write_bytes(b"")
    (bundle / "copy/tile/0/007").write_bytes(bytes(8192))
    (bundle / "link").symlink_to(bundle / "copy", target_is_directory=True)
    os.mkfifo(bundle / "pipe.json")
    code, lines = run(capsys)
    assert code == 0
    assert [line.split(": ")[1] for line in lines if line.startswith("unknown: ")] == [
        "'a\\x1b[2J\\nb'", "copy/tile/0/007", "link", "notes.txt", "pipe.json",
    ]  # fmt: skip
    assert lines[-1].startswith("6 of 6 hold; 2 of them convict; 5 unknown.")


@pytest.mark.parametrize(
    ("file", "data", "message", "code"),
    [
        ("120.json", answer(120, body="{}"), "NOT PROVEN: 120.json: receipt: its commitment is not", 1),
        (
            "120.json",
            answer(120, body="{}"),
            "proven: page-120.tlog-proof: what the copy in copy has there is entry",
            1,
        ),
        ("120.json", answer(120)[:-1], "not checked: 120.json: receipt: not JSON", 2),
        ("page-120.tlog-proof", b"", "not checked: page-120.tlog-proof: tlog-proof: no empty line", 2),
        ("copy/tile/entries/000", None, "NOT PROVEN: copy: tile/entries/000: entry 2 has not the hash", 1),
        ("copy/tile/0/001.p/44", None, "NOT PROVEN: copy: tile/", 1),
        ("copy/tile/0/001.p/34", None, "NOT PROVEN: copy: tile/0/001.p/34: not how a wider tile", 1),
        ("copy/tile/entries/001.p/34", None, "NOT PROVEN: copy: tile/entries/001.p/34: entry 258 has not", 1),
        ("copy/tile/1/000.p/1", bytes(31), "not checked: copy: tile/1/000.p/1: 1 hashes have 32 bytes", 2),
        ("copy/checkpoint", None, "NOT PROVEN: copy: signature of ", 1),
        ("copy/checkpoint", b"", "not checked: copy: note", 2),
    ],
)
def test_what_does_not_hold(
    bundle: Path, capsys: pytest.CaptureFixture[str], file: str, data: bytes | None, message: str, code: int
) -> None:
    changed = (bundle / file).read_bytes()
    (bundle / file).write_bytes(changed[:150] + bytes([changed[150] ^ 1]) + changed[151:] if data is None else data)
    found, lines = run(capsys)
    assert found == code
    assert message in "\n".join(lines)
    assert lines[-1].startswith(("4 of 6", "5 of 6"))


def test_a_proof_of_an_entry_that_is_not_here(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(bundle / "copy")
    (bundle / "120.json").unlink()
    code, lines = run(capsys)
    assert code == 2
    assert any(line.startswith("not checked: page-120.tlog-proof: of entry 120") for line in lines)


def test_proofs_of_two_histories(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = PageLog(bundle / "other", "b", common=121)
    other.publish(300)
    (bundle / "page-120-again.tlog-proof").write_bytes(proof(other, 120, 200))
    for name in ("copy", "other"):
        shutil.rmtree(bundle / name)
    code, lines = run(capsys)
    assert code == 1
    (line,) = (line for line in lines if line.startswith("NOT PROVEN: "))
    assert line == (
        "NOT PROVEN: page-120.tlog-proof: its tree of 200 entries is not that of page-120-again.tlog-proof: the log "
        "forked"
    )


def test_copies_of_one_log(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    PageLog(bundle / "an-older-copy").publish(200, "north", "south")
    assert run(capsys)[0] == 0
    PageLog(bundle / "forked", "b", common=199).publish(200, "north", "south")
    code, lines = run(capsys)
    assert code == 1
    assert "NOT PROVEN: forked: its tree of 200 entries and that of the copy in copy are of two histories" in lines


def test_what_convicts_and_the_copy(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, lines = run(capsys)
    assert lines[3].endswith("; the copy in copy has neither of the two trees")
    assert lines[5].endswith("; the copy in copy has another there")
    for log, which, there in (("a", "first", "it"), ("b", "second", "another there")):
        shutil.rmtree(bundle / "copy")
        DirectoryLog(bundle / "copy", log, common=PARTED).publish(300, "north", "south")
        _, lines = run(capsys)
        assert lines[3].endswith(f"; the copy in copy has the {which} of the two trees")
        assert lines[5].endswith(f"; the copy in copy has {there}")
    DirectoryLog(bundle / "copy").publish(90, "north", "south")
    _, lines = run(capsys)
    assert lines[5].endswith("; the copy in copy ends before it")


def test_files_of_the_log_that_are_not_there(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bundle / "copy/tile/entries/000").unlink()
    code, lines = run(capsys)
    assert code == 2
    assert lines[0].startswith("not checked: copy: bundle/copy/tile/entries/000: No such file")
    shutil.rmtree(bundle / "copy/tile")
    code, lines = run(capsys)
    assert code == 2
    assert lines[0].startswith("not checked: copy: bundle/copy/tile/")


def test_a_copy_that_is_of_another_history_than_the_rest(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(bundle / "copy")
    PageLog(bundle / "copy", "b", common=119).publish(300, "north", "south")
    code, lines = run(capsys)
    assert code == 1
    assert lines[0].startswith("proven: copy: all 300")
    assert lines[1].startswith("NOT PROVEN: 120.json: the log ")
    assert "in the copy in copy another entry stands there" in lines[1]
    assert any(line.startswith("NOT PROVEN: page-120.tlog-proof: its tree of 200 entries is not") for line in lines)


def test_the_tiles_of_a_copy_may_lie_elsewhere(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    elsewhere = bundle.with_name("disk")
    (bundle / "copy/tile").rename(elsewhere)
    (bundle / "copy/tile").symlink_to(elsewhere)
    (elsewhere / "0/000").rename(bundle.with_name("000"))
    (elsewhere / "0/000").symlink_to(bundle.with_name("000"))
    (elsewhere / "diary").touch()
    code, lines = run(capsys)
    assert code == 0
    assert lines[0].startswith("proven: copy: all 300 entries")
    assert not any("diary" in line for line in lines)


@pytest.mark.parametrize("place", ["checkpoint", "tile", "tile/0", "tile/0/000", "tile/0/001.p/34", "tile/entries/000"])
@pytest.mark.parametrize("target", ["itself", "pipe", "/dev/zero", "/proc/self/mem", "../.."])
def test_what_is_no_file_is_waited_for_nowhere(
    bundle: Path, capsys: pytest.CaptureFixture[str], place: str, target: str
) -> None:
    for path in (bundle / "copy" / place, bundle / "sub", bundle / "x.json"):
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        if target == "pipe":
            os.mkfifo(path)
        else:
            path.symlink_to(path if target == "itself" else target)
    code, lines = run(capsys)
    assert [line for line in lines if line.startswith("unknown: ")][-2:] == [
        f"unknown: {name}: none of the kinds that are checked" for name in ("sub", "x.json")
    ]
    if target == "../.." and place in ("checkpoint", "tile/0/001.p/34"):  # a directory is none of its files
        assert code == 0
    else:
        assert code == 2
        assert lines[0].startswith("not checked: copy: ")


@pytest.mark.parametrize(("mode", "inside"), [(0, ""), (0o444, ""), (0, "in"), (0o444, "in")])
def test_what_may_not_be_looked_into_is_told(capsys: pytest.CaptureFixture[str], mode: int, inside: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        shut = Path(place) / "shut"
        (shut / "in").mkdir(parents=True)
        shut.chmod(mode)
        with powerless():
            code = verify([str(shut / inside), "--log", LOG.key.vkey()])
        shut.chmod(0o755)
    said = capsys.readouterr()
    assert (code, said.out, said.err.count("\n")) == (2, "", 1)
    assert said.err.startswith(f"error: {shut}")
    assert said.err.endswith(": Permission denied\n")


def test_any_name_can_be_told(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bundle / os.fsdecode(b"\xff\x1b.json")).write_bytes(answer(121))
    (bundle / os.fsdecode(b"\xff\n.json")).write_bytes(b"")
    (bundle / os.fsdecode(b"\xff\n")).mkdir()
    (bundle / os.fsdecode(b"\xff\n/checkpoint")).mkdir()
    (bundle / os.fsdecode(b"\xff\n/x.json")).write_bytes(b" " * (FILE_LIMIT + 1))
    code, lines = run(capsys)
    assert code == 2
    assert len(lines) == 6 + 1 + 3
    assert all(line.isprintable() for line in lines)


def test_a_mirrors_directory_itself(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = run(capsys, "bundle/copy")
    assert code == 0
    assert lines[0].startswith("proven: bundle/copy: all 300 entries")


def test_a_directory_that_cannot_be_checked(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bundle / "empty").mkdir()
    for arguments, message in (
        (("bundle/empty",), "bundle/empty: nothing in it that can be checked"),
        (("bundle", "--receipt", "bundle/120.json"), "bundle: is a directory, whose receipts"),
    ):
        assert verify([*arguments, "--policy", "bundle/policy"]) == 2
        said = capsys.readouterr()
        assert (said.out, said.err.count("\n")) == ("", 1)
        assert said.err.startswith(f"error: {message}")


def test_it_needs_only_what_verify_installs(bundle: Path) -> None:
    done = only_verify(bundle, "verify", ".", "--policy", "policy", installed=f"{INSTALLED},numpy")
    assert (done.returncode, done.stderr) == (0, "")
