"""What lets a data set in: the act that the partner has to sign for it, and whether the acts so far are enough."""

from __future__ import annotations

import shlex

from plainview.ledger.acts import Admission
from plainview.ledger.charters import digest_text
from plainview.ledger.standing import Standing
from plainview.platform.imports.source import Source
from plainview.records.fields import to_bytes


def admission_of(source: Source, log: str) -> Admission:
    """The act that lets in all of `source`, and no more. Raises FormatError where its licence is nothing an act can
    say."""
    origin = source.origin
    rows = source.total - 1 - len(source.viewers())
    return Admission(log, origin.origin, to_bytes(origin.digest), origin.licence, rows)


def lacking(standing: Standing, act: Admission) -> str:
    """Why what `act` lets in may not come in by the acts so far, in words; empty where it may."""
    rows = standing.admitted(act.origin, act.data, act.terms)
    if rows is None:
        return f"nobody has let {act.origin} in, with files of digest {digest_text(act.data)}, under {act.terms!r}"
    return f"{act.origin} has {act.rows:,} rows, and {rows:,} were let in" if rows < act.rows else ""


def command(act: Admission) -> str:
    """The command that writes it."""
    options = {
        "--log": act.log,
        "--origin": act.origin,
        "--data": digest_text(act.data),
        "--terms": act.terms,
        "--rows": str(act.rows),
    }
    words = ["plainview", "act", "admission", f"{act.origin}.act", *(word for pair in options.items() for word in pair)]
    return shlex.join(words)
