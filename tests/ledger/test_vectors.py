"""The vectors of tests/vectors/ledger.json: a signer and a verifier cannot change together unnoticed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plainview.ledger import broken_promises
from plainview.ledger.acts import KINDS, parse_act
from plainview.ledger.broken_promises import parse_broken_promise
from plainview.ledger.charters import digest_text, parse_digest
from plainview.ledger.consistency import verify_consistency
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.inclusion import verify_inclusion
from plainview.ledger.keys import parse_vkey
from plainview.ledger.log_proofs import parse_log_proof
from plainview.ledger.misbehaviour import Kind, parse_misbehaviour
from plainview.ledger.notes import parse_note
from plainview.ledger.opening import open_checkpoint
from plainview.ledger.policy_files import parse_policy
from plainview.ledger.standing import Allowed
from plainview.ledger.standings import Standings
from tests.ledger.logs import ORIGIN, TIME
from tests.ledger.trees import entry
from tests.ledger.vectors import PATH, vectors

VECTORS: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
ROOT = bytes.fromhex(VECTORS["root"])


@pytest.mark.parametrize("name", [name for name in VECTORS if name not in ("checkpoint", "tlog-proof")])
def test_what_is_the_same_every_time(name: str) -> None:
    assert vectors()[name] == VECTORS[name]


def test_proofs() -> None:
    inclusion, consistency = VECTORS["inclusion"], VECTORS["consistency"]
    verify_inclusion(leaf_hash(entry(299)), inclusion["index"], 600, ROOT, [*map(bytes.fromhex, inclusion["proof"])])
    old_root = bytes.fromhex(consistency["old_root"])
    verify_consistency(consistency["old"], old_root, 600, ROOT, [*map(bytes.fromhex, consistency["proof"])])


def test_the_checkpoint_signed_then() -> None:
    keys = [parse_vkey(vkey) for vkey in VECTORS["vkeys"].values()]
    head, found = open_checkpoint(parse_note(VECTORS["checkpoint"].encode()), ORIGIN, keys)
    assert (head.size, head.root) == (600, ROOT)
    assert [(one.key.code, one.time) for one in found] == [(1, None), (4, TIME + 1), (6, TIME + 2), (4, TIME + 3)]


def test_the_proof_made_then() -> None:
    proof = parse_log_proof(VECTORS["tlog-proof"].encode())
    accepted = proof.verify(leaf_hash(entry(299)), parse_policy(VECTORS["policy"].encode()))
    assert (accepted.checkpoint.root, proof.extra) == (ROOT, b"salt")
    assert [one.witness for one in accepted.witnessed] == ["north", "south"]


def test_the_misbehaviour_proven_then() -> None:
    proof = parse_misbehaviour(VECTORS["tlog-misbehaviour"].encode())
    found = proof.check(parse_policy(VECTORS["policy"].encode()))
    assert (found.kind, found.log, found.witnesses) == (Kind.FORK, True, ("north",))


def test_the_broken_promise_proven_then() -> None:
    proof = parse_broken_promise(VECTORS["tlog-broken-promise"].encode())
    found = proof.check(parse_policy(VECTORS["policy"].encode()))
    assert (found.kind, found.promise.index) == (broken_promises.Kind.LATE, 600)


def test_the_promise_given_twice_then() -> None:
    proof = parse_broken_promise(VECTORS["tlog-broken-promise, twice"].encode())
    found = proof.check(parse_policy(VECTORS["policy"].encode()))
    assert (found.kind, found.promise.index) == (broken_promises.Kind.TWICE, 300)


def test_the_charter_and_the_acts_signed_then() -> None:
    standings = Standings(parse_note(VECTORS["charter"].encode()), VECTORS["acts"][0]["time"])
    assert digest_text(standings.last.charter.digest()) == VECTORS["charter_digest"]
    for one, act_digest in zip(VECTORS["acts"], VECTORS["act_digests"], strict=True):
        note = parse_note(one["note"].encode())
        assert digest_text(parse_act(note.text).digest()) == act_digest
        standings.take(note, one["index"], one["time"])
    for one in VECTORS["may_rank"]:
        now = standings.before(one["after"] + 1)
        release = parse_digest(one["release"], "release")
        found = now.may_rank(release, one["region"], one["surface"], one["draw"], one["time"])
        assert (list(found.indexes) if isinstance(found, Allowed) else None) == one["by"]
    assert {parse_act(parse_note(one["note"].encode()).text).kind for one in VECTORS["acts"]} == {*KINDS}
