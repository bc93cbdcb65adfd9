from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.ledger.errors import FormatError
from plainview.ledger.frontier import Frontier
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.tree import Tree
from tests.ledger import reference
from tests.ledger.trees import entry

ENTRIES = [entry(index) for index in range(300)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]


@given(st.integers(0, 300), st.integers(0, 300))
def test_it_goes_on_from_any_size(size: int, more: int) -> None:
    frontier = Tree(LEAVES[:size]).frontier()
    grown = frontier.extend(LEAVES[size : size + more])
    assert grown == Tree(LEAVES[: size + more]).frontier()
    assert grown.root() == reference.mth(ENTRIES[: size + more])
    assert frontier == Tree(LEAVES[:size]).frontier()


@pytest.mark.parametrize(
    ("size", "hashes", "message"),
    [
        (-1, (), "size: -1"),
        (2**63, (bytes(32),), "size: 9223372036854775808"),
        (3, (bytes(32),), "3 leaves has 2 hashes, not 1"),
        (0, (bytes(32),), "0 leaves has 0 hashes, not 1"),
        (1, (bytes(33),), "hash 0: a hash has 32 bytes, not 33"),
    ],
)
def test_what_does_not_fit(size: int, hashes: tuple[bytes, ...], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        Frontier(size, hashes)


@pytest.mark.parametrize("size", [0, 1])
def test_a_leaf_of_another_length(size: int) -> None:
    with pytest.raises(FormatError, match="32 bytes"):
        Tree(LEAVES[:size]).frontier().extend([bytes(31)])
