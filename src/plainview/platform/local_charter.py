"""A charter whose parties are all one hand, to try things out with: what it signs proves nothing to others."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from plainview.keys.key_files import make_key
from plainview.ledger.charters import LEAST, Bounds, Charter, Party
from plainview.ledger.keys import VerifierKey
from plainview.ledger.notes import Note
from plainview.ledger.policies import NO_QUORUM, Log, Policy
from plainview.ledger.schemes import ED25519
from plainview.ledger.signers import Signer
from plainview.platform.faults import HomeError
from plainview.platform.founding import adopt
from plainview.platform.home import LOG, Home
from plainview.platform.log.opening import KEY
from plainview.records.fields import to_bytes
from plainview.storage.filesystem import HostFileSystem, make_durable, write_durable

ORIGIN = "plainview.local/"
"""Begins the log's origin line. What follows is drawn: by its origin a witness knows a log."""
URL = "http://127.0.0.1:8000/log/"
CHARTER = "charter"
PARTIES = {
    "operator": "operator",
    "licensor": "licensor",
    "partner": "partner",
    "builder-1": "builder",
    "builder-2": "builder",
    "auditor": "auditor",
}
"""The directories of the parties' keys, and whose they are."""


def begin_locally(home: Home, parties: Path) -> Charter:
    """Begin the journal in `home` with keys of all parties, each in a directory of its own below `parties`.

    The signed charter is in `parties` too. Raises HomeError, with nothing written where a journal has begun or a file
    is there already, and KeyFileError.
    """
    if home.begun():
        raise HomeError(
            f"{home.path}: a journal has begun here already, with a charter that `plainview charter show --home "
            f"{home.path}` shows"
        )
    if parties.absolute().is_relative_to(home.path):
        raise HomeError(f"{parties} lies in the data directory, which the parties' keys are kept apart from")
    for path in (*(parties / name / KEY for name in PARTIES), parties / CHARTER, home.path / LOG / KEY):
        if os.path.lexists(path):
            raise HomeError(f"{path}: is there already, and nothing is written over; move it away")
    home.prepare()
    origin = f"{ORIGIN}{secrets.token_hex(8)}"
    files = HostFileSystem()
    try:
        for directory in (*(parties / name for name in PARTIES), home.path / LOG):
            make_durable(files, directory.absolute())
        signers = [make_key(parties / name / KEY, f"{origin}/{name}", ED25519) for name in PARTIES]
        charter = _charter(
            origin, signers, make_key(home.path / LOG / KEY, origin, ED25519).key, to_bytes(home.release.digest)
        )
        text = charter.text()
        note = Note(text, tuple(signer.sign(text) for signer in signers))
        write_durable(files, parties / CHARTER, [note.encode()])
    except OSError as error:
        raise HomeError(f"{error.filename or parties}: cannot be written ({error.strerror})") from error
    return adopt(home, note).charter


def _charter(origin: str, signers: list[Signer], log: VerifierKey, baseline: bytes) -> Charter:
    return Charter(
        0,
        None,
        origin,
        tuple(Party(role, signer.key) for role, signer in zip(PARTIES.values(), signers, strict=True)),
        LEAST,
        Bounds(),
        baseline,
        Policy((Log(log, URL),), (), (), NO_QUORUM),
    )
