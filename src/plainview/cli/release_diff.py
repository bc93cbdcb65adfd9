"""`plainview release diff`: what is another in one release than in another, and what it would do to logged pages."""

from __future__ import annotations

import os
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plainview.cli.bundle_files import bundle_in, opened_here
from plainview.cli.console import console
from plainview.cli.errors import CommandError, told
from plainview.cli.home import at_home
from plainview.cli.rerun_progress import RerunProgress, rerun_progress

if TYPE_CHECKING:
    from plainview.journal import JournalReader
    from plainview.platform.home import Home
    from plainview.replay.bundles import Bundle
    from plainview.replay.comparison import Comparison
    from plainview.replay.counterfactual import Contender

INSTALLED = "installed"
_FILE = "a bundle's file, or `installed` for the one that the data directory is computed with"


def diff(
    a: Annotated[str, typer.Argument(metavar="A", help=f"One release: {_FILE}.", show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help="The other, likewise.", show_default=False)],
    home: Annotated[
        Path | None,
        typer.Option(
            "--home", metavar="DIR", help="Compare the pages, too, that both give in place of those of this journal."
        ),
    ] = None,
    start: Annotated[
        int, typer.Option("--from", metavar="I", min=0, help="The first record whose page is compared.")
    ] = 0,
    stop: Annotated[
        int | None, typer.Option("--upto", metavar="J", min=0, help="One past the last one.", show_default="all")
    ] = None,
    pages: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="So many pages at most, evenly spread over them.", show_default="all"),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw who gains and who loses, as one file of HTML."),
    ] = None,
    cores: Annotated[int, typer.Option(min=1, max=64, help="Cores that are used, for each release.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as one JSON object.")] = False,
) -> None:
    """Say what is another in release B than in A; with --home, who would be shown more often and who less.

    For that each logged page is ranked by both releases on the inputs that it had.

    Exit codes:

    0: it was compared.
    1: so it was, but a page of A's or B's own did not come out as it was logged.
    2: it cannot be, and a sentence says why.
    130: it was interrupted.
    """
    out = console(stderr=as_json)
    with told():
        _check(home, start, stop, pages, picture)
        one, other = _bundle(a, home), _bundle(b, home)
        comparison = None
        if home is not None:
            if one.release == other.release:
                raise CommandError(
                    f"both are release {one.release}, which gives the same pages twice; `plainview replay` compares "
                    "its pages with those that were served"
                )
            with rerun_progress(out) as progress:
                comparison = _compared(at_home(home), (one, other), (start, stop, pages), cores, progress)
        from plainview.replay.comparison import Named, ReleaseDiff
        from plainview.replay.release_changes import changes

        made = ReleaseDiff(
            a=Named(one.release, one.name),
            b=Named(other.release, other.name),
            changes=changes(one, other),
            comparison=comparison,
        )
        if picture is not None:
            from plainview.cli.release_diff_picture import drawn
            from plainview.storage.filesystem import HostFileSystem, write_durable

            try:
                write_durable(HostFileSystem(), picture, [drawn(made).encode()])
            except OSError as error:
                raise CommandError(f"{picture}: cannot be written ({error.strerror})") from error
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(made).decode())
    else:
        from plainview.cli.release_diff_shown import show

        show(out, made)
    if comparison is not None and not comparison.sound:
        raise typer.Exit(1)


def _check(home: Path | None, start: int, stop: int | None, pages: int | None, picture: Path | None) -> None:
    """Raises CommandError for options that say nothing together."""
    if home is None and (start or stop is not None or pages is not None or picture is not None):
        raise CommandError(
            "--from, --upto, --pages and --picture are about logged pages: say of which journal (--home)"
        )
    if stop is not None and stop <= start:
        raise CommandError(f"no record lies from {start} up to {stop}: --upto is one past the last one")
    if picture is not None and os.path.lexists(picture):
        raise CommandError(f"{picture} is there already; give another name, or move it away")


def _bundle(named: str, home: Path | None) -> Bundle:
    """Raises CommandError where it is none."""
    from plainview.platform.home import Home, default_home
    from plainview.platform.releases import bundle_of
    from plainview.replay.bundles import BundleError

    if named == INSTALLED:
        return bundle_of(Home(home or default_home()).release)
    try:
        return bundle_in(Path(named))
    except BundleError as error:
        raise CommandError(f"{named}: no release's bundle: {error}") from error


def _compared(
    home: Home,
    bundles: tuple[Bundle, Bundle],
    wanted: tuple[int, int | None, int | None],
    cores: int,
    progress: RerunProgress,
) -> Comparison:
    from plainview.journal import JournalDamaged
    from plainview.replay.comparison import Comparing, reach_of
    from plainview.replay.counterfactual import Counterfactual, epochs_of, pages_of
    from plainview.replay.exposure import Catalogue

    with ExitStack() as stack:
        journal = stack.enter_context(closing(home.read()))
        try:
            start, stop, most = wanted
            stop = min(journal.size if stop is None else stop, journal.size)
            progress.say("Looking for pages")
            epochs = epochs_of(journal, stop)
            interval = pages_of(journal, epochs, start, stop, most)
            if not interval.pages:
                raise CommandError(_no_pages(home, journal, start, stop, interval.found))
            both = []
            for bundle in bundles:
                both.append(_started(bundle, journal, cores, progress))
                stack.enter_context(closing(both[-1].running))
            catalogue = Catalogue()
            comparing = Comparing(both[0], both[1], catalogue)
            progress.begin("Ranking again", interval.upto)
            run = Counterfactual(
                journal, both[0], both[1], epochs, interval, observe=catalogue.take, advance=progress.advance
            )
            for pair in run.run():
                comparing.take(pair)
            return comparing.made(reach_of(journal, start, stop, interval))
        except JournalDamaged as error:
            raise CommandError(
                f"{home.path}: {error}; `plainview replay --all` on it names all that differs; restore the journal "
                "from a copy"
            ) from error


def _started(bundle: Bundle, journal: JournalReader, cores: int, progress: RerunProgress) -> Contender:
    """The release at work: here if its code is what is installed, else in a process of its own."""
    from plainview.platform.releases import own_kernels
    from plainview.platform.warming import warm
    from plainview.replay.bundled import Bundles
    from plainview.replay.counterfactual import Contender, watched
    from plainview.replay.past import JournalPast

    if (here := opened_here(bundle)) is None:
        progress.say(f"Starting {bundle.name} from its bundle")
    else:
        try:
            warm(here.configuration, lambda kernel: progress.say(f"Compiling {kernel}"))
        except ValueError as error:
            raise CommandError(f"release {bundle.release} cannot be run: {error}") from error
    from plainview.learning.rerun import RESIDENTS

    bundles = Bundles([bundle], own_kernels(), opened=lambda _: here)
    with watched(bundle.release):
        return Contender(bundle.release, bundles.start(bundle.release, JournalPast(journal), RESIDENTS, cores))


def _no_pages(home: Home, journal: JournalReader, start: int, stop: int, found: int) -> str:
    """What to say where there is nothing to compare."""
    if found:
        return (
            f"{home.path}: all {found:,} pages there cite what no page can rest on; `plainview replay --all` says what "
            "is wrong with this journal"
        )
    there = sum(1 for _ in journal.of_kind("page", trusting=True))
    if not there:
        return f"{home.path}: no page was served yet (`plainview serve`, or `plainview feed`)"
    return (
        f"{home.path}: no page lies from record {start:,} up to {stop:,}; the journal has {there:,}, in "
        f"{journal.size:,} records"
    )
