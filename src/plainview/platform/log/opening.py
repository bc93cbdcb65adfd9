"""A log's directory: its private key and its last checkpoint. Whom it asks to cosign, the charter says."""

from __future__ import annotations

import logging
from pathlib import Path

from plainview.journal import Journal, JournalDamaged
from plainview.keys.key_files import read_key
from plainview.ledger.charters import Charter
from plainview.ledger.schemes import ED25519
from plainview.ledger.signers import Signer
from plainview.platform.charters import Charters
from plainview.platform.log.cosigners import Cosigners
from plainview.platform.log.log import Log
from plainview.platform.log.publisher import CHECKPOINT, SIGNED, LogBroken, Publisher
from plainview.platform.log.tree import JournalTree
from plainview.storage.filesystem import HostFileSystem

KEY = "key"

_logger = logging.getLogger(__name__)


def open_log(journal: Journal, directory: Path, charters: Charters) -> tuple[Log, Publisher]:
    """The log of `journal` in `directory`, and its publisher, not yet opened.

    Raises LogBroken and KeyFileError for what cannot be used.
    """
    signer = log_signer(directory, charters.in_force.charter)
    if not _has_signed(directory) and _has_served(journal):
        _logger.warning(
            "%s: a new log begins over %d records, pages among them, which were published when they were served: stop, "
            "and restore its checkpoint",
            directory,
            journal.size,
        )
    tree = JournalTree(journal)
    publisher = _publisher(journal, tree, directory, charters, signer)
    return Log(tree, publisher, signer, charters), publisher


def check_log(
    journal: Journal, directory: Path, charters: Charters, next_: Charter | None = None, *, unheard: bool = False
) -> None:
    """Raises LogBroken where `journal` may not be what was published of it: for whoever appends without publishing.

    `next_` is the charter about to come, which may name another key of the log. With `unheard` it is raised only for
    what shows, and not for what too few witnesses say.
    """
    if _has_signed(directory):
        signer = log_signer(directory, next_ or charters.in_force.charter)
        publisher = _publisher(journal, JournalTree(journal), directory, charters, signer)
        publisher.open()
        publisher.ask_witnesses()
        if publisher.hold and not unheard:
            raise LogBroken(f"{directory}: {publisher.hold}; try again when they answer")


def check_fits(directory: Path, charter: Charter) -> None:
    """Raises LogBroken and KeyFileError where no log could go on in `directory` with `charter` in force."""
    signer = log_signer(directory, charter)
    try:
        Cosigners(charter.policy, [signer.key])
    except ValueError as error:
        raise LogBroken(f"the charter's policy: {error}") from None


def log_signer(directory: Path, charter: Charter) -> Signer:
    """The log's key. Raises KeyFileError, and LogBroken where there is none that signs here, or the charter names
    another."""
    path = directory / KEY
    named = charter.policy.keys_of(charter.origin)
    if not path.exists():
        raise LogBroken(
            f"{path}: the log's key is not there ({' or '.join(key.vkey() for key in named)}); restore it. One that is "
            "lost for good is replaced by an amendment of the charter"
        )
    signer = read_key(path)
    if signer.key.scheme is not ED25519:
        raise LogBroken(f"{path}: a log signs with Ed25519 (0x01), and this key does not: put one there that does")
    if signer.key not in named:
        raise LogBroken(
            f"{path}: the key {signer.key.vkey()} lies there, and the charter names "
            f"{' and '.join(key.vkey() for key in named)}: put that one there, or amend the charter"
        )
    return signer


def _publisher(journal: Journal, tree: JournalTree, directory: Path, charters: Charters, signer: Signer) -> Publisher:
    policy, bounds = charters.in_force.charter.policy, charters.in_force.charter.bounds
    files, keys = HostFileSystem(), charters.log_keys()
    try:
        return Publisher(journal, tree, signer, policy, directory, files, bounds.clock_tolerance, keys=keys)
    except ValueError as error:
        raise LogBroken(f"the charter in force: {error}; amend it") from None


def _has_served(journal: Journal) -> bool:
    """Whether pages went out, or one that did is damaged. What was only imported may never have been published."""
    try:
        return next(journal.of_kind("page", trusting=True), None) is not None
    except JournalDamaged:
        return True


def _has_signed(directory: Path) -> bool:
    return (directory / CHECKPOINT).exists() or (directory / SIGNED).exists()
