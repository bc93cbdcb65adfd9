from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.ledger.errors import FormatError
from plainview.ledger.nodes import Node
from plainview.ledger.tiles import Tile, parse_tile, parse_tile_path, tile_data, tile_width, tiles
from tests.ledger import reference
from tests.ledger.trees import entry, tree

tile_coordinates = st.builds(Tile, st.integers(0, 63), st.integers(0, 2**63 - 1), st.integers(1, 256))


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 999), "tile/0/999"),
        (Tile(3, 1000), "tile/3/x001/000"),
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(2, 1234067, 112), "tile/2/x001/x234/067.p/112"),
        (Tile(63, 2**63 - 1, 1), "tile/63/x009/x223/x372/x036/x854/x775/807.p/1"),
    ],
)
def test_paths(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert parse_tile_path(path) == tile


@given(tile_coordinates)
def test_every_path_leads_back(tile: Tile) -> None:
    assert parse_tile_path(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "", "tile", "tile/0", "tile/0/", "tile/00/000", "tile/64/000", "tile/-1/000", "tile/+1/000", "tile/0/0",
        "tile/0/00", "tile/0/0000", "tile/0/x000/001", "tile/0/001/002", "tile/0/x001", "tile/0/x001/x002",
        "tile/0/X001/002", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/", "tile/0/000.p",
        "tile/0/000/p/1", "tile/0/000.p/999", "tile/0/000\n", "tile/0/000\n.p/1", "tile/0/000 ", " tile/0/000",
        "/tile/0/000", "tile/0/000/", "tile/0/x009/x223/x372/x036/x854/x775/808",
        "tile/0/x001/x009/x223/x372/x036/x854/x775/807", "tile/\u0661/000", "tile//000",
        "tile/0/\u0661\u0661\u0661", "tile/0/../000", "tile/entries/000", "tile/0/000.p/1.p/1", "tile/0/000?x",
    ],
)  # fmt: skip
def test_a_path_that_is_none(path: str) -> None:
    with pytest.raises(FormatError, match="tile path: "):
        parse_tile_path(path)


@given(st.text() | st.text("tile/0123456789xp.", max_size=30))
def test_paths_are_total(path: str) -> None:
    with suppress(FormatError):
        assert parse_tile_path(path).path == path


@pytest.mark.parametrize(
    ("level", "index", "width"), [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 2**63, 1), (0, 0, 0), (0, 0, 257)]
)
def test_coordinates_that_no_tile_has(level: int, index: int, width: int) -> None:
    with pytest.raises(FormatError, match="is not from"):
        Tile(level, index, width)


def test_the_specification_s_examples() -> None:
    found = list(tiles(70_000))
    assert found[:273] == [Tile(0, index) for index in range(273)]
    assert found[273:] == [Tile(0, 273, 112), Tile(1, 0), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert list(tiles(256)) == [Tile(0, 0), Tile(1, 0, 1)]
    assert list(tiles(0)) == []


@given(st.integers(0, 2**20), st.integers(0, 3000))
def test_growing_gives_what_was_not_there(old: int, more: int) -> None:
    new = old + more
    before = {(tile.level, tile.index): tile.width for tile in tiles(old)} if old < 5000 else None
    for tile in tiles(new, old):
        assert tile.width == tile_width(tile.level, tile.index, new) > tile_width(tile.level, tile.index, old)
    if before is not None:
        after = dict(before)
        after |= {(tile.level, tile.index): tile.width for tile in tiles(new, old)}
        assert after == {(tile.level, tile.index): tile.width for tile in tiles(new)}


@pytest.mark.parametrize("size", [1, 255, 256, 257, 600])
def test_hashes(size: int) -> None:
    """Tile n of level l is MTH(D[(n * 256 + i) * 256^l : (n * 256 + i + 1) * 256^l]), i = 0 .. width - 1."""
    entries = [entry(index) for index in range(size)]
    grown = tree(size)
    for tile in tiles(size):
        span = 256**tile.level
        first = tile.index * 256
        wanted = [reference.mth(entries[at * span : (at + 1) * span]) for at in range(first, first + tile.width)]
        assert tile_data(tile, grown.read) == b"".join(wanted)
        assert list(parse_tile(tile, b"".join(wanted))) == wanted
    assert tile.nodes()[0] == Node(tile.level * 8, tile.index * 256)


@pytest.mark.parametrize("size", [0, 31, 32 * 3 - 1, 32 * 3 + 1, 32 * 256])
def test_bytes_of_another_length(size: int) -> None:
    with pytest.raises(FormatError, match=rf"tile/0/002.p/3: 3 hashes have 96 bytes, not {size}"):
        parse_tile(Tile(0, 2, 3), bytes(size))
