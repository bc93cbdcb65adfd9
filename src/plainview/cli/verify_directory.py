"""`plainview verify DIR`: all that is known in a directory, a line each, and how many of them hold."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from plainview.cli.verdicts import Claimed, claimed_page, receipt_verdict
from plainview.cli.verify import FILE_LIMIT, Unreadable, parsed_receipt, read, verdict
from plainview.ledger import broken_promises, log_proofs, misbehaviour
from plainview.ledger.bundles import ENTRY_LIMIT
from plainview.ledger.checkpoints import parse_checkpoint
from plainview.ledger.errors import FormatError, LedgerError, ProofError
from plainview.ledger.log_proofs import parse_log_proof
from plainview.ledger.policies import Policy
from plainview.ledger.spelling import printable, shown
from plainview.ledger.tile_paths import TILE_WIDTH
from plainview.oversight.mirror.copies import Copy
from plainview.oversight.receipts import Receipt

VERSIONS: dict[str, str] = {one.SUFFIX: one.VERSION for one in (log_proofs, misbehaviour, broken_promises)}
RECEIPT = "receipt"
BUNDLE_LIMIT = TILE_WIDTH * (ENTRY_LIMIT + 2)
"""Bytes of a file of a log at most."""


class _File(NamedTuple):
    path: Path
    name: str
    """As it is written: below the directory, on one line."""
    kind: str
    """RECEIPT, or one of VERSIONS; empty for what cannot be read, as reading it says."""


def verify_directory(directory: Path, policy: Policy, known: Path | None) -> int:
    """Print what holds and what does not, and why; the exit code. `known` is passed over: it is the policy itself.

    Raises Unreadable where the directory cannot be read, or has nothing that can be checked.
    """
    return _Bundle(directory, policy, known).verify()


class _Bundle:
    def __init__(self, directory: Path, policy: Policy, known: Path | None) -> None:
        self._directory = directory
        self._policy = policy
        self._known = known
        self._copies: dict[str, tuple[str, Copy]] = {}
        """The largest of each log."""
        self._pages: dict[tuple[str, int], Claimed] = {}
        self._convicting = 0
        self._counts = {"proven": 0, "NOT PROVEN": 0, "not checked": 0}

    def verify(self) -> int:
        files: list[_File] = []
        roots: list[Path] = []
        unknown: list[str] = []
        for path in self._walk(roots):
            if self._known and _same(path, self._known):
                continue
            kind = _kind(path)
            if kind is not None:
                files.append(_File(path, self._name(path), kind))
            else:
                unknown.append(self._name(path))
        # Logs first, then receipts, which they keep or not; then what is proven of either.
        for root in roots:
            self._tell(self._name(root), lambda root=root: self._copy(root, unknown))  # type: ignore[misc]
        for file in sorted(files, key=lambda file: file.kind != RECEIPT):
            self._tell(file.name, lambda file=file: self._sentence(file))  # type: ignore[misc]
        if not any(self._counts.values()):
            raise Unreadable(f"{printable(str(self._directory))}: nothing in it that can be checked")
        for name in sorted(unknown):
            print(f"unknown: {name}: none of the kinds that are checked")
        proven, failed, unchecked = self._counts.values()
        print(
            f"{proven} of {proven + failed + unchecked} hold"
            + f", {failed} not proven" * bool(failed)
            + f", {unchecked} not checked" * bool(unchecked)
            + f"; {self._convicting} of them convict" * bool(self._convicting)
            + f"; {len(unknown)} unknown" * bool(unknown)
            + ". What each leaves open says `plainview verify` on it alone."
        )
        return 1 if failed else 2 if unchecked else 0

    def _walk(self, roots: list[Path]) -> Iterator[Path]:
        """Every file that is not of a log's copy; the copies go to `roots`. No symbolic link is followed."""

        def told(error: OSError) -> None:
            raise Unreadable(f"{printable(str(error.filename))}: {error.strerror}") from error

        for place, folders, names in os.walk(self._directory, onerror=told):
            here = Path(place)
            if "checkpoint" in names:
                roots.append(here)
                names.remove("checkpoint")
                folders[:] = [name for name in folders if name != "tile"]
            folders.sort()
            links = [name for name in folders if (here / name).is_symlink()]
            yield from (here / name for name in sorted([*names, *links]))

    def _tell(self, name: str, sentence: Callable[[], str]) -> None:
        try:
            word, said = "proven", sentence()
        except FormatError as error:
            word, said = "not checked", str(error)
        except LedgerError as error:
            word, said = "NOT PROVEN", str(error)
        except Unreadable as error:
            word, said = "not checked", str(error)
        self._counts[word] += 1
        print(f"{word}: {name}: {said}")

    def _copy(self, root: Path, unknown: list[str]) -> str:
        copy = Copy(lambda path: _regular(root / path, BUNDLE_LIMIT), self._policy)
        head = copy.accepted.checkpoint
        if head.origin not in self._copies or self._copies[head.origin][1].size < head.size:
            self._copies[head.origin] = (self._name(root), copy)
        for place, _, names in os.walk(root / "tile"):
            paths = [Path(place, name) for name in sorted(names)]
            unknown += [self._name(path) for path in paths if not copy.has(path.relative_to(root).as_posix())]
        by = ", ".join(dict.fromkeys(printable(one.witness) for one in copy.accepted.witnessed)) or "nobody"
        return f"all {head.size:,} entries of the log {shown(head.origin)}, cosigned by {by}, lead to its root"

    def _sentence(self, file: _File) -> str:
        data = _regular(file.path)
        if file.kind == RECEIPT:
            return self._receipt(file.name, parsed_receipt(data))
        if file.kind != log_proofs.VERSION:
            proven = verdict(file.name, data, self._policy, None).proven
            self._convicting += 1
            return proven
        proof = parse_log_proof(data)
        head = parse_checkpoint(proof.checkpoint.text)
        page = self._pages.get((head.origin, proof.index))
        if page is None:
            raise Unreadable(
                f"of entry {proof.index} of {shown(head.origin)}, and no receipt of it is here that holds: give the "
                "entry to `plainview verify` on this file, as --entry"
            )
        proven = verdict(file.name, data, self._policy, page).proven
        name, copy = self._copies.get(head.origin, ("", None))
        if copy and head.size <= copy.size and copy.root(head.size) != head.root:
            raise ProofError(f"its tree of {head.size} entries is not that of the copy in {name}: the log forked")
        return proven

    def _receipt(self, name: str, receipt: Receipt) -> str:
        proven = receipt_verdict(name, receipt, self._policy).proven
        page = claimed_page(name, receipt, self._policy)
        promise = page.promise
        assert promise
        first = self._pages.setdefault((promise.origin, promise.index), page)
        if first.data != page.data:
            raise ProofError(
                f"{proven}, and {first.name} is promised as that entry, too: `plainview mirror --receipts` writes down "
                "the proof"
            )
        where, copy = self._copies.get(promise.origin, ("", None))
        if copy is None:
            return proven
        if promise.index >= copy.size:
            return f"{proven}; the copy in {where} ends before it"
        if copy.leaf(promise.index) != promise.leaf:
            raise ProofError(
                f"{proven}, and in the copy in {where} another entry stands there: `plainview mirror --receipts` "
                "writes down the proof"
            )
        return f"{proven}, and the copy in {where} has it"

    def _name(self, path: Path) -> str:
        return printable(str(path.relative_to(self._directory)))


def _kind(path: Path) -> str | None:
    """By its name, else by its first line; None for what is no file and for everything else."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return None
        if path.suffix == ".json":
            return RECEIPT
        if path.suffix in VERSIONS:
            return VERSIONS[path.suffix]
        with path.open("rb") as file:
            first = file.readline(100).rstrip(b"\n").decode("ascii", "replace")
    except OSError:
        return ""
    return first if first in VERSIONS.values() else None


def _regular(path: Path, limit: int = FILE_LIMIT) -> bytes:
    with suppress(OSError):  # which reading it says
        if path.exists() and not path.is_file():
            raise Unreadable(f"{printable(str(path))}: is no file")
    return read(path, limit)


def _same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False
