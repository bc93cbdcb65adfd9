"""Asking witnesses to cosign a checkpoint (C2SP tlog-witness, add-checkpoint)."""

from __future__ import annotations

from collections.abc import Sequence

from plainview.http.asking import AskError, ask, check_url
from plainview.ledger.checkpoints import Checkpoint, origin_hash
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

TIMEOUT = 2.0
"""Seconds for an answer."""
ANSWER_LIMIT = 1 << 16
"""Bytes of an answer that are read."""


class WitnessError(Exception):
    """A witness did not cosign, and why; it may the next time."""


class HistoryDoubted(WitnessError):
    """It says that it cosigned another history than there is here, and shows nothing for it."""


class HistoryRefused(Exception):
    """A witness shows that another history than this one was signed: nothing more may be, until somebody has looked."""


class WitnessClient:
    """One witness of the policy, by its URL. For one thread at a time."""

    def __init__(self, witness: Witness, keys: Sequence[VerifierKey]) -> None:
        """`keys` are those of the log that is to be cosigned. Raises ValueError for the witness's URL."""
        try:
            check_url(witness.url or "")
        except AskError as error:
            raise ValueError(f"witness {shown(witness.name)}: {error}") from None
        self.witness = witness
        self._keys = keys
        self._origin = keys[0].name
        self._prefix = (witness.url or "").rstrip("/")
        self._known = 0
        """Size that it cosigned last, as far as is known."""

    def cosign(self, note: Note, checkpoint: Checkpoint, read: NodeReader) -> tuple[NoteSignature, int]:
        """Its cosignature of `note`, which is of `checkpoint` in the tree of `read`, and the time in it.

        Raises WitnessError, and HistoryRefused where it shows what cannot be true together with this.
        """
        size = checkpoint.size
        status, body = self._submit(note, size, read)
        if status == 409:
            self._known = self._told(body, size, read)
            status, body = self._submit(note, size, read)
        if status == 422:
            self._look(size, read)
            raise HistoryDoubted(
                self._of(
                    f"says that it cosigned {self._known} records of this log, and that the {size} here go on otherwise"
                )
            )
        if status != 200:
            raise WitnessError(self._of(f"answered {status} ({shown(_text(body).strip())})"))
        found = self._cosignature(note, body)
        self._known = size
        return found

    def hear(self, note: Note, checkpoint: Checkpoint, size: int, read: NodeReader) -> None:
        """Have it show that what it cosigned of this log is in the `size` leaves of `read`.

        It is sent what was signed last, so that nothing new is signed for it. Raises as `cosign` does.
        """
        status, body = self._submit(note, checkpoint.size, read)
        if status == 409:
            self._known = self._told(body, size, read)
            if self._known > checkpoint.size:
                # More than was ever signed from here. Its word is not enough, and no proof can be asked for it.
                if self._look(size, read) < self._known:
                    raise HistoryDoubted(
                        self._of(f"says that it cosigned {self._known} records, more than were signed")
                    )
                return
            status, body = self._submit(note, checkpoint.size, read)
        if status == 422:
            self._look(size, read)
            raise HistoryDoubted(self._of(f"says that it cosigned {self._known} records, and not those here"))
        if status != 200:
            raise WitnessError(self._of(f"answered {status} ({shown(_text(body).strip())})"))
        self._known = checkpoint.size

    def _look(self, size: int, read: NodeReader) -> int:
        """Raises HistoryRefused where the witness shows this log's own signature on another history than `read`.

        How many of its records it shows; 0 says nothing: what monitors are shown may lie elsewhere, or an hour back.
        """
        try:
            answer = ask(f"{self._prefix}/{origin_hash(self._origin)}/checkpoint", ANSWER_LIMIT, TIMEOUT)
            seen, _ = open_checkpoint(parse_note(answer.data), self._origin, self._keys)
        except (AskError, LedgerError):
            return 0
        if seen.size > size:
            raise HistoryRefused(
                f"witness {shown(self.witness.name)} cosigned {seen.size} records of this log, and here are {size}: "
                "the data directory is an older copy, or another server runs from a copy of it"
            )
        if fold_right(read(cover(0, seen.size))) != seen.root:
            raise HistoryRefused(
                f"witness {shown(self.witness.name)} cosigned {seen.size} records of this log, and they are not those "
                "here: another server published from a copy of this data directory"
            )
        return seen.size

    def _told(self, body: bytes, size: int, read: NodeReader) -> int:
        """What the witness says it has, if this log can go on from there."""
        try:
            known = from_decimal(_text(body).removesuffix("\n"), "its size")
        except LedgerError as error:
            raise WitnessError(self._of(f"answered 409 and {error}")) from None
        if known > size:
            self._look(size, read)
            raise HistoryDoubted(self._of(f"says that it cosigned {known} records of this log, and here are {size}"))
        return known

    def _submit(self, note: Note, size: int, read: NodeReader) -> tuple[int, bytes]:
        old = min(self._known, size)
        content = Submission(old, consistency_proof(old, size, read), note).encode()
        try:
            answer = ask(f"{self._prefix}/add-checkpoint", ANSWER_LIMIT, TIMEOUT, content)
        except AskError as error:
            raise WitnessError(self._of(f"cannot be asked: {error}")) from None
        return answer.status, answer.data

    def _cosignature(self, note: Note, body: bytes) -> tuple[NoteSignature, int]:
        key = self.witness.key
        try:
            for line in _text(body).splitlines():
                signature = parse_signature(line)
                if (signature.name, signature.key_id) == (key.name, key.key_id):
                    time = key.verify(note.text, signature)
                    if time:
                        return signature, time
                    raise WitnessError(self._of("cosigned at no time, which a witness may not"))
        except LedgerError as error:
            raise WitnessError(self._of(f"sent no cosignature: {error}")) from None
        raise WitnessError(self._of(f"sent no cosignature of {key.vkey()}"))

    def _of(self, what: str) -> str:
        return f"witness {shown(self.witness.name)} {what}"


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
