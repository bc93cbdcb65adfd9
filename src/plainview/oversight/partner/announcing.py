"""What the partner's program says by acts of its own: the one place where they are made."""

from __future__ import annotations

from typing import Any

from plainview.ledger.acts import KINDS
from plainview.ledger.signers import Signer
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
