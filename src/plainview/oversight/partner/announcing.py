"""What the partner's program says by acts of its own: the one place where they are made."""

from __future__ import annotations

import hashlib
from typing import Any

from plainview.ledger.act_fields import TEXT_LIMIT
from plainview.ledger.acts import KINDS, parse_act
from plainview.ledger.acts import Finding as FindingAct
from plainview.ledger.notes import parse_note
from plainview.ledger.signers import Signer
from plainview.oversight.findings import Finding
from plainview.oversight.partner.keeping import Findings
from plainview.oversight.partner.log import OwnLog


def announce(log: OwnLog, signer: Signer, origin: str, kind: str, fields: dict[str, Any]) -> str | None:
    """Put an act of that kind, for the log `origin`, into the partner's own log: its note, as text.

    None where acts have no such kind.
    """
    act = KINDS.get(kind)
    if act is None:
        return None
    note = signer.note(act(origin, **fields).text())
    log.append(note)
    return note.decode()


def announce_finding(log: OwnLog, signer: Signer, origin: str, made: Finding) -> None:
    """Announce a finding, whose file is kept: by the file's digest, and in words."""
    file = hashlib.sha256(made.encode()).digest()
    record = None if made.what in ("swallowed", "access") else made.index  # what the log has not
    fields = {"file": file, "record": record, "sentence": made.sentence()[:TEXT_LIMIT].strip()}
    announce(log, signer, origin, "finding", fields)


def announce_kept(log: OwnLog, signer: Signer, origin: str, findings: Findings) -> list[str]:
    """Announce the findings that are kept and were not announced, since the program ended in between.

    Returns what is odd of the files that are kept. Raises OSError, and what the log raises.
    """
    odd: list[str] = []
    acts = (parse_act(parse_note(entry).text) for entry in log.entries())
    announced = {act.file for act in acts if isinstance(act, FindingAct)}
    missing = [made for made in findings.all(odd.append) if hashlib.sha256(made.encode()).digest() not in announced]
    for made in missing:
        announce_finding(log, signer, origin, made)
    return odd
