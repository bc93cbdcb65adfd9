"""Published roots: those of Certificate Transparency's eight test entries."""

from __future__ import annotations

import pytest

from plainview.ledger.frontier import Frontier
from plainview.ledger.hashing import EMPTY_ROOT, fold_right, leaf_hash, perfect_hash
from plainview.ledger.tree import Tree
from tests.ledger import reference

ENTRIES = [
    bytes.fromhex(entry)
    for entry in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_the_empty_tree() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert EMPTY_ROOT == fold_right([]) == Tree().root() == Frontier().root() == reference.mth([])


@pytest.mark.parametrize("size", range(1, 9))
def test_published_roots(size: int) -> None:
    leaves = [leaf_hash(entry) for entry in ENTRIES[:size]]
    assert Tree(leaves).root().hex() == ROOTS[size - 1]
    assert Frontier().extend(leaves).root().hex() == ROOTS[size - 1]
    assert reference.mth(ENTRIES[:size]).hex() == ROOTS[size - 1]


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_perfect_hash(size: int) -> None:
    assert perfect_hash([leaf_hash(entry) for entry in ENTRIES[:size]]).hex() == ROOTS[size - 1]
