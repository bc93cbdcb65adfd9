"""`plainview verify --charter DIGEST`: a charter's digest, and nothing else, is believed."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from plainview.cli.verify import verify
from plainview.ledger.charters import TITLE, digest_text
from plainview.ledger.inclusion import inclusion_proof
from plainview.ledger.log_proofs import LogProof
from plainview.ledger.policies import Log
from plainview.ledger.policy_files import encode_policy
from plainview.ledger.schemes import ED25519
from plainview.ledger.signers import Signer
from plainview.records import Release
from plainview.records.fields import to_bytes
from plainview.records.leaf import public_leaf
from tests.cli.test_verify import INSTALLED, only_verify, run
from tests.journal.drafts import approved
from tests.ledger.breaches import DEADLINE, late
from tests.ledger.chartered import CHARTER, POLICY, QUORUM, amended, note_of
from tests.ledger.contradictions import fork
from tests.ledger.logs import LOG, ORIGIN, signer
from tests.moderation.rules.packs import decision
from tests.oversight.chartered import CharteredLog, charter_entry
from tests.oversight.pages import answer

DIGEST = digest_text(CHARTER.digest())
NEW_KEY = Signer(ORIGIN, ED25519, b"\7" * 32)
LATER = amended(policy=replace(POLICY, logs=(Log(NEW_KEY.key),)))
ELSEWHERE = replace(CHARTER, origin="other", policy=replace(POLICY, logs=(Log(signer("other", ED25519).key),)))
FIRST, AMENDMENT = (charter_entry(note_of(one, *QUORUM), DEADLINE + 10**6) for one in (CHARTER, LATER))
AMENDED_AT = 250
TRUSTED = (
    f"Trusted: the charter {DIGEST} and nothing else; not proven: that this is what the parties of {ORIGIN!r} agreed "
    "on, and that nothing amends it since."
)
OF_FILES = TRUSTED.replace("on, and", "on, that the log has it, and")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory: a bundle, with a copy of the log in it, and the same files and the charters beside it."""
    monkeypatch.chdir(tmp_path)
    log = CharteredLog(tmp_path / "bundle" / "copy", {0: FIRST})
    log.publish(300, "north", "south")
    (tmp_path / "charter").write_bytes(note_of(CHARTER, *QUORUM).encode())
    (tmp_path / "amendment").write_bytes(note_of(LATER, *QUORUM).encode())
    (tmp_path / "policy").write_bytes(encode_policy(POLICY))
    for directory in (tmp_path, tmp_path / "bundle"):
        (directory / "120.json").write_bytes(answer(120))
        (directory / "page.tlog-proof").write_bytes(proof(log, 120, 300))
        (directory / "fork.tlog-misbehaviour").write_bytes(fork(200, 300, "north").encode())
        (directory / "late.tlog-broken-promise").write_bytes(late(120, 100, north=3, west=4).encode())
    return tmp_path


def proof(log: CharteredLog, index: int, size: int) -> bytes:
    note = log.show(size, "north", "south")
    return LogProof(index, inclusion_proof(index, size, log.tree.read), note).encode()


def of_directory(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str]]:
    code = verify(["bundle", *(arguments or ("--charter", DIGEST))])
    said = capsys.readouterr()
    assert said.err == ""
    return code, said.out.splitlines()


FILES = [
    ("page.tlog-proof", "--receipt", "120.json"),
    ("120.json",),
    ("fork.tlog-misbehaviour",),
    ("late.tlog-broken-promise",),
]


