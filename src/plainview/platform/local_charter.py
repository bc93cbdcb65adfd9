"""A charter whose parties are all one hand, to try things out with: what it signs proves nothing to others."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import NamedTuple

from plainview.keys.key_files import make_key
from plainview.ledger.charters import LEAST, Bounds, Charter, Party
from plainview.ledger.keys import VerifierKey
from plainview.ledger.notes import Note
from plainview.ledger.policies import NO_QUORUM, Log, Policy, Witness
from plainview.ledger.schemes import ED25519
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


class Watched(NamedTuple):
    """By a partner's program, which has made keys of its own."""

    auditor: VerifierKey
    witness: Witness
    """Without whom nothing is published."""


def begin_locally(home: Home, parties: Path, watched: Watched | None = None, url: str = URL) -> Charter:
    """Begin the journal in `home` with keys of all parties, each in a directory of its own below `parties`.

    The signed charter is in `parties` too. Where a partner's program is to watch, the auditor's key is that one's, and
    none is made. The log is to be found at `url`. Raises HomeError, with nothing written where a journal has begun or
    a file is there already, and KeyFileError.
    """
    if home.begun():
        raise HomeError(
            f"{home.path}: a journal has begun here already, with a charter that `plainview charter show --home "
            f"{home.path}` shows"
        )
    if parties.absolute().is_relative_to(home.path):
        raise HomeError(f"{parties} lies in the data directory, which the parties' keys are kept apart from")
    made = [name for name, role in PARTIES.items() if watched is None or role != "auditor"]
    for path in (*(parties / name / KEY for name in made), parties / CHARTER, home.path / LOG / KEY):
        if os.path.lexists(path):
            raise HomeError(f"{path}: is there already, and nothing is written over; move it away")
    home.prepare()
    origin = f"{ORIGIN}{secrets.token_hex(8)}"
    files = HostFileSystem()
    try:
        for directory in (*(parties / name for name in made), home.path / LOG):
            make_durable(files, directory.absolute())
        signers = [make_key(parties / name / KEY, f"{origin}/{name}", ED25519) for name in made]
        log = Log(make_key(home.path / LOG / KEY, origin, ED25519).key, url)
        keys = [signer.key for signer in signers]
        text = _charter(origin, keys, log, to_bytes(home.release.digest), watched).text()
        note = Note(text, tuple(signer.sign(text) for signer in signers))
        write_durable(files, parties / CHARTER, [note.encode()])
    except OSError as error:
        raise HomeError(f"{error.filename or parties}: cannot be written ({error.strerror})") from error
    return adopt(home, note).charter


def _charter(origin: str, made: list[VerifierKey], log: Log, baseline: bytes, watched: Watched | None) -> Charter:
    keys = made if watched is None else [*made, watched.auditor]
    policy = Policy((log,), (), (), NO_QUORUM)
    if watched is not None:
        policy = Policy((log,), (watched.witness,), (), watched.witness.name)
    return Charter(
        0,
        None,
        origin,
        tuple(Party(role, key) for role, key in zip(PARTIES.values(), keys, strict=True)),
        LEAST,
        Bounds(),
        baseline,
        policy,
    )
