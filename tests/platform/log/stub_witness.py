"""A witness over HTTP that keeps what it cosigned in memory, and does as a test tells it."""

from __future__ import annotations

import hashlib
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep
from typing import Any

from plainview.ledger.checkpoints import Checkpoint
from plainview.ledger.consistency import verify_consistency
from plainview.ledger.errors import ProofError
from plainview.ledger.hashing import EMPTY_ROOT
from plainview.ledger.opening import open_checkpoint
from plainview.ledger.policies import Witness
from plainview.ledger.signers import Signer
from plainview.ledger.submissions import parse_submission
from tests.ledger.logs import LOG, ORIGIN

DOWN = (503, b"down")
"""An answer."""


class StubWitness:
    """Use it as a context manager: it listens meanwhile."""

    def __init__(self, name: str, signer: Signer, time: int = 1_767_225_600) -> None:
        self.signer = signer
        self.time = time
        self.seen = Checkpoint(ORIGIN, 0, EMPTY_ROOT)
        self.note = b""
        self.answers: list[tuple[int, bytes]] = []
        """Given instead of what would be right, first one first."""
        self.asked = 0
        self.submitted = 0
        """Size of the last checkpoint that was sent."""
        self.drip = 0.0
        """Seconds between two bytes of an answer."""
        self.gate = threading.Event()
        self.gate.set()
        witness = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                witness.asked += 1
                body = self.rfile.read(int(self.headers["content-length"]))
                witness.gate.wait(30)
                self.answer(*(witness.answers.pop(0) if witness.answers else witness.take(body)))

            def do_GET(self) -> None:
                assert self.path == f"/w/{hashlib.sha256(ORIGIN.encode()).hexdigest()}/checkpoint"
                self.answer(*((200, witness.note) if witness.note else (404, b"")))

            def answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                if not witness.drip:
                    self.wfile.write(body)
                    return
                with suppress(OSError):  # whoever asked has hung up
                    for byte in body:
                        sleep(witness.drip)
                        self.wfile.write(bytes([byte]))
                        self.wfile.flush()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.witness = Witness(name, signer.key, f"http://127.0.0.1:{self._server.server_port}/w/")

    def take(self, body: bytes) -> tuple[int, bytes]:
        submission = parse_submission(body)
        checkpoint, _ = open_checkpoint(submission.checkpoint, ORIGIN, [LOG.key])
        self.submitted = checkpoint.size
        if submission.old != self.seen.size:
            return 409, b"%d\n" % self.seen.size
        try:
            verify_consistency(self.seen.size, self.seen.root, checkpoint.size, checkpoint.root, submission.hashes)
        except ProofError:
            return 422, b""
        self.seen, self.note = checkpoint, submission.checkpoint.encode()
        return 200, self.signer.sign(submission.checkpoint.text, self.time).line().encode()

    def __enter__(self) -> StubWitness:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


Witnesses = dict[str, StubWitness]
