"""A policy over the keys of `logs`, and proofs that it accepts."""

from __future__ import annotations

from plainview.ledger.inclusion import inclusion_proof
from plainview.ledger.log_proofs import LogProof
from plainview.ledger.policies import Group, Log, Policy, Witness
from plainview.ledger.tree import Tree
from tests.ledger.logs import LOG, LOG_ML_DSA, WITNESSES, checkpoint, signed

POLICY = Policy(
    logs=(Log(LOG.key, "https://feed.example/log/"), Log(LOG_ML_DSA.key)),
    witnesses=tuple(Witness(name, one.key) for name, one in WITNESSES.items()),
    groups=(Group("two", 2, tuple(WITNESSES)),),
    quorum="two",
)


def log_proof(grown: Tree, index: int, *witnesses: str, extra: bytes | None = None) -> LogProof:
    note = signed(checkpoint(grown).text(), *witnesses)
    return LogProof(index, inclusion_proof(index, grown.size, grown.read), note, extra)
