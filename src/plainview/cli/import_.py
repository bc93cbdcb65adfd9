"""`plainview import`: a data set the user has downloaded becomes records of the journal."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

from plainview.cli.console import console
from plainview.cli.errors import CommandError, told
from plainview.cli.home import HomeOption, at_home
from plainview.journal import Journal, JournalReader
from plainview.journal.journal import now
from plainview.ledger.acts import Admission
from plainview.ledger.charters import digest_text
from plainview.platform.founding import found
from plainview.platform.home import LOG, Home
from plainview.platform.imports.admissions import admission_of, command, lacking
from plainview.platform.imports.kuairand import PUBLISHED as KUAIRAND
from plainview.platform.imports.kuairand import KuaiRand
from plainview.platform.imports.kuairec import PUBLISHED as KUAIREC
from plainview.platform.imports.kuairec import KuaiRec
from plainview.platform.imports.load import DAY, ImportHeldUp, Loaded, NotAdmitted, check_origins, run
from plainview.platform.imports.source import PAST, Provenance, Source
from plainview.platform.imports.tables import Faults
from plainview.platform.local_licence import admit_locally
from plainview.platform.log.opening import check_log
from plainview.records import UPLOAD, Origin
from plainview.replay.judged import Judged

app = typer.Typer(
    help="Import a data set you have downloaded.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Reader = Callable[[Path, Faults, int, Provenance], Source]

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="Folder with the data set's files.")]
KeepTimes = Annotated[
    bool,
    typer.Option("--keep-times", help="Keep the source's times. By default the log is moved so that it ends now."),
]
Name = Annotated[
    str | None,
    typer.Option(
        "--name",
        metavar="NAME",
        help="Name of the import, where it is not the published data set but rows of your own in its layout. "
        "Then --source and --licence say whose they are.",
    ),
]
Whence = Annotated[
    str | None, typer.Option("--source", metavar="TEXT", help="Where those rows are from, for the journal to say.")
]
Licence = Annotated[
    str | None, typer.Option("--licence", metavar="TEXT", help="The licence they are under, for the journal to say.")
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Write nothing: read it, and say what the partner has to sign to let it in."),
]
Parties = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Where `plainview charter local` laid all parties' keys: the partner's lets the data set in.",
    ),
]
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_LONGEST = 2000
_CODES = "Exit code: 2 where it cannot be imported, or not to the end, and a sentence says why; 130 if interrupted."


def _add(reader: Reader, published: Provenance, layout: str) -> None:
    """Mount the import of a data set as the command of its name."""

    @app.command(published.name, help=f"Import {layout}.\n\n{_CODES}")
    def command(
        directory: Directory,
        home: HomeOption = None,
        keep_times: KeepTimes = False,
        name: Name = None,
        source: Whence = None,
        licence: Licence = None,
        parties: Parties = None,
        dry_run: DryRun = False,
    ) -> None:
        if dry_run:
            _look(reader, published, (name, source, licence), directory, home, parties)
        else:
            _import(reader, published, (name, source, licence), directory, home, keep_times, parties)


_add(KuaiRand, KUAIRAND, "KuaiRand-Pure or 1K (published CSV files, or Parquet)")
_add(KuaiRec, KUAIREC, "KuaiRec 2.0 (published CSV files, or Parquet with positives alone)")


def _import(
    reader: Reader,
    published: Provenance,
    given: tuple[str | None, str | None, str | None],
    directory: Path,
    home: Path | None,
    keep_times: bool,
    parties: Path | None,
) -> None:
    out = console(stderr=True)
    try:
        with told():
            provenance = _provenance(published, *given)
            place = at_home(home)
            place.prepare()
            place.check()
            loaded = _run(out, reader, provenance, directory, place, keep_times, parties)
    except KeyboardInterrupt as error:
        out.print("Interrupted. Run the same command again to go on.")
        raise typer.Exit(128 + signal.SIGINT) from error
    times = f"times shifted by {loaded.shift // DAY:,} days" if loaded.shift else "times kept"
    older = f"{loaded.older:,} rows of histories older than the latest {PAST:,} of their viewer left out; "
    out.print(
        f"{provenance.name}: {loaded.records:,} records in {place.path}, {loaded.fresh:,} of them new; "
        f"{loaded.faults:,} rows left out; {older if loaded.older else ''}{times}",
        markup=False,
        soft_wrap=True,
    )


def _provenance(published: Provenance, name: str | None, source: str | None, licence: str | None) -> Provenance:
    """Raises CommandError where what was given is not whole, or not what an `Origin` record may say."""
    if name is None and source is None and licence is None:
        return published
    if name is None or source is None or licence is None:
        raise CommandError(
            "--name, --source and --licence go together: rows of your own are neither the published data set's, nor "
            "under its licence"
        )
    if not _NAME.fullmatch(name) or name == UPLOAD:
        raise CommandError(
            f"--name {name!r}: give 1 to 64 lower-case letters, digits, dots, dashes and underscores, the first "
            f"of them a letter or digit, and not {UPLOAD}"
        )
    if name in (KUAIRAND.name, KUAIREC.name):
        raise CommandError(
            f"--name {name}: a published data set has this name: give your rows another, and for the data set itself "
            "leave --name, --source and --licence out"
        )
    for option, text in (("--source", source), ("--licence", licence)):
        if not text or text != text.strip() or len(text) > _LONGEST or not text.isprintable():
            raise CommandError(
                f"{option} {text[:40]!r}: give a line of 1 to {_LONGEST:,} characters, with no space around"
            )
    return Provenance(name, source, licence)


def _look(
    reader: Reader,
    published: Provenance,
    given: tuple[str | None, str | None, str | None],
    directory: Path,
    home: Path | None,
    parties: Path | None,
) -> None:
    """Say what would come of the import, and what lets it in. Needs no journal: the partner may have none here."""
    out = console(stderr=True)
    with told():
        if parties is not None:
            raise CommandError("--dry-run writes nothing: leave --parties out")
        provenance = _provenance(published, *given)
        place, log, began, standing = at_home(home), "ORIGIN", now(), None
        if place.begun():
            place.check()
            with closing(place.read()) as journal:
                standing = Judged.of(journal).last
                log, began = standing.charter.origin, _begun(journal, provenance.name)
        faults = Faults()
        source = _read(out, reader, provenance, directory, faults, began)
        act = admission_of(source, log)
        missing = "" if standing is None else lacking(standing, act)
    typer.echo(f"{act.origin}: {source.total:,} records, {act.rows:,} of them rows; digest {digest_text(act.data)}")
    if standing is not None and not missing:
        typer.echo("The partner has let it in.")
        return
    typer.echo(f"{missing or 'No journal was asked whether it was let in: ORIGIN is the name of its log'}.")
    typer.echo(f"The act that lets it in, for the partner to sign:\n{command(act)}")


def _read(out: Console, reader: Reader, provenance: Provenance, directory: Path, faults: Faults, began: int) -> Source:
    try:
        with out.status(f"Reading {escape(str(directory))}"):
            source = reader(directory, faults, began, provenance)
    except OSError as error:
        place = error.filename or directory
        raise CommandError(f"{place}: {error.strerror}; check the file, and that it may be read") from error
    _print_faults(out, faults)
    return source


def _run(
    out: Console,
    reader: Reader,
    provenance: Provenance,
    directory: Path,
    home: Home,
    keep_times: bool,
    parties: Path | None,
) -> Loaded:
    listed = home.path / "imports" / f"{provenance.name}.faults.jsonl"
    # Nobody else has the directory open meanwhile, so no list of bad rows is written by two.
    with closing(home.write()) as journal, Faults(listed) as faults:
        source = _read(out, reader, provenance, directory, faults, _begun(journal, provenance.name))
        try:
            return _load(out, source, journal, home, keep_times, parties)
        except ImportHeldUp as error:
            raise CommandError(f"{home.path}: {error}") from error
        finally:
            if faults.kept:
                out.print(f"All rows left out are listed in {listed}", markup=False, soft_wrap=True)


def _begun(journal: JournalReader, name: str) -> int:
    """When the import of this name began, Unix ms: now, unless it is gone on with. What was to come then stays out."""
    for entry in journal.of_kind("origin"):
        if isinstance(entry.record, Origin) and entry.record.origin == name:
            return entry.time
    return now()


def _load(out: Console, source: Source, journal: Journal, home: Home, keep_times: bool, parties: Path | None) -> Loaded:
    whole = Column(no_wrap=True)  # where there is little room, it is the bar that yields
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(table_column=whole),
        TimeRemainingColumn(elapsed_when_finished=True, table_column=whole.copy()),
    )
    check_log(journal, home.path / LOG, found(journal, home))
    check_origins(journal, source)
    standing = Judged.of(journal).last
    act = admission_of(source, standing.charter.origin)
    missing = lacking(standing, act)
    if missing and parties is not None:
        admit_locally(journal, act, parties)
        out.print(
            f"{act.origin} was let in with the partner's key in {parties}. Where one hand holds all parties' keys, "
            "that proves nothing to others.",
            markup=False,
            soft_wrap=True,
        )
        missing = ""
    if missing and standing.admitted(act.origin, act.data, act.terms) is not None:
        raise CommandError(f"{missing}: nothing was written. {_how(act)}")
    with Progress(*columns, console=out) as progress:
        task = progress.add_task(source.origin.origin, total=source.total)
        try:
            return run(journal, source, 0 if keep_times else None, lambda count: progress.advance(task, count))
        except NotAdmitted as error:
            raise CommandError(f"{error}. Nothing of it was written but that it was tried. {_how(act)}") from error


def _how(act: Admission) -> str:
    return (
        f"The partner lets it in with `{command(act)}`, signed and handed in; or, where `plainview charter local DIR` "
        "laid all parties' keys on this machine, run this again with --parties DIR"
    )


def _print_faults(out: Console, faults: Faults) -> None:
    if not faults.count:
        return
    for fault in faults.first:
        out.print(str(fault), markup=False, soft_wrap=True)
    left = faults.count - len(faults.first)
    more = f" ({left:,} more not shown)" if left else ""
    out.print(f"{faults.count:,} rows left out{more}", markup=False, soft_wrap=True)
