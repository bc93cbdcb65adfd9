"""`plainview replay`: pages and epochs computed again from the journal alone, and compared bit for bit."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plainview.cli.bundle_files import BundlesOption, read_bundles
from plainview.cli.console import console
from plainview.cli.cores import usual_cores
from plainview.cli.errors import CommandError, told
from plainview.cli.home import HomeOption, at_home
from plainview.cli.rerun_progress import WIDTH, rerun_progress

if TYPE_CHECKING:
    from rich.console import Console

    from plainview.platform.home import Home
    from plainview.replay.findings import Report

LISTED = 20
"""Findings shown; `--json` gives all."""
MISSING = "journal: index"
"""Stage at which a gap in the journal is found."""


def replay(
    index: Annotated[
        int | None, typer.Argument(metavar="INDEX", help="Index of one page's receipt.", show_default=False)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every page and epoch of the journal.")] = False,
    home: HomeOption = None,
    bundles: BundlesOption = None,
    cores: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Cores that are used (default: all, 4 at most).", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON object.")] = False,
) -> None:
    """Compute pages again from the journal alone and compare them bit for bit.

    Nothing stored beside the journal is read: no trace, delta or snapshot.

    Exit codes:

    0: all are identical.
    1: something differs, a record is damaged, or nobody is there to read the report.
    2: it cannot be told, and a sentence says why: there is no journal, or it is
    empty or unreadable; INDEX is no page; kernels cannot be compiled; the
    command was not understood; the program failed.
    3: nothing differs, but what a release did could not be judged: it is not
    installed, and its bundle was not given or could not be run.
    130: it was interrupted.
    """
    out = console(stderr=as_json)
    with told():
        if everything == (index is not None):
            raise CommandError("say which: `plainview replay --all`, or `plainview replay INDEX` for one page")
        report = run(out, at_home(home), bundles, index, cores or usual_cores())
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(report).decode())
    else:
        _print(out, report)
    if not report.sound:
        raise typer.Exit(1)
    if report.inconclusive:
        raise typer.Exit(3)


def run(out: Console, home: Home, directory: Path | None, index: int | None, cores: int) -> Report:
    """Re-run record `index` of a home's journal, or all of it, with its progress on `out`. Raises CommandError."""
    from rich.markup import escape

    from plainview.journal import JournalDamaged
    from plainview.platform.releases import environment_digest
    from plainview.platform.warming import warm

    bundles = read_bundles(
        directory, lambda told: out.print(f"[yellow]left out:[/yellow] {escape(told)}", soft_wrap=True)
    )
    release = home.release
    journal = home.read()
    try:
        size = journal.size
        if not size:
            raise CommandError(f"{home.path}: the journal is empty; serve some pages first (`plainview serve`)")
        with rerun_progress(out) as progress:
            warm(release.configuration, lambda kernel: progress.say(f"Compiling {kernel}"))
            from plainview.replay.replay import Replay

            progress.begin("Re-running", size if index is None else None)
            replay = Replay(
                journal,
                release,
                bundles=bundles,
                cores=cores,
                environment=environment_digest(),
                advance=progress.advance,
            )
            try:
                return replay.run(index)
            except LookupError as error:
                raise CommandError(str(error)) from error
    except JournalDamaged as error:
        raise CommandError(f"{home.path}: {error}; restore the journal from a copy") from error
    finally:
        journal.close()


def _print(out: Console, report: Report) -> None:
    from rich.markup import escape
    from rich.table import Table

    if report.differing:
        table = Table(title="What differs", title_justify="left", show_edge=False, pad_edge=False)
        table.add_column("record", justify="right", no_wrap=True)
        table.add_column("kind", overflow="fold")
        table.add_column("first stage that differs", style="red", overflow="fold")
        table.add_column("how", overflow="fold")
        for found in report.differing[:LISTED]:
            table.add_row(str(found.index), found.kind, escape(found.stage), escape(found.detail))
        out.print(table)
        left = Counter(found.stage for found in report.differing[LISTED:])
        for stage, count in left.most_common():
            out.print(f"and {count:,} more at stage {escape(stage)}")
    out.print(_bar(report))
    out.print(
        f"{_counted(report.records, 'record')} read and checked, {_counted(report.epochs, 'epoch')} folded again "
        f"({report.snapshots:,} with their whole state compared), in {report.seconds:.1f} s "
        f"({report.cpu_seconds:.1f} s of CPU, without that of processes beside)"
    )
    for release, pages in report.inconclusive.items():
        why = report.why_inconclusive[release]
        out.print(
            f"[yellow]inconclusive:[/yellow] {_counted(pages, 'page')} served by release {release}: {escape(why)}",
            soft_wrap=True,
        )
    out.print(f"[bold]{_closing(report)}[/bold]", soft_wrap=True)


def _bar(report: Report) -> str:
    """The pages as one drawn line."""
    pieces = (
        ("green", report.identical),
        ("yellow", sum(report.inconclusive.values())),
        ("red", report.pages - report.identical - sum(report.inconclusive.values())),
    )
    total = max(sum(count for _, count in pieces), 1)
    # Whatever is there gets at least one cell: a single page that differs must be seen.
    cells = [max(1, count * WIDTH // total) if count else 0 for _, count in pieces]
    cells[cells.index(max(cells))] += WIDTH - sum(cells) if any(cells) else 0
    return "".join(
        f"[{colour}]{'█' * count}[/{colour}]" for (colour, _), count in zip(pieces, cells, strict=True) if count
    )


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' if number != 1 else ''}"


def _closing(report: Report) -> str:
    """One sentence: what to believe now."""
    pages = _counted(report.pages, "page")
    if report.sound and not report.pages and not report.inconclusive:
        return f"{_counted(report.epochs, 'epoch')} re-run, 100 % identical; there are no pages yet."
    if report.sound and report.identical == report.pages and not report.inconclusive:
        return f"{pages} re-run, 100 % identical."
    if report.sound:
        return f"{pages}: {report.identical:,} identical, none differs; the others need their bundle (--bundles)."
    wrong = sum(one.stage != MISSING for one in report.differing)
    found = [f"{wrong:,} records differ" if wrong != 1 else "1 record differs"] if wrong else []
    if report.missing:
        found.append(f"{report.missing:,} records are missing" if report.missing != 1 else "1 record is missing")
    # Rounded down; and never 100 % of the pages where it is another record that differs.
    share = f" ({report.identical * 1000 // report.pages / 10:g} %)" if report.identical < report.pages else ""
    text = f"{pages}: {report.identical:,} identical{share}; {' and '.join(found)}"
    damaged = next((one for one in report.differing if one.kind == "record"), None)
    what = "" if damaged is None else f"{'missing' if damaged.stage == MISSING else 'damaged'} record {damaged.index}"
    if report.unreached:
        rest = f"{report.unreached:,} pages rest" if report.unreached != 1 else "1 page rests"
        text += f", and {rest} on {what}: restore it from a copy"
    elif what:
        text += f": restore {what} from a copy"
    return f"{text}."
