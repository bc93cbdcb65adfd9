"""The partner's directory: keys that never leave it, and all that the program keeps."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from plainview.keys.key_files import make_key, read_key
from plainview.ledger.keys import VerifierKey
from plainview.ledger.notes import Note, parse_note
from plainview.ledger.schemes import ED25519, ED25519_COSIGNATURE, Scheme
from plainview.ledger.signers import Signer
from plainview.storage.filesystem import HostFileSystem, make_durable, write_durable

AUDITOR, LOG_KEY, WITNESS_KEY = "auditor.key", "log.key", "witness.key"
WITNESS = "witness.sqlite"
MIRROR, JOURNAL, LOG, FINDINGS = "mirror", "journal", "log", "findings"
REQUESTS, ASKED, REPORTS = "requests", "asked", "reports"
RERUN = "rerun"
"""Where re-running stands."""
DRAWS, CANARIES = "draws", "canaries"
"""Which nobody else may read: a secret before its reveal, and who the partner's viewers are."""
CHARTER = "charter"
"""The charter that it follows by, as it was given."""
LOCK = "lock"

_KEYS: tuple[tuple[str, str, Scheme], ...] = (
    (AUDITOR, "auditor", ED25519),
    (LOG_KEY, "log", ED25519),
    (WITNESS_KEY, "witness", ED25519_COSIGNATURE),
)


class DirectoryError(Exception):
    """A partner's directory that cannot be made or used, and what to do."""


class Keys(NamedTuple):
    """The program's own keys."""

    auditor: Signer
    log: Signer
    witness: Signer


def make_directory(path: Path, name: str) -> list[VerifierKey]:
    """A new one: the public keys of auditor, log and witness. Nothing is ever overwritten.

    Raises DirectoryError and KeyFileError.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if found := next(path.iterdir(), None):
            raise DirectoryError(f"{path}: not empty ({found.name}); a new one takes a new directory")
        for part in (MIRROR, JOURNAL, LOG, FINDINGS, REPORTS):
            make_durable(HostFileSystem(), path / part)
        for part in (DRAWS, CANARIES):
            (path / part).mkdir(mode=0o700)
        return [make_key(path / file, f"{name}/{what}", scheme).key for file, what, scheme in _KEYS]
    except OSError as error:
        raise DirectoryError(f"{path}: cannot be made ({error.strerror})") from error


def read_keys(path: Path) -> Keys:
    """The keys there. Raises DirectoryError and KeyFileError."""
    if not (path / AUDITOR).exists():
        raise DirectoryError(f"{path}: no keys of a partner in it; `plainview oversee new` makes some")
    signers = [read_key(path / file) for file, _, _ in _KEYS]
    for signer, (file, _, scheme) in zip(signers, _KEYS, strict=True):
        if signer.key.scheme is not scheme:
            raise DirectoryError(f"{path / file}: a key of {signer.key.scheme.title}, and not of {scheme.title}")
    return Keys(*signers)


@contextmanager
def alone(path: Path, command: str = "plainview oversee run") -> Iterator[None]:
    """For as long as it lasts no other `command` may run on the directory. Raises DirectoryError where one does."""
    try:
        lock = (path / LOCK).open("ab")
    except OSError as error:
        raise DirectoryError(f"{path}: cannot be used ({error.strerror})") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DirectoryError(f"{path}: another `{command}` is at work there; stop it first") from None
        yield


def kept_charter(path: Path) -> Note | None:
    """The charter that was given; None where none was."""
    try:
        return parse_note((path / CHARTER).read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DirectoryError(f"{path / CHARTER}: cannot be read ({error.strerror})") from error


def keep_charter(path: Path, note: Note) -> None:
    """Keep the charter that was given, whose digest is known to be the one. Raises DirectoryError."""
    if not os.path.lexists(path / CHARTER):
        try:
            write_durable(HostFileSystem(), path / CHARTER, [note.encode()])
        except OSError as error:
            raise DirectoryError(f"{path / CHARTER}: cannot be written ({error.strerror})") from error
