from __future__ import annotations

from pathlib import Path

from plainview.ledger.acts import Revocation, parse_act
from plainview.ledger.notes import parse_note
from plainview.oversight.partner.announcing import announce
from plainview.oversight.partner.log import OwnLog
from tests.ledger.chartered import KEYS
from tests.ledger.logs import LOG, ORIGIN


def test_what_is_announced_stands_in_the_partners_log(tmp_path: Path) -> None:
    log = OwnLog(tmp_path, LOG)
    fields = {"release": bytes(32), "seen": 1, "reason": "a test"}
    note = announce(log, KEYS["auditor"], ORIGIN, "revocation", fields)
    assert note is not None
    assert log.entries() == (note.encode(),)
    assert parse_act(parse_note(note.encode()).text) == Revocation(ORIGIN, **fields)  # type: ignore[arg-type]
    assert announce(log, KEYS["auditor"], ORIGIN, "revocation", fields) == note  # again, it is the same
    assert len(log.entries()) == 1


def test_what_no_act_says_is_not_said(tmp_path: Path) -> None:
    log = OwnLog(tmp_path, LOG)
    assert announce(log, KEYS["auditor"], ORIGIN, "thesis", {}) is None
    assert log.entries() == ()
