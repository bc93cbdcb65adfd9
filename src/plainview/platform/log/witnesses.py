"""Asking witnesses to cosign a checkpoint (C2SP tlog-witness, add-checkpoint)."""

from __future__ import annotations

from collections.abc import Sequence

from plainview.http.asking import AskError, ask, check_url
from plainview.ledger.checkpoints import Checkpoint, origin_hash
from plainview.ledger.consistency import consistency_proof
from plainview.ledger.errors import LedgerError
from plainview.ledger.keys import VerifierKey
from plainview.ledger.notes import Note, NoteSignature, parse_note, parse_signature
from plainview.ledger.opening import open_checkpoint
from plainview.ledger.policies import Witness
from plainview.ledger.spelling import from_decimal, shown
from plainview.ledger.submissions import Submission
from plainview.platform.log.tree import JournalTree

TIMEOUT = 2.0
"""Seconds for an answer."""
ANSWER_LIMIT = 1 << 16
"""Bytes of an answer that are read."""


class WitnessError(Exception):
    """A witness did not cosign, and why; it may the next time."""


class HistoryDoubted(WitnessError):
    """It says that it cosigned another history than there is here, and shows nothing for it."""


class _Ahead(WitnessError):
    """It cosigned more of this very history than it was sent, which it shows."""

    def __init__(self, message: str, note: Note, checkpoint: Checkpoint) -> None:
        super().__init__(message)
        self.note = note
        self.checkpoint = checkpoint


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

    def cosign(self, note: Note, checkpoint: Checkpoint, tree: JournalTree) -> tuple[NoteSignature, int]:
        """Its cosignature of `note`, which is of `checkpoint` in `tree`, and the time in it.

        Raises WitnessError, and HistoryRefused where it shows what cannot be true together with this.
        """
        size = checkpoint.size
        status, body = self._submit(note, size, tree)
        if status == 409:
            self._known = self._told(body)
            if self._known > size:
                raise self._ahead(tree)
            status, body = self._submit(note, size, tree)
        if status == 422:
            self._look(tree)
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

    def hear(self, note: Note, checkpoint: Checkpoint, tree: JournalTree) -> None:
        """Have it cosign anew what it cosigned last of this log, or `note`: what `tree` begins with.

        `note` is what was signed last, so that nothing new is signed for it. Raises as `cosign` does.
        """
        try:
            self.cosign(note, checkpoint, tree)
        except _Ahead as ahead:
            self.cosign(ahead.note, ahead.checkpoint, tree)

    def _look(self, tree: JournalTree) -> tuple[Note, Checkpoint] | None:
        """What the witness shows with this log's own signature. Raises HistoryRefused unless `tree` begins with it.

        None says nothing: what monitors are shown may lie elsewhere, or an hour back.
        """
        try:
            answer = ask(f"{self._prefix}/{origin_hash(self._origin)}/checkpoint", ANSWER_LIMIT, TIMEOUT)
            note = parse_note(answer.data)
            seen, _ = open_checkpoint(note, self._origin, self._keys)
        except (AskError, LedgerError):
            return None
        # The tree as it is now: another who asks the same witness may have had it cosign more since this began.
        if seen.size > (size := tree.size):
            raise HistoryRefused(
                f"witness {shown(self.witness.name)} cosigned {seen.size} records of this log, and here are {size}: "
                "the data directory is an older copy, or another server runs from a copy of it"
            )
        if tree.root(seen.size) != seen.root:
            raise HistoryRefused(
                f"witness {shown(self.witness.name)} cosigned {seen.size} records of this log, and they are not those "
                "here: another server published from a copy of this data directory"
            )
        return note, seen

    def _told(self, body: bytes) -> int:
        """How many records the witness says it has."""
        try:
            return from_decimal(_text(body).removesuffix("\n"), "its size")
        except LedgerError as error:
            raise WitnessError(self._of(f"answered 409 and {error}")) from None

    def _ahead(self, tree: JournalTree) -> WitnessError:
        """What to raise where it says that it cosigned more than it was sent: its word is not enough."""
        found = self._look(tree)
        if found is not None and found[1].size >= self._known:
            return _Ahead(self._of(f"has cosigned {self._known} records of this log already"), *found)
        more = "more than were signed" if self._known <= tree.size else f"and here are {tree.size}"
        return HistoryDoubted(self._of(f"says that it cosigned {self._known} records of this log, {more}"))

    def _submit(self, note: Note, size: int, tree: JournalTree) -> tuple[int, bytes]:
        old = min(self._known, size)
        content = Submission(old, consistency_proof(old, size, tree.read), note).encode()
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
