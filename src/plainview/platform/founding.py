"""How a journal begins: its charter, the installed release, and epoch 0."""

from __future__ import annotations

import secrets

from plainview.journal import Draft, Journal, Refused
from plainview.journal.epochs import EpochStore
from plainview.learning import epochs as worlds
from plainview.learning.fold import empty_world
from plainview.platform.home import NOW_TOLERANCE, VARIABLE, HomeError, charter_of, check_release
from plainview.platform.releases import installed, installed_digest
from plainview.records import Charter, Release, Revocation, encode

ORIGIN = "plainview.local/"
"""Begins the log's origin line, until the operator has a name. What follows is drawn: by its origin a witness knows a
log."""
CLOCK_TOLERANCE = 5_000
"""Milliseconds, see `Charter.clock_tolerance`."""
REPLAY_WINDOW = 30
"""Days, see `Charter.replay_window`."""


def found(journal: Journal, epochs: EpochStore) -> Charter:
    """Begin an empty journal, or make sure that the installed release may go on with one that was begun.

    Returns the charter. Raises HomeError for a journal without a charter, for one that another release wrote, and for
    an installed release that was revoked.
    """
    digest = installed_digest()
    if journal.size == 0:
        manifest = encode(installed()).decode()
        release = Release(time=0, name=installed().configuration.name, digest=digest, manifest=manifest)
        first = worlds.first(empty_world())
        epochs.save_delta(first.delta)
        charter = Charter(
            time=0,
            origin=f"{ORIGIN}{secrets.token_hex(8)}",
            baseline=digest,
            clock_tolerance=CLOCK_TOLERANCE,
            now_tolerance=NOW_TOLERANCE,
            replay_window=REPLAY_WINDOW,
        )
        _append(journal, [Draft(charter), Draft(release), Draft(first.record)])
    charter = charter_of(journal)
    check_release(journal)
    for entry in journal.of_kind("revocation"):
        if isinstance(entry.record, Revocation) and entry.record.digest == digest:
            raise HomeError(
                f"release {digest} was revoked by record {entry.index}: install another version of Plainview, and "
                f"begin another data directory with --home or {VARIABLE}"
            )
    return charter


def _append(journal: Journal, drafts: list[Draft]) -> None:
    for outcome in journal.append(drafts):
        if isinstance(outcome, Refused):
            raise HomeError(f"the journal could not be begun ({outcome.code}): {outcome.reason}")
