"""A log as it is served (C2SP tlog-tiles), under one URL."""

from __future__ import annotations

from collections.abc import Callable

from plainview.http.fetching import FetchError, fetch
from plainview.ledger.bundles import ENTRY_LIMIT, Bundle, parse_entries
from plainview.ledger.hashing import HASH_SIZE
from plainview.ledger.notes import NOTE_LIMIT
from plainview.ledger.tile_paths import TILE_WIDTH
from plainview.ledger.tiles import Tile

TILE_LIMIT = TILE_WIDTH * HASH_SIZE
"""Bytes of a tile at most."""
BUNDLE_LIMIT = TILE_WIDTH * (ENTRY_LIMIT + 2)
"""Bytes of an entry bundle at most."""

Fetch = Callable[[str, int], bytes | None]


class LogSource:
    """Fetches the log's checkpoint, tiles and entries; checks nothing. Raises FetchError."""

    def __init__(self, url: str, fetch: Fetch = fetch) -> None:
        self._prefix = url.rstrip("/") + "/"
        self._fetch = fetch

    def checkpoint(self) -> bytes:
        """The newest, as served."""
        return self._get("checkpoint", NOTE_LIMIT)

    def tile(self, tile: Tile) -> bytes:
        """A tile's bytes; of a partial one that is gone, as many of the full one's."""
        data = self._fetch(self._prefix + tile.path, TILE_LIMIT)
        if data is None:
            data = self._get(Tile(tile.level, tile.index).path, TILE_LIMIT)[: tile.width * HASH_SIZE]
        return data

    def entries(self, bundle: Bundle) -> tuple[bytes, ...]:
        """A bundle's entries; of a partial one that is gone, as many of the full one's. FormatError for no bundle."""
        data = self._fetch(self._prefix + bundle.path, BUNDLE_LIMIT)
        if data is not None:
            return parse_entries(bundle, data)
        full = Bundle(bundle.index)
        return parse_entries(full, self._get(full.path, BUNDLE_LIMIT))[: bundle.width]

    def _get(self, path: str, limit: int) -> bytes:
        data = self._fetch(self._prefix + path, limit)
        if data is None:
            raise FetchError(f"{self._prefix}{path}: is not there")
        return data
