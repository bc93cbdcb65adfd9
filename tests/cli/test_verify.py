from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from plainview.cli.verify import verify
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.misbehaviour import Misbehaviour
from plainview.ledger.notes import Note
from plainview.ledger.policies import Group, Policy
from plainview.ledger.policy_files import encode_policy
from plainview.ledger.schemes import ED25519
from plainview.ledger.signers import Signer
from plainview.ledger.tree import Tree
from tests.ledger.breaches import late, other, twice
from tests.ledger.contradictions import fork, rollback, split
from tests.ledger.logs import LOG, ORIGIN, WITNESSES, checkpoint
from tests.ledger.trees import entry, tree
from tests.ledger.witnessed import POLICY, log_proof
from tests.oversight.pages import answer, page_entry

TREE = tree(300)
PAGES = Tree(leaf_hash(page_entry(index)) for index in range(300))
OTHER_KEY = Signer(ORIGIN, ED25519, bytes(32)).key.vkey()
"""Of the log's name, and not the log's."""

ONLY_VERIFY = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in allowed and top not in sys.stdlib_module_names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

allowed = set(sys.argv.pop(1).split(","))
sys.meta_path.insert(0, Absent())
from plainview.cli import main
main()
"""
INSTALLED = "plainview,msgspec,cryptography,_cffi_backend,cffi"
"""What the command may import: of what plainview[verify] installs, the ledger's part."""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory, which becomes the current one, with a policy, an entry, and a proof of each kind."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy").write_bytes(encode_policy(POLICY))
    (tmp_path / "entry").write_bytes(entry(77))
    (tmp_path / "good.tlog-proof").write_bytes(log_proof(TREE, 77, "north", "south", extra=b"salt").encode())
    (tmp_path / "fork.tlog-misbehaviour").write_bytes(fork(200, 300, "north").encode())
    (tmp_path / "page.json").write_bytes(answer(120))
    (tmp_path / "page.tlog-proof").write_bytes(log_proof(PAGES, 120, "north", "south").encode())
    (tmp_path / "late.tlog-broken-promise").write_bytes(late(120, 100, north=3, west=4).encode())
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit code, and what was said, on standard output if it is 0 and else on standard error."""
    code = verify(arguments)
    said = capsys.readouterr()
    assert (said.err, said.out)[code > 0] == ""
    return code, said.out + said.err


def test_an_entry(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(capsys, "good.tlog-proof", "--policy", "policy", "--entry", "entry")
    assert code == 0
    assert said == (
        f"Proven: entry is entry 77 of 300 in the log {ORIGIN!r}, whose root the log's key signed, and which was "
        "cosigned by north (2026-09-21 14:13:21 UTC), south (2026-09-21 14:13:22 UTC), which reaches the quorum "
        "'two'.\n"
        "Not proven: that what the entry says is true, and that everybody is shown this same log, for which there is "
        "the word of those who cosigned; the file's extra data, which nothing signs.\n"
    )


def test_a_logs_key_is_enough_where_no_witness_is_asked_for(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(capsys, "good.tlog-proof", "--log", LOG.key.vkey(), "--entry", "entry")
    assert code == 0
    assert "signed, and no witness of the policy.\n" in said
    assert "this same log; the file's" in said


@pytest.mark.parametrize(
    ("proof", "sentence"),
    [
        (fork(200, 300, "north"), "the log and witness north signed trees of 200 and of 300 entries"),
        (split(300), "the log signed two different trees of 300 entries"),
        (rollback(200, 300, WITNESSES["north"]), "witness north signed 200 entries as all there were"),
    ],
)
def test_misbehaviour(files: Path, capsys: pytest.CaptureFixture[str], proof: Misbehaviour, sentence: str) -> None:
    (files / "proof").write_bytes(proof.encode())
    code, said = run(capsys, "proof", "--policy", "policy")
    assert code == 0
    assert said.startswith(f"Proven: {sentence}")
    assert len(said.splitlines()) == 2


def test_a_pages_receipt(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(capsys, "page.json", "--policy", "policy")
    assert code == 0
    assert said == (
        f"Proven: the log {ORIGIN!r} promised to have the page in page.json as its entry 120 by 2026-09-21 14:13:20 "
        "UTC.\n"
        "Not proven: that it has it, which its .tlog-proof shows (GET /v1/pages/120/proof); that what the page's "
        "record says is true, and that page.json says the same beside its receipt.\n"
    )


def test_a_page_is_in_the_log(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(capsys, "page.tlog-proof", "--policy", "policy", "--receipt", "page.json")
    assert code == 0
    assert said.startswith(f"Proven: the page in page.json is entry 120 of 300 in the log {ORIGIN!r}, whose root")


def test_broken_promises(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(capsys, "late.tlog-broken-promise", "--policy", "policy")
    assert code == 0
    assert said.startswith("Proven: the log broke its promise of entry 120")
    assert "3,000 ms after its deadline, and later, its 100 entries were cosigned" in said
    assert "nor anything, if 1 of those who cosigned late said what was not true" in said
    (files / "other").write_bytes(other(120, tree(300, "b")).encode())
    code, said = run(capsys, "other", "--log", LOG.key.vkey())
    assert code == 0
    assert "in the tree of 300 entries that it signed, another stands there.\n" in said
    (files / "twice").write_bytes(twice(120).encode())
    code, said = run(capsys, "twice", "--log", LOG.key.vkey())
    assert code == 0
    assert "it promised two different ones, of which only one can stand there.\n" in said
    assert "Not proven: which of the two it keeps" in said
    code, said = run(capsys, "late.tlog-broken-promise", "--log", LOG.key.vkey())
    assert code == 1
    assert "need not share one" in said


ODD = [os.fsdecode(b"n\xff"), "n\x9b31m", "n\u202e"]
"""Names that a policy may give a witness and a terminal must not be given."""


def odd(name: str, other: str = "south") -> bytes:
    """The policy, in which witness north is called `name`; `other` is left out."""
    witnesses = tuple(replace(one, name=name if one.name == "north" else one.name) for one in POLICY.witnesses)
    members = (name, *(one for one in WITNESSES if one not in ("north", other)))
    kept = tuple(one for one in witnesses if one.name != other)
    return encode_policy(Policy(POLICY.logs, kept, (Group("two", 2, members),), "two"))


@pytest.mark.parametrize("name", ODD)
def test_a_witness_may_have_any_name(files: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    (files / "policy").write_bytes(odd(name))
    (files / "back").write_bytes(rollback(200, 300, WITNESSES["north"]).encode())
    (files / "good.tlog-proof").write_bytes(log_proof(TREE, 77, "north", "west").encode())
    for arguments in (
        ("good.tlog-proof", "--entry", "entry"),
        ("back",),
        ("fork.tlog-misbehaviour",),
        ("late.tlog-broken-promise",),
    ):
        code, said = run(capsys, *arguments, "--policy", "policy")
        assert code == 0
        assert ascii(name) in said
        assert said.replace("\n", "").isprintable()


def test_what_is_not_proven(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "other").write_bytes(entry(78))
    (files / "one.tlog-proof").write_bytes(log_proof(TREE, 77, "north").encode())
    (files / "forged.json").write_bytes(answer(120, body="{}"))
    (files / "78.json").write_bytes(answer(78))
    (files / "78.tlog-proof").write_bytes(log_proof(TREE, 78, "north", "south").encode())
    honest = [Note(text, (LOG.sign(text),)) for text in (checkpoint(TREE, size).text() for size in (200, 300))]
    (files / "honest").write_bytes(Misbehaviour(honest[0], honest[1], fork(200, 300).hashes).encode())
    for arguments, message in (
        (("good.tlog-proof", "--policy", "policy", "--entry", "other"), "leads to another root"),
        (("one.tlog-proof", "--policy", "policy", "--entry", "entry"), "quorum 'two' not reached"),
        (("good.tlog-proof", "--log", OTHER_KEY, "--entry", "entry"), "no signature of a known key"),
        (("forged.json", "--policy", "policy"), "its commitment is not"),
        (("page.json", "--log", OTHER_KEY), "no signature of a known key"),
        (("78.tlog-proof", "--policy", "policy", "--receipt", "78.json"), "leads to another root"),
        (("page.tlog-proof", "--policy", "policy", "--receipt", "78.json"), "a proof of entry 120 of 'feed"),
        (("honest", "--policy", "policy"), "do not lead to the root of 300"),
    ):
        code, said = run(capsys, *arguments)
        assert (code, said.count("\n")) == (1, 1)
        assert said.startswith(f"Not proven: {arguments[0]}: ")
        assert message in said


def test_what_cannot_be_checked(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "cut").write_bytes((files / "good.tlog-proof").read_bytes()[:-1])
    (files / "cut.json").write_bytes(answer(120)[:-1])
    (files / "long").write_bytes(bytes(70_000))
    for arguments, message in (
        (("good.tlog-proof", "--policy", "policy"), "give its exact bytes as --entry"),
        (("good.tlog-proof", "--entry", "entry"), "whose keys are believed"),
        (("good.tlog-proof", "--policy", "nothing", "--entry", "entry"), "nothing: No such file"),
        (("good.tlog-proof", "--policy", "entry", "--entry", "entry"), "entry: policy, line 1"),
        (("good.tlog-proof", "--log", "x", "--entry", "entry"), "--log: vkey"),
        (("good.tlog-proof", "--policy", "policy", "--log", "x", "--entry", "entry"), "error: --log: vkey"),
        (("good.tlog-proof", "--policy", "policy", "--log", LOG.key.vkey(), "--entry", "entry"), "is there already"),
        (("good.tlog-proof", "--policy", "policy", "--entry", "long"), "more than 65,535 bytes"),
        (("good.tlog-proof", "--policy", "policy", "--entry", "."), "Is a directory"),
        (("fork.tlog-misbehaviour", "--policy", "policy", "--entry", "entry"), "of no entry"),
        (("page.json", "--policy", "policy", "--receipt", "page.json"), "of no entry"),
        (("good.tlog-proof", "--policy", "policy", "--receipt", "entry"), "entry: receipt: not JSON"),
        (("cut.json", "--policy", "policy"), "cut.json: receipt: not JSON"),
        (("cut", "--policy", "policy", "--entry", "entry"), "cut: note"),
        (("entry", "--policy", "policy", "--entry", "entry"), "neither a .tlog-proof nor"),
        (("nothing", "--policy", "policy", "--entry", "entry"), "nothing: No such file"),
        (("x" * 256, "--policy", "policy", "--entry", "entry"), "x: File name too long"),
    ):
        code, said = run(capsys, *arguments)
        assert (code, said.count("\n")) == (2, 1), arguments
        assert said.startswith("error: ")
        assert message in said


def test_a_receipt_that_does_not_hold_is_named(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "forged.json").write_bytes(answer(120, body="{}"))
    code, said = run(capsys, "page.tlog-proof", "--policy", "policy", "--receipt", "forged.json")
    assert code == 1
    assert said.startswith("Not proven: forged.json: receipt: its commitment")


def test_a_mistyped_option_is_a_usage_error(files: Path) -> None:
    with pytest.raises(SystemExit) as error:
        verify(["good.tlog-proof", "--polici", "policy"])
    assert error.value.code == 2


def only_verify(files: Path, *arguments: str, installed: str = INSTALLED) -> subprocess.CompletedProcess[str]:
    """`plainview ARGUMENTS` where nothing else is installed."""
    return subprocess.run(
        [sys.executable, "-c", ONLY_VERIFY, installed, *arguments], cwd=files, capture_output=True, text=True
    )


def test_it_needs_only_what_verify_installs(files: Path) -> None:
    done = only_verify(files, "verify", "good.tlog-proof", "--policy", "policy", "--entry", "entry")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Proven: ")
    done = only_verify(files, "verify", "fork.tlog-misbehaviour", "--policy", "policy")
    assert (done.returncode, done.stderr) == (0, "")
    done = only_verify(files, "verify", "late.tlog-broken-promise", "--policy", "policy")
    assert (done.returncode, done.stderr) == (0, "")
    done = only_verify(files, "verify", "page.json", "--policy", "policy", installed=f"{INSTALLED},numpy")
    assert (done.returncode, done.stderr) == (0, "")
    assert only_verify(files, "verify", "--help").stdout.startswith("usage: plainview verify")


def test_other_commands_say_what_to_install(files: Path) -> None:
    for arguments in ((), ("serve",)):
        done = only_verify(files, *arguments)
        assert done.returncode == 2
        assert done.stderr == (
            "error: typer is needed and not installed; install plainview[serve]: plainview[verify] is enough for "
            "`plainview verify` and `plainview why`\n"
        )
