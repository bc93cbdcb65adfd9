"""A log in a directory, as a log would publish it, and a plain web server before it."""

from __future__ import annotations

import gzip
import http.server
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plainview.ledger.bundles import bundles, encode_entries
from plainview.ledger.checkpoints import Checkpoint
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.notes import Note
from plainview.ledger.signers import Signer
from plainview.ledger.tiles import tile_data, tiles
from plainview.ledger.tree import Tree
from tests.http.servers import serving
from tests.ledger.logs import LOG, ORIGIN, TIME, signed
from tests.ledger.trees import entry


class DirectoryLog:
    """The log `ORIGIN` in a directory. Its history is that of log `name`, after `common` entries of log a."""

    def __init__(self, directory: Path, name: str = "a", common: int = 0) -> None:
        self.directory = directory
        self._name = name
        self._common = common
        self.tree = Tree()

    def entry(self, index: int) -> bytes:
        return entry(index, "a" if index < self._common else self._name)

    def publish(self, size: int, *witnesses: str) -> Note:
        """Grow to `size`, write what is new, then the checkpoint."""
        old = self.tree.size
        self.tree.extend(leaf_hash(self.entry(index)) for index in range(old, size))
        for tile in tiles(size, old):
            self.put(tile.path, tile_data(tile, self.tree.read))
        for bundle in bundles(size, old):
            start = bundle.index * 256
            entries = [self.entry(index) for index in range(start, start + bundle.width)]
            self.put(bundle.path, encode_entries(entries))
        return self.show(size, *witnesses)

    def show(self, size: int, *witnesses: str, by: Signer = LOG) -> Note:
        """Put the checkpoint of that size, which it once had, in place, and nothing else."""
        note = signed(Checkpoint(ORIGIN, size, self.tree.root(size)).text(), *witnesses, by=by)
        self.put("checkpoint", note.encode())
        return note

    def show_cosigned(self, size: int, signer: Signer, later: int) -> None:
        """The same, cosigned `later` seconds after TIME."""
        text = Checkpoint(ORIGIN, size, self.tree.root(size)).text()
        self.put("checkpoint", Note(text, (LOG.sign(text), signer.sign(text, TIME + later))).encode())

    def fetch(self, url: str, limit: int) -> bytes | None:
        """A file of it, as a server at the root would give it."""
        path = self.directory / url.lstrip("/")
        return path.read_bytes() if path.is_file() else None

    def put(self, path: str, data: bytes) -> None:
        target = self.directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Entry bundles go out as gzip, as logs should; `server.failing` are paths that answer 503."""

    def do_GET(self) -> None:
        path = self.path.lstrip("/")
        self.server.asked.append(path)  # type: ignore[attr-defined]
        if path in self.server.failing:  # type: ignore[attr-defined]
            self.send_error(503)
        elif path.startswith("tile/entries/") and Path(self.translate_path(self.path)).is_file():
            data = gzip.compress(Path(self.translate_path(self.path)).read_bytes())
            self.send_response(200)
            self.send_header("content-encoding", "gzip")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


class Served(http.server.ThreadingHTTPServer):
    """Serves `directory`; `asked` are the paths that were asked for."""

    daemon_threads = True

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.asked: list[str] = []
        self.failing: set[str] = set()
        super().__init__(
            ("127.0.0.1", 0),
            lambda *arguments: _Handler(*arguments, directory=str(self.directory)),  # type: ignore[arg-type]
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


@contextmanager
def served(directory: Path) -> Iterator[Served]:
    with serving(server := Served(directory)):
        yield server
