"""`plainview verify DIR`: all that is known in a directory, a line each, and how many of them hold."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from plainview.cli.belief import Belief
from plainview.cli.verdicts import Claimed, claimed_page, receipt_verdict
from plainview.cli.verify import FILE_LIMIT, FINDING, Unreadable, parsed_receipt, read, verdict
from plainview.ledger import broken_promises, charters, log_proofs, misbehaviour
from plainview.ledger.charters import parse_charter
from plainview.ledger.checkpoints import Checkpoint, parse_checkpoint
from plainview.ledger.errors import FormatError, LedgerError, ProofError
from plainview.ledger.log_proofs import parse_log_proof
from plainview.ledger.notes import parse_note
from plainview.ledger.promises import parse_promise
from plainview.ledger.spelling import printable, shown
from plainview.oversight.charters import Charters
from plainview.oversight.mirror.copies import CHECKPOINT, ENTRIES_LIMIT, LOCK, PENDING, Copy
from plainview.oversight.receipts import Receipt
from plainview.oversight.reports import report as reports

VERSIONS: dict[str, str] = {one.SUFFIX: one.VERSION for one in (log_proofs, misbehaviour, broken_promises)}
VERSIONS[".plainview-finding"] = FINDING.decode()
VERSIONS[reports.SUFFIX] = reports.TITLE
RECEIPT = "receipt"
FIRST_LINES = (charters.TITLE, *VERSIONS.values())


class _File(NamedTuple):
    path: Path
    name: str
    """As it is written: below the directory, on one line."""
    kind: str
    """RECEIPT, or one of FIRST_LINES; empty for what cannot be read, as reading it says."""


class _InPart(Exception):
    """Of a finding, what is proven: its records, and not what it accuses."""


def verify_directory(directory: Path, belief: Belief, known: Path | None) -> int:
    """Print what holds and what does not, and why; the exit code. `known` is passed over: it is the policy itself.

    The charters believed are those of the largest copy of their log, and what amends them in files. Raises OSError
    where the directory cannot be read, Unreadable where it has nothing that can be checked.
    """
    return _Bundle(directory, belief, known).verify()


class _Bundle:
    def __init__(self, directory: Path, belief: Belief, known: Path | None) -> None:
        self._directory = directory
        self._belief = belief
        self._known = known
        self._copies: dict[str, tuple[str, Copy]] = {}
        """The largest of each log."""
        self._pages: dict[tuple[str, int], Claimed] = {}
        self._heads: dict[tuple[str, int], tuple[str, Checkpoint]] = {}
        """By log and size, those of proofs."""
        self._convicting = 0
        self._counts = {"proven": 0, "NOT PROVEN": 0, "not checked": 0, "proven in part": 0}

    def verify(self) -> int:
        files: list[_File] = []
        roots: list[Path] = []
        unknown: list[str] = []
        for path in self._walk(roots):
            if self._known and _same(path, self._known):
                continue
            kind = _kind(path)
            if kind is not None and (kind != charters.TITLE or self._belief.charters is not None):
                files.append(_File(path, self._name(path), kind))
            else:
                unknown.append(self._name(path))
        # Logs first and who is believed, then receipts, which they keep or not; then what is proven of either.
        for root in roots:
            self._tell(self._name(root), lambda root=root: self._copy(root, unknown))  # type: ignore[misc]
        for file in sorted(files, key=_place):
            self._tell(file.name, lambda file=file: self._sentence(file))  # type: ignore[misc]
        if not any(self._counts.values()):
            raise Unreadable(f"{printable(str(self._directory))}: nothing in it that can be checked")
        for name in sorted(unknown):
            print(f"unknown: {name}: none of the kinds that are checked")
        proven, failed, unchecked, partly = self._counts.values()
        print(
            f"{proven} of {sum(self._counts.values())} hold"
            + f", {failed} not proven" * bool(failed)
            + f", {unchecked} not checked" * bool(unchecked)
            + f", {partly} in part" * bool(partly)
            + f"; {self._convicting} of them convict" * bool(self._convicting)
            + f"; {len(unknown)} unknown" * bool(unknown)
            + ". What each leaves open says `plainview verify` on it alone."
        )
        for line in self._belief.closing():
            print(line)
        return 1 if failed else 2 if unchecked else 3 if partly else 0

    def _walk(self, roots: list[Path]) -> Iterator[Path]:
        """Every file that is not of a log's copy; the copies go to `roots`. Follows no link. Raises OSError."""

        def told(error: OSError) -> None:
            raise error

        for place, folders, names in os.walk(self._directory, onerror=told):
            here = Path(place)
            if CHECKPOINT in names:
                roots.append(here)
                names = [name for name in names if name not in (CHECKPOINT, PENDING, LOCK)]
                folders[:] = [name for name in folders if name != "tile"]
            folders.sort()
            links = [name for name in folders if (here / name).is_symlink()]
            yield from (here / name for name in sorted([*names, *links]))

    def _tell(self, name: str, sentence: Callable[[], str]) -> None:
        try:
            word, said = "proven", sentence()
        except _InPart as error:
            word, said = "proven in part", str(error)
        except FormatError as error:
            word, said = "not checked", str(error)
        except LedgerError as error:
            word, said = "NOT PROVEN", str(error)
        except Unreadable as error:
            word, said = "not checked", str(error)
        self._counts[word] += 1
        print(f"{word}: {name}: {said}")

    def _copy(self, root: Path, unknown: list[str]) -> str:
        policy, believed = self._belief.policy, self._belief.charters
        trust = policy if believed is None else Charters(believed.digest)
        assert trust is not None
        copy = Copy(lambda path: _regular(root / path, ENTRIES_LIMIT), trust)
        self._belief.check_policy(lambda policy: policy.check(copy.note))
        head = copy.accepted.checkpoint
        where, other = self._copies.get(head.origin, ("", copy))
        smaller, larger = sorted((other, copy), key=lambda one: one.size)
        if larger.root(smaller.size) != smaller.accepted.checkpoint.root:
            raise ProofError(f"its tree of {copy.size} entries and that of the copy in {where} are of two histories")
        if larger is copy:
            self._copies[head.origin] = (self._name(root), copy)
            if isinstance(trust, Charters):
                self._belief.charters = trust
        # A copy's tiles may lie behind links; what else lies there is nothing of this directory's.
        for place, _, names in () if (root / "tile").is_symlink() else os.walk(root / "tile"):
            paths = [Path(place, name) for name in sorted(names)]
            unknown += [self._name(path) for path in paths if not copy.has(path.relative_to(root).as_posix())]
        by = ", ".join(dict.fromkeys(printable(one.witness) for one in copy.accepted.witnessed)) or "nobody"
        said = f"all {head.size:,} entries of the log {shown(head.origin)}, cosigned by {by}, lead to its root"
        if isinstance(trust, Charters) and trust.last is not None:
            said += f"; the first is the charter, and charter {trust.last.number} is in force"
        if copy.acts is not None and (copy.acts.counted or copy.acts.passed_over):
            said += f"; {copy.acts.counted:,} acts count and {copy.acts.passed_over:,} do not, as its records say"
        if copy.decided is not None and copy.decided.within:
            said += f"; {copy.decided.within:,} decisions are within the policies in force"
        if copy.counted is not None and copy.counted.tallies:
            said += f"; its tallies count {copy.counted.counted:,} pages as they are"
            if copy.counted.lost:
                said += f", and say of {copy.counted.lost:,} that what was counted is lost"
            if copy.counted.before:
                said += f"; {copy.counted.before:,} came before that"
        return said

    def _sentence(self, file: _File) -> str:
        data = _regular(file.path)
        if file.kind == charters.TITLE:
            return self._charter(data)
        if file.kind == RECEIPT:
            return self._receipt(file.name, parsed_receipt(data))
        if file.kind == reports.TITLE:
            return self._report(data)
        if file.kind == log_proofs.VERSION:
            return self._log_proof(file.name, data)
        proven = self._belief.check(lambda trust: verdict(file.name, data, trust, None))
        if not proven.shown:
            raise _InPart(proven.proven)
        if file.kind == FINDING.decode():
            return proven.proven
        self._convicting += 1
        return proven.proven + self._history(data, file.kind)

    def _charter(self, data: bytes) -> str:
        believed = self._belief.charters
        assert believed is not None
        note = parse_note(data)
        before = believed.last
        where, copy = self._copies.get(parse_charter(note.text).origin, ("", None))
        charter = believed.read(note, copy.size if copy else 0)
        said = f"charter {charter.number} of the log {shown(charter.origin)}, signed as it must be"
        if copy is None:
            return said
        if before is not None and charter.number <= before.number:
            return f"{said}, and the copy in {where} has it"
        return f"{said}; the copy in {where} ends before it"

    def _report(self, data: bytes) -> str:
        from plainview.cli.verify_report import report_verdict

        _, report = reports.read_report(data)
        _, copy = self._copies.get(report.log, ("", None))
        if copy is None or self._belief.charters is None:
            missing = "no copy of that log" if copy is None else "no charter"
            raise Unreadable(f"{report.what} of {shown(report.log)}, and {missing} is given to compute it again by")
        return report_verdict(data, copy).proven

    def _log_proof(self, name: str, data: bytes) -> str:
        proof = parse_log_proof(data)
        head = parse_checkpoint(proof.checkpoint.text)
        where, copy = self._copies.get(head.origin, ("", None))
        claimed = self._pages.get((head.origin, proof.index))
        if claimed is None and copy is not None and proof.index < min(copy.size, head.size):
            claimed = Claimed(f"what the copy in {where} has there", copy.leaf(proof.index))
        if claimed is None:
            raise Unreadable(
                f"of entry {proof.index} of {shown(head.origin)}, and neither a receipt of it that holds nor a copy "
                "with it is here: give the entry to `plainview verify` on this file, as --entry"
            )
        proven = self._belief.check(lambda trust: verdict(name, data, trust, claimed).proven)
        if copy is not None and head.size <= copy.size:
            if copy.root(head.size) != head.root:
                raise ProofError(f"its tree of {head.size} entries is not that of the copy in {where}: the log forked")
            return proven
        first, seen = self._heads.setdefault((head.origin, head.size), (name, head))
        if seen.root != head.root:
            raise ProofError(f"its tree of {head.size} entries is not that of {first}: the log forked")
        return proven

    def _receipt(self, name: str, receipt: Receipt) -> str:
        proven = self._belief.check(lambda trust: receipt_verdict(name, receipt, trust).proven)
        page = self._belief.check(lambda trust: claimed_page(name, receipt, trust))
        promise = page.promise
        assert promise
        first = self._pages.setdefault((promise.origin, promise.index), page)
        if first.leaf != page.leaf:
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

    def _history(self, data: bytes, version: str) -> str:
        """What a copy of the log says to what convicts, if one is here."""
        if version == misbehaviour.VERSION:
            proof = misbehaviour.parse_misbehaviour(data)
            heads = [parse_checkpoint(note.text) for note in (proof.smaller, proof.larger)]
            where, copy = self._copies.get(heads[0].origin, ("", None))
            if copy is None:
                return ""
            first, second = (head.size <= copy.size and copy.root(head.size) == head.root for head in heads)
            which = "both" if first and second else "the first" if first else "the second" if second else "neither"
            return f"; the copy in {where} has {which} of the two trees"
        promise = parse_promise(broken_promises.parse_broken_promise(data).promise.text)
        where, copy = self._copies.get(promise.origin, ("", None))
        if copy is None:
            return ""
        if promise.index >= copy.size:
            return f"; the copy in {where} ends before it"
        return f"; the copy in {where} has {'it' if copy.leaf(promise.index) == promise.leaf else 'another there'}"

    def _name(self, path: Path) -> str:
        return printable(str(self._directory if path == self._directory else path.relative_to(self._directory)))


def _place(file: _File) -> tuple[int, int]:
    """Charters in their order, then receipts, then all else."""
    if file.kind != charters.TITLE:
        return (1 if file.kind == RECEIPT else 2), 0
    with suppress(OSError, ValueError, IndexError), file.path.open("rb") as opened:
        return 0, int(opened.read(100).split(b"\n")[1].removeprefix(b"number "))
    return 0, 0


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
    return first if first in FIRST_LINES else None


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
