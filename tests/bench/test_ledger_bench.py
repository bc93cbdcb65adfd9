from __future__ import annotations

import pytest

from bench import ledger


def test_every_figure_is_there_with_its_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ENTRIES": 700, "BATCH": 100, "PROOFS": 5, "FILES": 3}.items():
        monkeypatch.setattr(ledger, name, value)
    figures = ledger.measure(seed=1)
    assert [figure.figure.removeprefix("ledger.") for figure in figures] == [
        "append.tree",
        "append.frontier",
        *(
            f"{name}.p{percent}"
            for name in (
                "inclusion.made",
                "inclusion.from_tiles",
                "inclusion.checked",
                "consistency.made",
                "consistency.checked",
                "tlog_proof.ed25519",
                "tlog_proof.ml_dsa_44",
            )
            for percent in (50, 99)
        ),
    ]
    assert all(figure.value and figure.value > 0 for figure in figures)
    assert all(figure.peer_value for figure in figures if "checked" in figure.figure)
    assert len({figure.data_digest for figure in figures}) == 1