@pytest.mark.parametrize("arguments", FILES, ids=lambda arguments: arguments[0])
def test_a_file(files: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    code, said = run(capsys, *arguments, "--charter", DIGEST, "--charter-file", "charter")
    assert code == 0
    proven, not_proven, trusted = said.splitlines()
    assert (proven[:8], not_proven[:12], trusted) == ("Proven: ", "Not proven: ", OF_FILES)
    assert said.startswith(run(capsys, *arguments, "--policy", "policy")[1])


def test_what_the_charter_does_not_say(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = ("120.json", "--charter", DIGEST, "--charter-file", "charter")
    (files / "unsigned").write_bytes(note_of(CHARTER, "operator", "licensor").encode())
    (files / "altered").write_bytes((files / "charter").read_bytes().replace(b"number 0", b"number 1"))
    (files / "other").write_bytes(note_of(ELSEWHERE, *QUORUM).encode())
    (files / "takeover").write_bytes(note_of(LATER, "operator", "partner-1").encode())
    (files / "cut").write_bytes((files / "charter").read_bytes()[:-1])
    for arguments, message, expected in (
        (
            ("--charter-file", "unsigned"),
            "Not proven: unsigned: charter 0: signatures are missing: 2 more of partner",
            1,
        ),
        (("--charter-file", "altered"), "error: altered: charter: the first, and only", 2),
        (("--charter-file", "other"), "Not proven: other: the charter there is ", 1),
        (("--charter-file", "amendment"), "Not proven: amendment: the charter there is ", 1),
        (("--charter-file", "cut"), "error: cut: note: the last line has no newline", 2),
        (("--charter-file", "missing"), "error: missing: No such file", 2),
        (("--charter-file", "120.json"), "error: 120.json: note: ", 2),
        ((), "error: --charter: give the charter with that digest", 2),
    ):
        code, said = run(capsys, *good[:3], *arguments)
        assert (code, said[: len(message)]) == (expected, message)
    for arguments, message, expected in (
        (
            ("--charter-file", "takeover"),
            "Not proven: takeover: charter 1: signatures are missing: 1 more of licens",
            1,
        ),
        (("--charter-file", "amendment", "--charter-file", "charter"), "Not proven: 120.json: note: no signature", 1),
        (("--charter-file", "other"), "Not proven: other: charter 0: as that number, ", 1),
    ):
        code, said = run(capsys, *good, *arguments)
        assert (code, said[: len(message)]) == (expected, message)
    code, said = run(capsys, "120.json", "--charter", digest_text(ELSEWHERE.digest()), "--charter-file", "other")
    assert code == 1
    assert said == f"Not proven: 120.json: checkpoint of {ORIGIN!r}: the policy knows no log of this name.\n"
    for digest in ("", "AAAA", DIGEST[:-1] + "_", "é" * 43, "--policy"):
        code, said = run(capsys, "120.json", "--charter", digest, "--charter-file", "charter")
        assert (code, said[:17]) == (2, "error: --charter:")
    code, said = run(capsys, "120.json", "--charter", "-" * 42 + "8", "--charter-file", "charter")
    assert (code, said[:41]) == (1, "Not proven: charter: the charter there is")
    assert run(capsys, "missing", "--charter", DIGEST)[1].startswith("error: missing: No such file")
    assert run(capsys, "120.json", "--charter-file", "charter")[1].startswith("error: --charter-file: which charter")


def test_an_amendment_is_asked_too(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "new.json").write_bytes(answer(260, NEW_KEY))
    both = ("--charter", DIGEST, "--charter-file", "charter", "--charter-file", "amendment")
    code, said = run(capsys, "new.json", *both)
    assert code == 0
    which = f"charter 1, {digest_text(LATER.digest())}"
    assert said.endswith(f"agreed on, that the log has {which}, and that nothing amends it since.\n")
    code, said = run(capsys, "120.json", *both)
    assert (code, said[:55]) == (1, "Not proven: 120.json: note: no signature of a known key")
    assert said[55:] == "; by charter 1, the last given: what is from before that is judged without its file.\n"


def test_a_policy_beside_it(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("page.tlog-proof", "--receipt", "120.json", "--charter", DIGEST, "--charter-file", "charter")
    code, said = run(capsys, *arguments, "--policy", "policy")
    assert code == 0
    assert said.splitlines()[2] == OF_FILES.replace("nothing else", "the policy given")
    (files / "policy").write_bytes(encode_policy(replace(POLICY, quorum="north")))
    code, said = run(capsys, *arguments, "--policy", "policy")
    assert code == 0
    assert said.splitlines()[2] == (
        "The policy given is not that of charter 0, in force here: what is proven holds by both."
    )
    (files / "policy").write_bytes(encode_policy(replace(POLICY, quorum="west")))
    code, said = run(capsys, *arguments, "--policy", "policy")
    assert (code, said[:74]) == (1, "Not proven: page.tlog-proof: by the policy given: checkpoint 300 of 'feed.")
    code, said = run(capsys, "120.json", *arguments[3:], "--log", NEW_KEY.key.vkey())
    assert (code, said) == (1, "Not proven: 120.json: by the policy given: note: no signature of a known key.\n")


def test_a_directory(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = of_directory(capsys)
    assert code == 0
    assert lines[0] == (
        f"proven: copy: all 300 entries of the log {ORIGIN!r}, cosigned by north, south, lead to its root; the first "
        "is the charter, and charter 0 is in force"
    )
    assert lines[-2].startswith("5 of 5 hold; 2 of them convict. What each")
    assert lines[-1] == TRUSTED
    (files / "bundle" / "charter").write_bytes((files / "charter").read_bytes())
    (files / "bundle" / "an-amendment").write_bytes((files / "amendment").read_bytes())
    code, lines = of_directory(capsys)
    assert code == 0
    assert lines[1:3] == [
        f"proven: charter: charter 0 of the log {ORIGIN!r}, signed as it must be, and the copy in copy has it",
        f"proven: an-amendment: charter 1 of the log {ORIGIN!r}, signed as it must be; the copy in copy ends before it",
    ]
    assert of_directory(capsys, "--charter", DIGEST, "--policy", "policy")[0] == 0
    code, lines = of_directory(capsys, "--policy", "policy")
    assert code == 0
    assert lines[-2:-4:-1] == [
        f"unknown: {name}: none of the kinds that are checked" for name in ("charter", "an-amendment")
    ]


def test_the_decisions_of_a_copy(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    time = DEADLINE + 10**6
    release, made = (replace(one, time=time) for one in (approved().record, decision("law", "geo_disabled", ("DE",))))
    assert isinstance(release, Release)
    charter = replace(CHARTER, baseline=to_bytes(release.digest))
    first = charter_entry(note_of(charter, *QUORUM), time)
    given = ("--charter", digest_text(charter.digest()))
    wrong = "NOT PROVEN: copy: entry 9: decision 4 is not within the policies in force: "
    for other, code, said in (
        (made, 0, f"proven: copy: all 300 entries of the log {ORIGIN!r}, "),
        (
            replace(made, regions=("US",)),
            1,
            f"{wrong}policy law allows",
        ),
        (replace(made, policy="because"), 1, f"{wrong}version 3"),
    ):
        entries = {0: first, 7: public_leaf("release", release), 9: public_leaf("decision", other)}
        CharteredLog(files / "bundle" / "copy", entries).publish(300, "north", "south")
        (files / "bundle" / "page.tlog-proof").unlink(missing_ok=True)
        found, lines = of_directory(capsys, *given)
        assert (found, lines[0][: len(said)]) == (code, said)
        assert lines[0].endswith("; 1 decisions are within the policies in force") == (not code)
        assert of_directory(capsys, "--policy", "policy")[0] == 0  # who agreed on the policies nobody says then
    entries |= {9: public_leaf("decision", made), 11: public_leaf("decision", replace(made, video=8))}
    CharteredLog(files / "bundle" / "copy", entries).publish(300, "north", "south")
    used = "NOT PROVEN: copy: entry 11: decision 4 is not within the policies in force: its number is that of one on v"
    assert of_directory(capsys, *given)[1][0].startswith(used)
    CharteredLog(files / "bundle" / "copy", entries | {0: FIRST}).publish(300, "north", "south")
    refused = f"NOT PROVEN: copy: entry 7: release {release.digest} may not take charge: "
    assert of_directory(capsys)[1][0].startswith(refused)


@pytest.mark.parametrize("end", ["", "\n", "\nnumber x\n"])
def test_a_charter_that_is_cut_off(files: Path, capsys: pytest.CaptureFixture[str], end: str) -> None:
    (files / "bundle" / "cut-off").write_text(f"{TITLE}{end}")
    code, said = of_directory(capsys)
    assert (code, "not checked: cut-off: note: no empty line between text and signatures" in said) == (2, True)


def test_a_directory_without_a_copy(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "bundle" / "copy").rename(files / "copy")
    code, lines = of_directory(capsys)
    assert code == 1
    assert lines[0] == f"NOT PROVEN: 120.json: the charter {DIGEST} is not here"
    assert lines[-1] == f"Trusted: the charter {DIGEST} and nothing else; nothing was proven by it, as it is not here."
    (files / "bundle" / "z").write_bytes((files / "charter").read_bytes())
    code, lines = of_directory(capsys)
    assert code == 0
    assert lines[0] == f"proven: z: charter 0 of the log {ORIGIN!r}, signed as it must be"
    # In their order, whatever their names are.
    (files / "bundle" / "a").write_bytes((files / "amendment").read_bytes())
    code, lines = of_directory(capsys)
    assert code == 1
    assert [line[:10] for line in lines[:2]] == ["proven: z:", "proven: a:"]
    assert lines[2] == "NOT PROVEN: 120.json: note: no signature of a known key"
    (files / "bundle" / "b").write_bytes(note_of(amended(), *QUORUM).encode())
    (line,) = (line for line in of_directory(capsys)[1] if ": b: " in line)
    assert line.startswith("NOT PROVEN: b: charter 1: as that number, ")


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({}, "entry 0: is no charter"),
        ({0: FIRST[:-1]}, "entry 0: is no charter"),
        ({0: FIRST[:600]}, "entry 0: is no charter"),
        ({0: FIRST.replace(b"quorum partner 2", b"quorum partner 1")}, "entry 0: the charter there is"),
        ({0: AMENDMENT}, "entry 0: the charter there is"),
        ({0: charter_entry(note_of(ELSEWHERE, *QUORUM))}, "entry 0: the charter there is"),
        ({0: charter_entry(note_of(CHARTER, *QUORUM[1:]))}, "entry 0: charter 0: signatures are missing: 1 more of op"),
        ({0: FIRST, 9: charter_entry(note_of(LATER, *QUORUM[1:]))}, "entry 9: charter 1: signatures are missing"),
        ({0: FIRST, 9: FIRST}, "entry 9: charter 0: it is in force already"),
        ({0: FIRST, 9: AMENDMENT, 270: AMENDMENT}, "entry 270: charter 1: it is in force already"),
        ({0: FIRST, 9: AMENDMENT[:-9]}, "entry 9: is no charter"),
        ({0: FIRST, 9: AMENDMENT}, "note: no signature of a known key"),
    ],
)  # fmt: skip
def test_a_log_that_does_not_begin_and_go_on_as_it_must(
    files: Path, capsys: pytest.CaptureFixture[str], entries: dict[int, bytes], message: str
) -> None:
    CharteredLog(files / "bundle" / "copy", entries).publish(300, "north", "south")
    code, lines = of_directory(capsys)
    assert code == 1
    assert lines[0].startswith(f"NOT PROVEN: copy: {message}")


def test_a_log_without_entries_and_one_that_is_cut_off(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = CharteredLog(files / "bundle" / "copy", {})
    log.publish(0, "north", "south")
    code, lines = of_directory(capsys)
    assert (code, lines[0]) == (1, f"NOT PROVEN: copy: the charter {DIGEST} is not here")
    CharteredLog(files / "bundle" / "copy", {0: FIRST}).publish(2, "north", "south")
    (files / "bundle/copy/tile/entries/000.p/2").write_bytes(FIRST[:100])
    code, lines = of_directory(capsys)
    assert code == 1  # what rests on the charter is not proven without it
    assert lines[0].startswith("not checked: copy: tile/entries/000.p/2: ends at byte 100, within entry 0")


def test_a_quorum_that_the_charter_in_force_asks_for(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = CharteredLog(files / "bundle" / "copy", {0: FIRST})
    log.publish(300, "north")
    code, lines = of_directory(capsys)
    assert code == 1
    assert lines[0].startswith("NOT PROVEN: copy: checkpoint 300 of 'feed.example/log': quorum 'two' not reached")


def test_each_is_judged_by_the_charter_of_its_time(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = files / "bundle"
    log = CharteredLog(bundle / "copy", {0: FIRST, AMENDED_AT: AMENDMENT})
    log.publish(AMENDED_AT)
    (bundle / "page.tlog-proof").write_bytes(proof(log, 120, 200))
    log.publish(300)
    for name, by in (("old", LOG), ("new", NEW_KEY)):
        (bundle / f"{name}.json").write_bytes(answer(260, by))
    (bundle / "again.json").write_bytes(answer(120, NEW_KEY))  # as a log answers that has given up its old key
    log.show(300, "north", "south", by=NEW_KEY)
    code, lines = of_directory(capsys)
    assert code == 1
    assert lines[0].endswith("; the first is the charter, and charter 1 is in force")
    assert [line for line in lines if line.startswith("NOT PROVEN: ")] == [
        "NOT PROVEN: old.json: note: no signature of a known key",
        "NOT PROVEN: fork.tlog-misbehaviour: note: no signature of a known key",
    ]
    assert lines[1].startswith("proven: 120.json: ")
    assert lines[2].startswith("proven: again.json: ")
    assert lines[-1].endswith(f"agreed on, and that nothing amends charter 1, {digest_text(LATER.digest())}, since.")


def test_lateness_over_an_amendment_of_the_quorum(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = charter_entry(note_of(amended(policy=replace(POLICY, quorum="west")), *QUORUM), DEADLINE)
    first = charter_entry(note_of(CHARTER, *QUORUM), DEADLINE - 10**6)
    CharteredLog(files / "bundle" / "copy", {0: first, AMENDED_AT: other}).publish(300, "west")
    (files / "bundle" / "page.tlog-proof").unlink()
    code, lines = of_directory(capsys)
    assert code == 1
    (line,) = (line for line in lines if line.startswith("NOT PROVEN: "))
    assert line.startswith("NOT PROVEN: late.tlog-broken-promise: who must cosign was amended before the time was over")


def test_it_needs_only_what_verify_installs(files: Path) -> None:
    trust = ("--charter", DIGEST, "--charter-file", "charter")
    (files / "entry").write_bytes(CharteredLog(files, {}).entry(120))
    done = only_verify(files, "verify", "page.tlog-proof", "--entry", "entry", *trust)
    assert (done.returncode, done.stderr) == (0, "")
    for name in ("fork.tlog-misbehaviour", "late.tlog-broken-promise"):
        assert only_verify(files, "verify", name, *trust).returncode == 0
    done = only_verify(files, "verify", "bundle", "--charter", DIGEST, installed=f"{INSTALLED},numpy")
    assert (done.returncode, done.stderr) == (0, "")
