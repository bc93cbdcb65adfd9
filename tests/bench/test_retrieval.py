"""Recall, its peers, and what a retriever may not do."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench import retrieval
from bench.peers.retrievers import AlternatingLeastSquares, PopularItems, top
from bench.positives import Ints, Positives


def write(folder: Path) -> Path:
    """Two groups of users who like items of their own; half of each user's likes are test."""
    random = np.random.Generator(np.random.PCG64(0))
    rows = []
    for user in range(40):
        for item in random.permutation(20)[:16].tolist():
            rows.append(
                (user, item + 20 * (user % 2), "train" if len(rows) % 2 else "test" if user % 4 < 2 else "test_valid")
            )
    user, item, split = zip(*rows, strict=True)
    pq.write_table(pa.table({"user": user, "item": item, "split": split}), folder / "interactions.parquet")
    return folder


class Given:
    name = "given"

    def __init__(self, items: list[int]) -> None:
        self.items = np.array(items, np.int64)

    def retrieve(self, user: int, excluded: Ints, k: int) -> Ints:
        return self.items[:k]


def test_recall_is_the_share_of_wanted_items_among_the_first() -> None:
    none = np.zeros(0, np.int64)
    wanted = {1: np.array([3, 4]), 2: np.array([9])}
    assert retrieval.recall(Given([4, 9, 3]), wanted, {1: none, 2: none}, (1, 2, 5)) == [0.25, 0.75, 1.0]


@pytest.mark.parametrize(("items", "excluded"), [([1, 1], []), ([1, 2], [2])])
def test_items_twice_or_excluded_are_errors(items: list[int], excluded: list[int]) -> None:
    with pytest.raises(ValueError, match="given gave user 1 an item twice, or one that was to be left out"):
        retrieval.recall(Given(items), {1: np.array([1])}, {1: np.array(excluded, np.int64)}, (5,))


def test_top_breaks_ties_by_id_and_leaves_out() -> None:
    found = top(np.array([2, 3, 5, 8]), np.array([1.0, 2.0, 1.0, 1.0]), np.array([5]), 3)
    assert found.tolist() == [3, 2, 8]


def test_als_finds_the_groups_and_popularity_does_not(tmp_path: Path) -> None:
    positives, wanted, excluded, _ = retrieval.load(write(tmp_path), "test")
    assert set(positives.candidates.tolist()) <= set(range(40))
    als = retrieval.recall(
        AlternatingLeastSquares(positives, 0, 8, regularization=0.1, alpha=2.0), wanted, excluded, (8,)
    )
    popular = retrieval.recall(PopularItems(positives, 0), wanted, excluded, (8,))
    assert als[0] > popular[0] + 0.1


def test_what_the_test_asks_for_is_never_left_out(tmp_path: Path) -> None:
    _, wanted, excluded, _ = retrieval.load(write(tmp_path), "test")
    assert set(wanted) == set(excluded)
    for user, items in wanted.items():
        assert not set(items.tolist()) & set(excluded[user].tolist())


SOURCES = [PopularItems]


def test_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    retrieval.main(["--data", str(write(tmp_path)), "--json", "--sources", f"{__name__}:SOURCES"])
    figures = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [figure["figure"] for figure in figures] == [f"recall{k}.popularity" for k in retrieval.CUTS]
    assert all(figure["peer_value"] >= figure["value"] for figure in figures)
    retrieval.main(["--data", str(tmp_path), "--json", "--sources", "bench.nothing:there"])
    figures = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert figures[0]["figure"] == "recall20.peers"
    assert figures[0]["value"] is None


def test_positives_count_candidates_too() -> None:
    assert Positives(np.array([1]), np.array([2]), np.array([7])).items == 8
