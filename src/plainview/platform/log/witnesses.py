"""Asking witnesses to cosign a checkpoint (C2SP tlog-witness, add-checkpoint)."""

from __future__ import annotations

import hashlib
import http.client
from urllib.parse import urlsplit

from plainview.ledger.consistency import consistency_proof
from plainview.ledger.errors import LedgerError
from plainview.ledger.hashing import fold_right
from plainview.ledger.keys import VerifierKey
from plainview.ledger.nodes import NodeReader, cover
from plainview.ledger.notes import Note, NoteSignature, parse_note, parse_signature
from plainview.ledger.opening import open_checkpoint
from plainview.ledger.policies import Witness
from plainview.ledger.spelling import from_decimal, shown
from plainview.ledger.submissions import Submission

TIMEOUT = 2.5
"""Seconds for an answer: half of what a promise allows."""
ANSWER_LIMIT = 1 << 16
"""Bytes of an answer that are read."""


class WitnessError(Exception):
    """A witness did not cosign, and why; it may the next time."""


class HistoryRefused(Exception):
    """A witness cosigned another history than this log's: nothing may be published until somebody has looked."""


class WitnessClient:
    """One witness of the policy, by its URL. For one thread at a time."""

    def __init__(self, witness: Witness, log: VerifierKey) -> None:
        """`log` is the key of the log that is to be cosigned. Raises ValueError for the witness's URL."""
        parts = urlsplit(witness.url or "")
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError(f"witness {shown(witness.name)}: {witness.url!r} is not http://HOST... or https://HOST...")
        self.witness = witness
        self._log = log
        self._known = 0
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._prefix = parts.path.rstrip("/")

    def cosign(self, checkpoint: Note, size: int, read: NodeReader) -> tuple[NoteSignature, int]:
        """Its cosignature of `checkpoint`, over the first `size` leaves of the tree in `read`, and the time in it.

        Raises WitnessError, and HistoryRefused where it has seen more of this log than there is, or something else.
        """
        status, body = self._submit(checkpoint, size, read)
        if status == 409:
            self._known = self._told(body, size, read)
            status, body = self._submit(checkpoint, size, read)
        if status == 422:
            self.look(size, read)
        if status != 200:
            raise self._error(f"answered {status} ({shown(_text(body).strip())})")
        found = self._cosignature(checkpoint, body)
        self._known = size
        return found

    def _told(self, body: bytes, size: int, read: NodeReader) -> int:
        """What the witness says it has, if this log can go on from there."""
        try:
            known = from_decimal(_text(body).removesuffix("\n"), "its size")
        except LedgerError as error:
            raise self._error(f"answered 409 and {error}") from None
        if known > size:
            self.look(size, read)
            raise self._error(f"says it cosigned {known} records of this log, and here are {size}")
        return known

    def look(self, size: int, read: NodeReader) -> None:
        """Raises HistoryRefused where the witness shows this log's own signature under another history than `read`.

        Its word alone is not enough: any one witness could stop the log with it. Raises WitnessError where it cannot
        be asked.
        """
        origin = self._log.name
        status, data = self._call("GET", f"/{hashlib.sha256(origin.encode()).hexdigest()}/checkpoint")
        try:
            if status != 200:
                return
            shown_there, _ = open_checkpoint(parse_note(data), origin, [self._log])
        except LedgerError:
            return
        if shown_there.size > size:
            raise HistoryRefused(
                f"witness {shown(self.witness.name)} cosigned {shown_there.size} records of this log, and here are "
                f"{size}: the data directory is an older copy, or another server runs from a copy of it"
            )
        if fold_right(read(cover(0, shown_there.size))) != shown_there.root:
            raise HistoryRefused(
                f"witness {shown(self.witness.name)} cosigned {shown_there.size} records of this log, and they are not "
                "those here: another server published from a copy of this data directory"
            )

    def _cosignature(self, checkpoint: Note, body: bytes) -> tuple[NoteSignature, int]:
        key = self.witness.key
        try:
            for line in _text(body).splitlines():
                signature = parse_signature(line)
                if (signature.name, signature.key_id) == (key.name, key.key_id):
                    return signature, key.verify(checkpoint.text, signature) or 0
        except LedgerError as error:
            raise self._error(f"sent no cosignature: {error}") from None
        raise self._error(f"sent no cosignature of {key.vkey()}")

    def _submit(self, checkpoint: Note, size: int, read: NodeReader) -> tuple[int, bytes]:
        old = min(self._known, size)
        content = Submission(old, consistency_proof(old, size, read), checkpoint).encode()
        return self._call("POST", "/add-checkpoint", content)

    def _call(self, method: str, path: str, content: bytes | None = None) -> tuple[int, bytes]:
        connection = (http.client.HTTPSConnection if self._secure else http.client.HTTPConnection)(
            self._host, self._port, timeout=TIMEOUT
        )
        try:
            connection.request(method, self._prefix + path, content)
            answer = connection.getresponse()
            return answer.status, answer.read(ANSWER_LIMIT)
        except (OSError, http.client.HTTPException) as error:
            raise self._error(f"cannot be asked ({str(error) or type(error).__name__})") from None
        finally:
            connection.close()

    def _error(self, what: str) -> WitnessError:
        return WitnessError(f"witness {shown(self.witness.name)} {what}")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
