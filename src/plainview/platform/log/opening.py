"""A log's directory: its private key, its policy, its last checkpoint."""

from __future__ import annotations

import logging
from pathlib import Path

from plainview.journal import Journal
from plainview.keys.key_files import make_key, read_key
from plainview.ledger.errors import FormatError
from plainview.ledger.policies import NO_QUORUM, Policy
from plainview.ledger.policies import Log as KnownLog
from plainview.ledger.policy_files import encode_policy, parse_policy
from plainview.ledger.schemes import ED25519
from plainview.ledger.signers import Signer
from plainview.platform.log.log import Log
from plainview.platform.log.publisher import CHECKPOINT, LogBroken, Publisher
from plainview.platform.log.tree import JournalTree
from plainview.storage.filesystem import HostFileSystem, make_durable, write_durable

KEY = "key"
POLICY = "policy"
FOUNDING = 3
"""Records of a journal that has only been begun."""
URL = "http://127.0.0.1:8000/log/"

_logger = logging.getLogger(__name__)


def open_log(journal: Journal, directory: Path, origin: str, tolerance: int) -> tuple[Log, Publisher]:
    """The log of `journal` in `directory`, and its publisher, not yet opened. A new one gets a key, and a policy that
    asks no witness.

    Raises LogBroken and KeyFileError for what cannot be used, OSError.
    """
    make_durable(HostFileSystem(), directory)
    signer, new = _signer(directory, origin)
    policy = _policy(directory, signer)
    if new and journal.size > FOUNDING:
        _logger.warning(
            "%s: a new log begins over %d records. If this journal was published before, stop, and restore its log",
            directory,
            journal.size,
        )
    tree = JournalTree(journal)
    try:
        publisher = Publisher(journal, tree, signer, policy, directory, HostFileSystem(), tolerance, new=new)
    except ValueError as error:
        raise LogBroken(f"{directory / POLICY}: {error}") from None
    return Log(tree, publisher, signer), publisher


def check_log(journal: Journal, directory: Path, origin: str, tolerance: int) -> None:
    """Raises LogBroken where `journal` may not be what was published of it: for whoever appends without publishing."""
    if (directory / CHECKPOINT).exists():
        _, publisher = open_log(journal, directory, origin, tolerance)
        publisher.open()
        publisher.ask_witnesses()
        if publisher.hold:
            raise LogBroken(f"{directory}: {publisher.hold}; try again when they answer")


def _signer(directory: Path, origin: str) -> tuple[Signer, bool]:
    """The log's key, and whether it was made just now."""
    path = directory / KEY
    if path.exists():
        signer = read_key(path)
        if signer.key.name != origin or signer.key.scheme is not ED25519:
            raise LogBroken(f"{path}: the key of {signer.key.name}, and this log is {origin}; restore its own")
        return signer, False
    if (directory / CHECKPOINT).exists():
        raise LogBroken(f"{path}: the log's key is gone, and another cannot go on with its checkpoints; restore it")
    return make_key(path, origin, ED25519), True


def _policy(directory: Path, signer: Signer) -> Policy:
    path = directory / POLICY
    try:
        policy = parse_policy(path.read_bytes())
    except FileNotFoundError:
        if (directory / CHECKPOINT).exists():
            # Made anew it would ask for no witness, and what witnesses keep from happening could happen.
            raise LogBroken(
                f"{path}: the log's policy is gone; restore it, or write one, of which the smallest is the lines "
                f"`log {signer.key.vkey()}` and `quorum {NO_QUORUM}`"
            ) from None
        policy = Policy((KnownLog(signer.key, URL),), (), (), NO_QUORUM)
        write_durable(HostFileSystem(), path, [encode_policy(policy)])
    except FormatError as error:
        raise LogBroken(f"{path}: {error}") from None
    if signer.key not in [log.key for log in policy.logs]:
        raise LogBroken(f"{path}: it does not name this log; add the line `log {signer.key.vkey()}`")
    return policy
