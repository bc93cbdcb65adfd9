"""What the parties of a charter sign that are all one hand: it proves nothing to others."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from plainview.journal.journal import Journal, now
from plainview.keys.key_files import read_key
from plainview.ledger.acts import Admission, AnyAct, Approval, Build, Licence, Result, Submission
from plainview.ledger.attestations import PRETENDED
from plainview.ledger.charters import BOUND_LIMIT
from plainview.ledger.notes import Note
from plainview.ledger.scopes import MILLION, Scope
from plainview.ledger.spelling import TIME_LIMIT
from plainview.platform.acts import Acts, NewAct
from plainview.platform.faults import HomeError
from plainview.platform.home import Home
from plainview.platform.log.opening import KEY
from plainview.platform.releases import environment, environment_digest
from plainview.records.fields import to_bytes

UNTESTED = "none: a charter of one machine is to try things out"


def license_locally(home: Home, parties: Path) -> None:
    """Have the parties whose keys lie below `parties` (`local_charter`) let the home's release rank everywhere.

    The second builder's CPU is a pretended one, and says so. Raises HomeError where an act does not count, and
    KeyFileError.
    """
    release, everybody = to_bytes(home.release.digest), Scope(None, None, MILLION)
    golden, runs_with = to_bytes(home.release.manifest.golden), to_bytes(environment_digest())
    with closing(home.write()) as journal:
        acts = Acts(journal, now)
        journal.watch(acts.observe)
        log, began = acts.standing.charter.origin, max(now(), journal.last_time)
        said: list[tuple[AnyAct, tuple[str, ...]]] = [
            (Licence(log, 1, everybody, began, TIME_LIMIT, 0, ()), ("licensor", "operator")),
            (Submission(log, release, None, 1), ("licensor",)),
            (Build(log, release, golden, environment()["cpu"] or "unknown", runs_with), ("builder-1",)),
            (Build(log, release, golden, PRETENDED, runs_with), ("builder-2",)),
            (Result(log, release, UNTESTED, True, bytes(32)), ("auditor",)),
            (Approval(log, release, journal.size, 1, everybody, began, TIME_LIMIT, 0, BOUND_LIMIT), ("partner",)),
        ]
        for act, names in said:
            if reason := _say(acts, act, parties, names):
                raise HomeError(f"{home.path}: could not be licensed: {reason}")


def admit_locally(journal: Journal, act: Admission, parties: Path) -> None:
    """Have the partner whose key lies below `parties` let a data set in.

    Raises HomeError where that act does not count, KeyFileError, and Fault where it is no party's.
    """
    acts = Acts(journal, now)
    journal.watch(acts.observe)
    if reason := _say(acts, act, parties, ("partner",)):
        raise HomeError(f"{parties}: its partner's key could not let {act.origin} in: {reason}")


def _say(acts: Acts, act: AnyAct, parties: Path, names: tuple[str, ...]) -> str:
    """Why it does not count; empty where it does."""
    text = act.text()
    note = Note(text, tuple(read_key(parties / name / KEY).sign(text) for name in names))
    return acts.submit(NewAct(note.encode().decode())).reason
