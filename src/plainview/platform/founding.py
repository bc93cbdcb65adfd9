"""How a journal begins, is amended and gone on with: its charter, the installed release, and epoch 0."""

from __future__ import annotations

from contextlib import closing

from plainview.journal import Draft, Journal, Refused
from plainview.journal.journal import now
from plainview.keys.key_files import KeyFileError
from plainview.learning import epochs as worlds
from plainview.ledger.charters import Charter, check_charter
from plainview.ledger.errors import LedgerError
from plainview.ledger.notes import Note
from plainview.platform.charters import Adopted, Charters
from plainview.platform.faults import HomeError
from plainview.platform.home import LOG, Home, check_release
from plainview.platform.log.opening import check_fits, check_log
from plainview.platform.log.publisher import LogBroken
from plainview.platform.succession import release_record
from plainview.records import Charter as CharterRecord
from plainview.records import Record
from plainview.records.charter import NOTE
from plainview.records.fields import to_text
from plainview.records.leaf import public_leaf


def found(journal: Journal, home: Home, time: int | None = None) -> Charters:
    """Make sure that the installed release is in charge of a journal that was begun, or, at a `time`, may take charge.

    Returns its charters. Raises HomeError for a journal without a charter, and for one that another release has.
    """
    if not journal.size:
        raise home.unbegun()
    charters = Charters(journal)
    check_release(journal, home.release.digest, time)
    return charters


def adopt(home: Home, note: Note, *, unheard: bool = False) -> Adopted:
    """Begin the journal in `home` with the charter in `note`, or amend the charter that is in force there.

    All is checked before anything is written. Raises HomeError for a charter that is not in force then, or does not fit
    the installed release and the log's key, and for a directory that is in use; for an amendment also where this may be
    an older copy, unless witnesses may be left `unheard`.
    """
    with closing(home.write()) as journal:
        try:
            if journal.size:
                _amend(journal, home, note, unheard)
            else:
                _begin(journal, home, note)
        except (LedgerError, LogBroken, KeyFileError) as error:
            raise HomeError(str(error)) from error
        except OSError as error:
            raise HomeError(f"{error.filename or home.path}: cannot be used ({error.strerror})") from error
        return Charters(journal).in_force


def _begin(journal: Journal, home: Home, note: Note) -> None:
    charter = _checked(journal, home, note, None)
    digest = home.release.digest
    if to_text(charter.baseline) != digest:
        raise HomeError(
            f"the charter's baseline is release {to_text(charter.baseline)}, and release {digest} is installed: "
            "install that one, or have the parties sign a charter with the installed one"
        )
    first = worlds.first(home.release.world())
    home.epochs.save_delta(first.delta)
    _append(journal, [_record(note), release_record(home.release), first.record])


def _amend(journal: Journal, home: Home, note: Note, unheard: bool) -> None:
    charters = Charters(journal)  # whichever release is in charge: an amendment may be what lets another one be
    charter = _checked(journal, home, note, charters.in_force.charter)
    record = _record(note)
    try:
        check_log(journal, home.path / LOG, charters, charter, unheard=unheard)
    except LogBroken as error:
        if unheard:
            raise
        check_log(journal, home.path / LOG, charters, charter, unheard=True)  # or witnesses are not all that is missing
        raise HomeError(
            f"{error}; where too many of them are gone for good, and you have made sure by other means that this is "
            "the newest copy, give --without-witnesses"
        ) from error
    _append(journal, [record])


def _checked(journal: Journal, home: Home, note: Note, previous: Charter | None) -> Charter:
    # The fence judges it again, by the time that it comes to have.
    charter = check_charter(note, previous, at=max(now(), journal.last_time))
    check_fits(home.path / LOG, charter)
    return charter


def _record(note: Note) -> CharterRecord:
    """Raises HomeError where the note is too long for one."""
    text = note.encode().decode()
    if len(text) > NOTE:
        raise HomeError(f"the charter has {len(text):,} characters with its signatures, and a record at most {NOTE:,}")
    record = CharterRecord(time=0, note=text)
    try:
        public_leaf("charter", record)
    except ValueError as error:
        raise HomeError(f"the charter does not fit a record: {error}") from error
    return record


def _append(journal: Journal, records: list[Record]) -> None:
    for outcome in journal.append([Draft(record) for record in records]):
        if isinstance(outcome, Refused):
            raise HomeError(f"the charter could not be written down ({outcome.code}): {outcome.reason}")
