"""A witness's directory: its private keys, the list of its logs, its store."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plainview.keys.key_files import make_key, read_key
from plainview.ledger.errors import FormatError
from plainview.ledger.keys import VerifierKey
from plainview.ledger.policy_files import POLICY_LIMIT, parse_policy
from plainview.ledger.schemes import ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE
from plainview.ledger.signers import Signer
from plainview.oversight.witness.store import WitnessStore
from plainview.oversight.witness.witness import Witness

KEYS = {"ed25519.key": ED25519_COSIGNATURE, "ml-dsa-44.key": ML_DSA_44_COSIGNATURE}
LOGS = "logs"
DATABASE = "witness.sqlite"

_LOGS = b"""\
# The logs that this witness cosigns, one a line (C2SP tlog-policy). The key's name is the log's origin.
# log <vkey> [<url>]
quorum none
"""


class DirectoryError(Exception):
    """A witness's directory that cannot be made or used, and what to do."""


def make_directory(path: Path, name: str, ml_dsa_44: bool) -> list[VerifierKey]:
    """A new witness: its public keys. Raises DirectoryError and KeyFileError; nothing is ever overwritten."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if found := next(path.iterdir(), None):
            raise DirectoryError(f"{path}: not empty ({found.name}); a new witness takes a new directory")
        files = list(KEYS.items())[: 2 if ml_dsa_44 else 1]
        keys = [make_key(path / file, name, scheme).key for file, scheme in files]
        (path / LOGS).write_bytes(_LOGS)
    except OSError as error:
        raise DirectoryError(f"{path}: cannot be made ({error.strerror})") from error
    return keys


@contextmanager
def open_witness(path: Path) -> Iterator[tuple[Witness, list[VerifierKey]]]:
    """The witness of a directory, by the machine's clock, and its public keys.

    Raises DirectoryError, KeyFileError and WitnessStoreError.
    """
    signers = _signers(path)
    logs = _logs(path / LOGS)
    store = WitnessStore(path / DATABASE)
    try:
        yield Witness(logs, signers, store, lambda: int(time.time())), [one.key for one in signers]
    finally:
        store.close()


def _signers(path: Path) -> list[Signer]:
    try:
        files = [file for file in KEYS if (path / file).exists()]
    except OSError as error:
        raise DirectoryError(f"{path}: cannot be read ({error.strerror})") from error
    if not files:
        raise DirectoryError(f"{path}: no key of a witness in it; `plainview witness new` makes one")
    signers = []
    for file in files:
        signer = read_key(path / file)
        if signer.key.scheme is not KEYS[file]:
            raise DirectoryError(f"{path / file}: a key of {signer.key.scheme.title}, and not of {KEYS[file].title}")
        signers.append(signer)
    return signers


def _logs(path: Path) -> list[VerifierKey]:
    try:
        with path.open("rb") as file:
            logs = parse_policy(file.read(POLICY_LIMIT + 1)).logs
    except FormatError as error:
        raise DirectoryError(f"{path}: {error}") from None
    except OSError as error:
        raise DirectoryError(f"{path}: cannot be read ({error.strerror})") from error
    if not logs:
        raise DirectoryError(f"{path}: no log in it; add a line `log <vkey>` for each log to be cosigned")
    return [log.key for log in logs]
