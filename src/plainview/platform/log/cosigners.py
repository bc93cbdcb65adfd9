"""The policy's witnesses together: who cosigns, and whether enough of them have spoken for the history that is here.

A log that was set back would sign a second history unless a witness tells it in time. So nothing is signed before a
quorum has spoken since the start, nor while those that have not could make one among themselves. From then on, of any
quorum that cosigned a later checkpoint at least one has spoken, and at least as many as any two quorums share: all of
these would have to be set back, like the log, for none to say so.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from time import monotonic
from typing import Any

from plainview.ledger.checkpoints import Checkpoint
from plainview.ledger.keys import VerifierKey
from plainview.ledger.notes import SIGNATURE_LIMIT, Note, NoteSignature
from plainview.ledger.policies import NO_QUORUM, Policy
from plainview.ledger.spelling import shown
from plainview.platform.log.tree import JournalTree
from plainview.platform.log.witnesses import HistoryDoubted, WitnessClient, WitnessError

PATIENCE = 2.0
"""Seconds for a quorum. A record that comes right after one publication began waits twice as long, of the five
that charters allow by default."""
GRACE = 0.2
"""Seconds more for the others, once there is a quorum."""

_Cosignature = tuple[NoteSignature, int]


class Cosigners:
    """For one thread. It waits for nobody longer than PATIENCE: who is late is heard the next time."""

    def __init__(self, policy: Policy, keys: Sequence[VerifierKey]) -> None:
        """`keys` are the log's. Raises ValueError for a witness's URL, a quorum that cannot be, and more witnesses than
        a note has room for."""
        self._policy = policy
        self._clients = {one.name: WitnessClient(one, keys) for one in policy.witnesses if one.url}
        if len(self._clients) >= SIGNATURE_LIMIT:
            raise ValueError(
                f"{len(self._clients)} witnesses have a URL, and a note has room for {SIGNATURE_LIMIT - 1} of them"
            )
        if not policy.reaches_quorum(self._clients):
            raise ValueError(f"quorum {shown(policy.quorum)} cannot be reached by the witnesses that have a URL")
        self._unheard = {name: f"witness {shown(name)} has not answered yet" for name in self._clients}
        """Who has not spoken for this history, and why."""
        self._busy: dict[str, Future[_Cosignature | None]] = {}

    @property
    def doubt(self) -> str:
        """Why this may be an older copy of the log, or another's; empty where it cannot be."""
        if not self._unheard or self._policy.quorum == NO_QUORUM:
            return ""
        unheard = dict(self._unheard)  # asked for by requests while the publisher hears others
        heard = self._clients.keys() - unheard
        if self._policy.reaches_quorum(heard) and not self._policy.reaches_quorum(unheard):
            return ""
        return f"it is not known whether this is the newest copy of the log ({'; '.join(unheard.values())})"

    def settle(self) -> None:
        """Take up what those said who were late. Raises HistoryRefused."""
        for name, future in list(self._busy.items()):
            if future.done():
                del self._busy[name]
                with suppress(WitnessError):
                    self._take(name, future)

    def hear(self, note: Note, checkpoint: Checkpoint, tree: JournalTree) -> None:
        """Ask those who have not spoken, with what was signed last: nothing new is signed. Raises HistoryRefused."""
        asked = {name: _start(self._clients[name].hear, note, checkpoint, tree) for name in self._free(self._unheard)}
        self._collect(asked, lambda _: not self.doubt)

    def cosign(self, note: Note, checkpoint: Checkpoint, tree: JournalTree) -> list[_Cosignature]:
        """Cosignatures in the policy's order, enough for its quorum. Raises WitnessError, and HistoryRefused."""
        asked = {name: _start(self._clients[name].cosign, note, checkpoint, tree) for name in self._free(self._clients)}
        found, troubles = self._collect(asked, self._policy.reaches_quorum)
        if not self._policy.reaches_quorum(found):
            raise WitnessError("; ".join(troubles) or f"no witness of quorum {shown(self._policy.quorum)} has a URL")
        return [found[name] for name in self._clients if name in found]

    def _free(self, names: Iterable[str]) -> list[str]:
        """Those of `names` that can be asked."""
        self.settle()
        return [name for name in names if name in self._clients and name not in self._busy]

    def _collect(
        self, asked: dict[str, Future[Any]], enough: Callable[[Iterable[str]], bool]
    ) -> tuple[dict[str, _Cosignature], list[str]]:
        """What came in time, by witness, and what went wrong."""
        found: dict[str, _Cosignature] = {}
        troubles = [f"witness {shown(name)} has not answered the one before" for name in self._busy]
        self._busy |= asked
        waiting = dict(asked)
        end = monotonic() + PATIENCE
        while waiting:
            if enough(found):
                end = min(end, monotonic() + GRACE)
            if not wait(waiting.values(), max(end - monotonic(), 0), FIRST_COMPLETED).done:
                break
            for name in [name for name, future in waiting.items() if future.done()]:
                del self._busy[name]
                try:
                    cosignature = self._take(name, waiting.pop(name))
                except WitnessError as error:
                    troubles.append(str(error))
                else:
                    if cosignature is not None:
                        found[name] = cosignature
        return found, troubles + [f"witness {shown(name)} has not answered in {PATIENCE:g} s" for name in waiting]

    def _take(self, name: str, future: Future[_Cosignature | None]) -> _Cosignature | None:
        try:
            cosignature = future.result()
        except HistoryDoubted as error:
            self._unheard[name] = str(error)
            raise
        except WitnessError as error:
            if name in self._unheard:
                self._unheard[name] = str(error)
            raise
        self._unheard.pop(name, None)
        return cosignature


def _start(function: Callable[..., Any], *arguments: Any) -> Future[Any]:
    """In a thread that nobody waits for when the process ends."""
    future: Future[Any] = Future()

    def run() -> None:
        try:
            future.set_result(function(*arguments))
        except BaseException as error:  # noqa: BLE001 - whoever asks for the result gets it
            future.set_exception(error)

    try:
        threading.Thread(target=run, name="witness", daemon=True).start()
    except RuntimeError as error:  # no thread to be had for now
        future.set_exception(WitnessError(f"no witness can be asked ({error})"))
    return future
