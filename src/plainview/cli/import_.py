"""`plainview import`: a data set the user has downloaded becomes records of the journal."""

from __future__ import annotations

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
from plainview.journal import Journal
from plainview.journal.journal import now
from plainview.platform.founding import found
from plainview.platform.home import Home
from plainview.platform.imports.kuairand import KuaiRand
from plainview.platform.imports.kuairec import KuaiRec
from plainview.platform.imports.load import ImportHeldUp, Loaded, run
from plainview.platform.imports.source import PAST, Source
from plainview.platform.imports.tables import Faults
from plainview.platform.releases import installed
from plainview.records import Origin

app = typer.Typer(
    help="Import a data set you have downloaded.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Reader = Callable[[Path, Faults, int], Source]

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="Folder with the data set's files.")]
KeepTimes = Annotated[
    bool,
    typer.Option("--keep-times", help="Keep the source's times. By default the log is moved so that it ends now."),
]


@app.command()
def kuairand(directory: Directory, home: HomeOption = None, keep_times: KeepTimes = False) -> None:
    """Import KuaiRand-Pure or 1K (published CSV files, or Parquet).

    Exit code: 2 where it cannot be imported, or not to the end, and a sentence says why; 130 if interrupted.
    """
    _import(KuaiRand, "kuairand", directory, home, keep_times)


@app.command()
def kuairec(directory: Directory, home: HomeOption = None, keep_times: KeepTimes = False) -> None:
    """Import KuaiRec 2.0 (published CSV files, or Parquet with positives alone).

    Exit code: 2 where it cannot be imported, or not to the end, and a sentence says why; 130 if interrupted.
    """
    _import(KuaiRec, "kuairec", directory, home, keep_times)


def _import(reader: Reader, name: str, directory: Path, home: Path | None, keep_times: bool) -> None:
    out = console(stderr=True)
    try:
        with told():
            place = at_home(home)
            loaded = _run(out, reader, name, directory, place, keep_times)
    except KeyboardInterrupt as error:
        out.print("Interrupted. Run the same command again to go on.")
        raise typer.Exit(128 + signal.SIGINT) from error
    older = f"{loaded.older:,} rows of histories older than the latest {PAST:,} of their viewer left out; "
    out.print(
        f"{name}: {loaded.records:,} records in {place.path}, {loaded.fresh:,} of them new; "
        f"{loaded.faults:,} rows left out; {older if loaded.older else ''}times shifted by {loaded.shift:,} ms",
        markup=False,
        soft_wrap=True,
    )


def _run(out: Console, reader: Reader, name: str, directory: Path, home: Home, keep_times: bool) -> Loaded:
    listed = home.path / "imports" / f"{name}.faults.jsonl"
    # Nobody else has the directory open meanwhile, so no list of bad rows is written by two.
    with closing(home.write(installed().configuration)) as journal, Faults(listed) as faults:
        try:
            with out.status(f"Reading {escape(str(directory))}"):
                source = reader(directory.expanduser(), faults, _begun(journal, name))
        except OSError as error:
            place = error.filename or directory
            raise CommandError(f"{place}: {error.strerror}; check the file, and that it may be read") from error
        _print_faults(out, faults)
        try:
            return _load(out, source, journal, home, keep_times)
        except ImportHeldUp as error:
            raise CommandError(f"{home.path}: {error}") from error
        finally:
            if faults.kept:
                out.print(f"All rows left out are listed in {listed}", markup=False, soft_wrap=True)


def _begun(journal: Journal, name: str) -> int:
    """When the import of this name began, Unix ms: now, unless it is gone on with. What was to come then stays out."""
    for entry in journal.of_kind("origin"):
        if isinstance(entry.record, Origin) and entry.record.origin == name:
            return entry.time
    return now()


def _load(out: Console, source: Source, journal: Journal, home: Home, keep_times: bool) -> Loaded:
    whole = Column(no_wrap=True)  # where there is little room, it is the bar that yields
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(table_column=whole),
        TimeRemainingColumn(elapsed_when_finished=True, table_column=whole.copy()),
    )
    found(journal, home.epochs)
    with Progress(*columns, console=out) as progress:
        task = progress.add_task(source.origin.origin, total=source.total)
        return run(journal, source, 0 if keep_times else None, lambda count: progress.advance(task, count))


def _print_faults(out: Console, faults: Faults) -> None:
    if not faults.count:
        return
    for fault in faults.first:
        out.print(str(fault), markup=False, soft_wrap=True)
    left = faults.count - len(faults.first)
    more = f" ({left:,} more not shown)" if left else ""
    out.print(f"{faults.count:,} rows left out{more}", markup=False, soft_wrap=True)
