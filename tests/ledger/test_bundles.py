from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.ledger.bundles import (
    ENTRY_LIMIT,
    Bundle,
    bundles,
    encode_entries,
    parse_bundle_path,
    parse_entries,
    verify_entries,
)
from plainview.ledger.errors import FormatError, ProofError
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.tiles import Tile

bundle_coordinates = st.builds(Bundle, st.integers(0, 2**63 - 1), st.integers(1, 256))
some_entries = st.lists(st.binary(max_size=40), min_size=1, max_size=256)


@pytest.mark.parametrize(
    ("bundle", "path"),
    [
        (Bundle(0), "tile/entries/000"),
        (Bundle(1234067), "tile/entries/x001/x234/067"),
        (Bundle(273, 112), "tile/entries/273.p/112"),
    ],
)
def test_paths(bundle: Bundle, path: str) -> None:
    assert bundle.path == path
    assert parse_bundle_path(path) == bundle


@given(bundle_coordinates)
def test_every_path_leads_back(bundle: Bundle) -> None:
    assert parse_bundle_path(bundle.path) == bundle
    assert bundle.tile == Tile(0, bundle.index, bundle.width)


@given(st.text() | st.text("0123456789xp./", max_size=20).map("tile/entries/".__add__))
def test_paths_are_total(path: str) -> None:
    with suppress(FormatError):
        assert parse_bundle_path(path).path == path


@pytest.mark.parametrize(
    "path", ["tile/0/000", "tile/entries/", "tile/entries/0", "entries/000", "tile/entries/000.p/256"]
)
def test_a_path_that_is_none(path: str) -> None:
    with pytest.raises(FormatError, match="entry bundle path: "):
        parse_bundle_path(path)


def test_those_of_a_log() -> None:
    assert list(bundles(600)) == [Bundle(0), Bundle(1), Bundle(2, 88)]
    assert list(bundles(600, 513)) == [Bundle(2, 88)]
    assert list(bundles(600, 600)) == list(bundles(0)) == []


@given(some_entries)
def test_entries_come_back(entries: list[bytes]) -> None:
    bundle = Bundle(0, len(entries))
    data = encode_entries(entries)
    assert parse_entries(bundle, data) == tuple(entries)
    verify_entries(bundle, entries, [leaf_hash(entry) for entry in entries])
    for cut in {0, 1, len(data) // 2, len(data) - 1}:
        with pytest.raises(FormatError, match="ends at byte"):
            parse_entries(bundle, data[:cut])
    with pytest.raises(FormatError, match="1 bytes after"):
        parse_entries(bundle, data + b"\0")


def test_the_largest_entry() -> None:
    data = encode_entries([b"x" * ENTRY_LIMIT])
    assert data[:2] == b"\xff\xff"
    assert parse_entries(Bundle(0, 1), data) == (b"x" * ENTRY_LIMIT,)
    with pytest.raises(FormatError, match="entry 1: 65536 bytes"):
        encode_entries([b"", b"x" * (ENTRY_LIMIT + 1)])


@given(st.binary(max_size=300), st.integers(1, 256))
def test_parsing_is_total(data: bytes, width: int) -> None:
    with suppress(FormatError):
        assert encode_entries(parse_entries(Bundle(0, width), data)) == data


def test_entries_with_other_hashes() -> None:
    entries = [b"a", b"b", b"c"]
    hashes = [leaf_hash(entry) for entry in entries]
    bundle = Bundle(2, 3)
    with pytest.raises(ProofError, match=r"tile/entries/002.p/3: entry 513 has not the hash in tile/0/002.p/3"):
        verify_entries(bundle, [b"a", b"x", b"c"], hashes)
    for altered, known in ((entries[:2], hashes), (entries, hashes[:2]), ([*entries, b"d"], hashes)):
        with pytest.raises(ProofError, match="for a width of 3"):
            verify_entries(bundle, altered, known)
