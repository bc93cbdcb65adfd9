"""Whoever lies is found out, by a partner that sees only HTTP. Each attack is a server of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.attacks import COUNTS, FINDING, attack, counts
from bench.dishonest_server import ATTACKS
from plainview.ledger import broken_promises, misbehaviour
from plainview.ledger.spelling import to_base64
from plainview.oversight import findings
from plainview.oversight.findings import Finding
from plainview.records.fields import DASHES
from tests.server.clients import KERNELS

QUICK = ("weight", "skipped-receipt", "no-receipt", "counter", "rows")
"""Those that run with all tests; the others by `make soak`."""


def test_each_has_what_counts() -> None:
    assert list(COUNTS) == list(ATTACKS)


def test_what_else_is_found_does_not_count(tmp_path: Path) -> None:
    made = Finding(
        what="re-run", index=7, stage="bounds: licence", detail="-", release=DASHES, checkpoint="plainview.local/log\n"
        "9\n" + to_base64(bytes(32)) + "\n\n\N{EM DASH} a " + to_base64(bytes(68)) + "\n", records=(),
    )  # fmt: skip
    path = tmp_path / f"one{findings.SUFFIX}"
    path.write_bytes(made.encode())
    line = f"{FINDING}{made.sentence()}; {path}"
    assert counts(line, COUNTS["revocation"])
    assert not counts(line, COUNTS["weight"])
    assert not counts(line.removeprefix(FINDING), COUNTS["revocation"])
    for suffix, name in ((misbehaviour.SUFFIX, "fork"), (broken_promises.SUFFIX, "skipped-receipt")):
        proof = f"{FINDING}it is proven; the proof is in {tmp_path / f'split-1-2-00000000{suffix}'}"
        assert [one for one in COUNTS if counts(proof, COUNTS[one])] == [name]


@pytest.mark.parametrize("name", [pytest.param(one, marks=() if one in QUICK else pytest.mark.soak) for one in ATTACKS])
def test_it_is_found(name: str, tmp_path: Path, cache: Path) -> None:
    outcome = attack(name, tmp_path, cache, KERNELS)
    assert outcome.seconds is not None, outcome.found
