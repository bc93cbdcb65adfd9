"""The witness itself: which checkpoint is cosigned, and with which status all others are refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from plainview.ledger.checkpoints import Checkpoint, origin_hash, parse_checkpoint
from plainview.ledger.consistency import verify_consistency
from plainview.ledger.errors import FormatError, LedgerError, ProofError, SignatureError
from plainview.ledger.hashing import EMPTY_ROOT
from plainview.ledger.keys import VerifierKey
from plainview.ledger.notes import Note, NoteSignature, parse_note
from plainview.ledger.opening import Verified, open_checkpoint, open_note
from plainview.ledger.signers import Signer
from plainview.ledger.spelling import shown
from plainview.ledger.submissions import Submission, parse_submission
from plainview.oversight.witness.store import WitnessStore, WitnessStoreError

PLAIN = "text/plain; charset=utf-8"
SIZE = "text/x.tlog.size"


class Refused(Exception):
    """A request that gets no cosignature: the answer's status, text and type."""

    def __init__(self, status: int, text: str, media_type: str = PLAIN) -> None:
        super().__init__(text)
        self.status = status
        self.media_type = media_type


class Witness:
    """Cosigns for `logs`, told apart by their keys' names, which are their origins. `clock` gives Unix seconds."""

    def __init__(
        self,
        logs: Iterable[VerifierKey],
        signers: Sequence[Signer],
        store: WitnessStore,
        clock: Callable[[], int],
        withheld: Callable[[Checkpoint], str] = lambda _: "",
        doubted: Callable[[Note, str], None] = lambda note, reason: None,
    ) -> None:
        """`withheld` says why a log may not grow to that now; empty where it may. What it had is cosigned anew.

        `doubted` is told of a checkpoint that was signed and not shown to continue the one cosigned last, and why.
        """
        self.know(logs)
        self._signers = signers
        self._store = store
        self._clock = clock
        self._withheld = withheld
        self._doubted = doubted

    def know(self, logs: Iterable[VerifierKey]) -> None:
        """Cosign for these logs from now on, and for no others."""
        known: dict[str, list[VerifierKey]] = {}
        for key in logs:
            known.setdefault(key.name, []).append(key)
        self._logs = known

    def origins(self) -> list[str]:
        """Of the logs it cosigns for."""
        return list(self._logs)

    def add_checkpoint(self, body: bytes) -> bytes:
        """The cosignature lines for a submission, given away only when they can no longer be forgotten.

        Raises Refused; nothing has changed then.
        """
        try:
            submission = parse_submission(body)
        except FormatError as error:
            raise Refused(400, str(error)) from error
        origin = parse_checkpoint(submission.checkpoint.text).origin
        if origin not in self._logs:
            raise Refused(404, f"{shown(origin)}: this witness knows no log of that origin")
        try:
            checkpoint, signed = open_checkpoint(submission.checkpoint, origin, self._logs[origin])
        except SignatureError as error:
            raise Refused(403, str(error)) from error
        if submission.old > checkpoint.size:
            raise Refused(400, f"the old size, {submission.old}, is above the checkpoint's, {checkpoint.size}")
        try:
            held = self.held(origin)
        except WitnessStoreError as error:
            raise Refused(503, str(error)) from error
        # Before the store is locked: it may ask somebody.
        if checkpoint.size > (held.size if held else 0) and (reason := self._withheld(checkpoint)):
            raise Refused(503, reason)
        cosignatures: list[NoteSignature] = []

        def follow(held: bytes | None) -> bytes:
            last, time = self._last(origin, held)
            _check(submission, checkpoint, last)
            now = self._clock()
            if now < max(time, 1):
                raise Refused(503, f"this witness's clock went back by {time - now} s; try again when it is right")
            try:
                cosignatures[:] = [one.sign(submission.checkpoint.text, now) for one in self._signers]
            except FormatError as error:
                raise Refused(400, str(error)) from error
            return Note(checkpoint.text(), (*_lines(submission.checkpoint, signed), *cosignatures)).encode()

        try:
            self._store.advance(origin_hash(origin), follow)
        except WitnessStoreError as error:
            raise Refused(503, str(error)) from error
        except Refused as error:
            if error.status == 422:
                self._doubted(submission.checkpoint, str(error))
            raise
        return "".join(one.line() for one in cosignatures).encode()

    def checkpoint(self, wanted: str) -> bytes:
        """The checkpoint cosigned last of the log whose `origin_hash` is wanted, with the log's and our signatures.

        Raises Refused.
        """
        if wanted not in map(origin_hash, self._logs):
            raise Refused(404, "this witness knows no log whose origin has that SHA-256 in lower-case hexadecimal")
        try:
            held = self._store.note(wanted)
        except WitnessStoreError as error:
            raise Refused(503, str(error)) from error
        if held is None:
            raise Refused(404, "this witness has not cosigned a checkpoint of that log yet")
        return held

    def held(self, origin: str) -> Checkpoint | None:
        """The checkpoint of that log cosigned last. Raises Refused where the store has been damaged."""
        return self._last(origin, self._store.note(origin_hash(origin)))[0]

    def _last(self, origin: str, held: bytes | None) -> tuple[Checkpoint | None, int]:
        """What was cosigned last and when. Our own signature says whether the bytes are still those we wrote."""
        if held is None:
            return None, 0
        try:
            note = parse_note(held)
            found = open_note(note, [one.key for one in self._signers])
            checkpoint = parse_checkpoint(note.text)
            if checkpoint.origin != origin:
                raise SignatureError(f"it is of {shown(checkpoint.origin)}")
        except LedgerError as error:
            raise Refused(
                503,
                f"what this witness holds of {shown(origin)} is not what it wrote ({error}); tell its operator",
            ) from error
        return checkpoint, max(one.time or 0 for one in found)


def _check(submission: Submission, checkpoint: Checkpoint, last: Checkpoint | None) -> None:
    """Raises Refused unless the checkpoint continues the last one."""
    size = last.size if last else 0
    if submission.old != size:
        raise Refused(409, f"{size}\n", SIZE)
    try:
        verify_consistency(size, last.root if last else EMPTY_ROOT, checkpoint.size, checkpoint.root, submission.hashes)
    except ProofError as error:
        raise Refused(422, str(error)) from error


def _lines(note: Note, signed: Iterable[Verified]) -> Iterable[NoteSignature]:
    """The note's lines by the keys that signed, one each: repeated ones would leave no room for ours."""
    keys = {(one.key.name, one.key.key_id) for one in signed}
    return {(one.name, one.key_id): one for one in note.signatures if (one.name, one.key_id) in keys}.values()
