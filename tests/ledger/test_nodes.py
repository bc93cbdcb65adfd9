from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from plainview.ledger.nodes import Node, cover, read_subtrees, split


@given(st.integers(2, 2**63 - 1))
def test_split_is_the_largest_power_of_two_below(size: int) -> None:
    k = split(size)
    assert k < size <= 2 * k
    assert k.bit_count() == 1


@given(st.integers(0, 2**40), st.integers(1, 2**40))
def test_a_cover_is_its_leaves_in_falling_perfect_subtrees(which: int, leaves: int) -> None:
    start = which << (leaves - 1).bit_length()
    nodes = cover(start, start + leaves)
    at = start
    for node in nodes:
        assert node.index << node.level == at
        at += 1 << node.level
    assert at == start + leaves
    levels = [node.level for node in nodes]
    assert levels == sorted(set(levels), reverse=True)


def test_everything_is_read_at_once() -> None:
    asked: list[list[Node]] = []

    def read(nodes: object) -> list[bytes]:
        asked.append(list(nodes))  # type: ignore[call-overload]
        return [bytes([node.index]) for node in asked[-1]]

    assert read_subtrees([(0, 3), (4, 4), (4, 7)], read) == [[b"\0", b"\2"], [], [b"\2", b"\6"]]
    assert len(asked) == 1
