"""A log that two witnesses cosign, a mirror that follows it, and a forked copy of it: by the commands alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from plainview.ledger.consistency import consistency_proof
from plainview.ledger.inclusion import inclusion_proof
from plainview.ledger.keys import VerifierKey
from plainview.ledger.log_proofs import LogProof
from plainview.ledger.notes import Note, parse_note
from plainview.ledger.policies import Group, Log, Policy, Witness
from plainview.ledger.policy_files import encode_policy
from plainview.ledger.schemes import ED25519
from plainview.ledger.submissions import Submission
from tests.cli.homes import invoke, one_line
from tests.ledger.logs import LOG, signer
from tests.oversight.mirror.logs import DirectoryLog, Served, served
from tests.oversight.witness.processes import Process, two_witnesses


class WitnessedLog(DirectoryLog):
    """Publishes what its witnesses have cosigned."""

    witnesses: list[Process]

    def grow(self, old: int, new: int) -> list[int]:
        """From a size the witnesses know to another: their answers' statuses."""
        note = self.publish(new)
        body = Submission(old, consistency_proof(old, new, self.tree.read), note).encode()
        answers = [witness.ask("/add-checkpoint", body) for witness in self.witnesses]
        lines = b"".join(content for status, _, content in answers if status == 200)
        self.put("checkpoint", note.encode() + lines)
        return [status for status, _, _ in answers]

    def note(self) -> Note:
        return parse_note((self.directory / "checkpoint").read_bytes())


@pytest.fixture
def witnesses(tmp_path: Path) -> Iterator[list[tuple[Process, VerifierKey]]]:
    with two_witnesses(tmp_path, LOG.key) as started:
        yield started


@pytest.fixture
def log(tmp_path: Path, witnesses: list[tuple[Process, VerifierKey]]) -> WitnessedLog:
    log = WitnessedLog(tmp_path / "log")
    log.witnesses = [process for process, _ in witnesses]
    return log


@pytest.fixture
def server(log: WitnessedLog) -> Iterator[Served]:
    log.directory.mkdir()
    with served(log.directory) as server:
        yield server


@pytest.fixture
def policy(tmp_path: Path, server: Served, witnesses: list[tuple[Process, VerifierKey]]) -> Path:
    """Of the charter that the log's parties write for it."""
    path = tmp_path / "policy"
    named = tuple(Witness(key.name, key, f"http://127.0.0.1:{process.port}") for process, key in witnesses)
    group = Group("both", 2, tuple(one.name for one in named))
    path.write_bytes(encode_policy(Policy((Log(LOG.key, server.url),), named, (group,), "both")))
    names = ("operator", "licensor", "partner", "builder-1", "builder-2", "auditor")
    vkeys = {name: signer(f"{name}.example", ED25519).key.vkey() for name in names}
    parties = [word for name in names for word in (f"--{name.partition('-')[0]}", vkeys[name])]
    assert invoke("charter", "new", tmp_path / "charter", *parties, "--policy", path).exit_code == 0
    path.write_text(invoke("charter", "policy", tmp_path / "charter").stdout)
    return path


def test_a_forked_copy_of_a_witnessed_log(tmp_path: Path, log: WitnessedLog, server: Served, policy: Path) -> None:
    assert log.grow(0, 300) == [200, 200]
    assert log.grow(300, 700) == [200, 200]
    mirrored = invoke("mirror", tmp_path / "copy", "--policy", policy, "--once")
    assert (mirrored.exit_code, mirrored.stderr) == (0, "")
    assert "700 entries are here" in mirrored.stdout
    assert "cosigned by w1.example, w2.example" in mirrored.stdout

    # Any entry of it convinces whoever has the policy.
    (tmp_path / "entry").write_bytes(log.entry(512))
    proof = LogProof(512, inclusion_proof(512, 700, log.tree.read), log.note())
    (tmp_path / "p.tlog-proof").write_bytes(proof.encode())
    verified = invoke("verify", tmp_path / "p.tlog-proof", "--policy", policy, "--entry", tmp_path / "entry")
    assert (verified.exit_code, verified.stderr) == (0, "")
    assert "which reaches the quorum 'both'" in verified.stdout

    # Its data, copied at entry 400, grows otherwise. No witness cosigns that.
    forked = WitnessedLog(tmp_path / "fork", "b", common=400)
    forked.witnesses = log.witnesses
    assert forked.grow(700, 900) == [422, 422]

    # Who has followed the log has it in writing, and so has who never saw it, from the witnesses.
    server.directory = forked.directory
    for copy in ("copy", "new"):
        caught = invoke("mirror", tmp_path / copy, "--policy", policy, "--once")
        assert caught.exit_code == 1
        path = one_line(caught).rpartition(" ")[2]
        verified = invoke("verify", path, "--log", LOG.key.vkey())
        assert verified.stdout.startswith("Proven: the log signed trees of 700 and of 900 entries")
