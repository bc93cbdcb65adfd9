from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.ledger.errors import FormatError, ProofError
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.nodes import Node
from plainview.ledger.tree import Tree
from tests.ledger import reference
from tests.ledger.trees import entry

ENTRIES = [entry(index) for index in range(130)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]


def test_every_root_it_has_had() -> None:
    tree = Tree()
    roots = [tree.root()]
    for index, leaf in enumerate(LEAVES):
        assert tree.append(leaf) == index
        roots.append(tree.root())
    for size, root in enumerate(roots):
        assert tree.root(size) == root == reference.mth(ENTRIES[:size])


@given(st.lists(st.integers(0, 40), max_size=8))
def test_it_is_the_same_however_it_grew(steps: list[int]) -> None:
    tree = Tree()
    for step in steps:
        tree.extend(LEAVES[:130][tree.size : tree.size + step])
    assert tree.root() == reference.mth(ENTRIES[: tree.size])
    assert tree.frontier() == Tree(LEAVES[: tree.size]).frontier()


@pytest.mark.parametrize("size", [-1, 131])
def test_a_size_it_never_had(size: int) -> None:
    with pytest.raises(ProofError, match=f"130 leaves never had {size}"):
        Tree(LEAVES).root(size)


@pytest.mark.parametrize("node", [Node(0, 130), Node(0, -1), Node(-1, 0), Node(1, 65), Node(7, 1), Node(8, 0)], ids=str)
def test_a_node_it_has_not(node: Node) -> None:
    with pytest.raises(ProofError, match=f"level={node.level}, index={node.index}"):
        Tree(LEAVES).read([node])


def test_a_leaf_of_another_length_changes_nothing() -> None:
    tree = Tree(LEAVES[:5])
    with pytest.raises(FormatError, match="leaf 6: a hash has 32 bytes, not 31"):
        tree.extend([LEAVES[5], bytes(31)])
    assert tree.root() == reference.mth(ENTRIES[:5])
