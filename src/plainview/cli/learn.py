"""`plainview learn`: a candidate release whose parameters a range of a journal taught, or that training done again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plainview.cli.bundle_files import ReleaseOption, check_new, release_of, write_bundle
from plainview.cli.console import console
from plainview.cli.errors import CommandError, told
from plainview.cli.golden import golden_vectors
from plainview.cli.home import HomeOption, at_home

if TYPE_CHECKING:
    from rich.console import Console

    from plainview.platform.home import Home
    from plainview.platform.training import Learned
    from plainview.replay.installed import Installed


def learn(
    file: Annotated[
        Path,
        typer.Argument(metavar="BUNDLE", help="Where the candidate is to lie; with --check, one.", show_default=False),
    ],
    home: HomeOption = None,
    release: ReleaseOption = None,
    start: Annotated[
        int | None, typer.Option("--from", min=0, metavar="INDEX", help="The first record whose act teaches.")
    ] = None,
    upto: Annotated[
        int | None,
        typer.Option(min=1, metavar="INDEX", help="The first record that is not read (default: the journal's end)."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What the candidate is called (default: learned).")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Do a candidate's training again, and say whether the same comes out.")
    ] = False,
) -> None:
    """Make a candidate: the release that is there, with parameters that this journal teaches it.

    The same records give the same bytes, on every machine. The journal may be the operator's or the partner's copy;
    nothing is written to it.

    Exit code: 0 the bundle is written, or came out again; 1 with --check, something else came out; 2 it cannot be
    done, and a sentence says why.
    """
    out = console(stderr=True)
    with told():
        if check and (start, upto, name) != (None, None, None):
            raise CommandError("--check takes the range from the candidate: leave out --from, --upto and --name")
        directory = at_home(home)
        if check:
            base = release_of(directory, release)
            differing = _differing(out, directory, base, release_of(directory, file), file)
        else:
            check_new(file)
            _make(out, directory, release_of(directory, release), file, start or 0, upto, name or "learned")
            return
    if differing:
        typer.echo(f"{file}: something else came out: {'; '.join(differing)}")
        raise typer.Exit(1)
    typer.echo(f"{file}: its training was done again, and the same came out")


def _make(out: Console, home: Home, base: Installed, file: Path, start: int, upto: int | None, name: str) -> None:
    from msgspec.structs import replace

    from plainview.feed.configuration import Configuration
    from plainview.platform.releases import bundle_of
    from plainview.records import RecordError, encode, read
    from plainview.records.digests import arrays_digest
    from plainview.records.fields import to_text

    try:
        configuration = read(Configuration, encode(replace(base.configuration, name=name)))
    except RecordError as error:
        raise CommandError(f"--name {name}: a name has small letters, digits, dots and dashes") from error
    made = _learned(out, home, base, start, upto)
    candidate = base._replace(
        manifest=replace(
            base.manifest,
            configuration=configuration,
            parameters=to_text(arrays_digest(made.parameters)),
            training=made.training,
            partner=made.commitment,
        ),
        parameters=made.parameters,
        partner=made.partner,
    )
    golden, _ = golden_vectors(candidate)
    candidate = candidate._replace(manifest=replace(candidate.manifest, golden=golden))
    write_bundle(file, bundle_of(candidate))
    training = made.training
    typer.echo(
        f"{file}: release {candidate.digest}, {name}: release {base.digest}, taught by records {training.start} to "
        f"{training.upto - 1} of {training.log}"
    )


def _differing(out: Console, home: Home, base: Installed, candidate: Installed, file: Path) -> list[str]:
    """What of a candidate does not come out again, in words."""
    from plainview.learning.provenance import read_tier

    training = candidate.manifest.training
    if training is None:
        raise CommandError(f"{file}: release {candidate.digest} does not say what its parameters were learned from")
    if training.base != base.digest:
        raise CommandError(
            f"{file}: release {training.base} learned it, and release {base.digest} is at hand: give that one's bundle "
            "with --release"
        )
    made = _learned(out, home, base, training.start, training.upto)
    found = [
        f"{name} is {getattr(made.training, name)}, and {getattr(training, name)} in its manifest"
        for name in training.__struct_fields__
        if getattr(made.training, name) != getattr(training, name)
    ]
    for name, array in made.parameters.items():
        other = candidate.parameters.get(name)
        if other is None or other.tobytes() != array.tobytes():
            found.append(f"parameter {name} has other numbers")
    if made.partner != candidate.partner:
        mine, theirs = read_tier(made.partner), read_tier(candidate.partner) if candidate.partner else None
        found += [
            f"{name} in the partner's tier is another"
            for name in mine.__struct_fields__
            if theirs is None or getattr(mine, name) != getattr(theirs, name)
        ]
    golden, _ = golden_vectors(candidate)
    if golden != candidate.manifest.golden:
        found.append(f"golden is {golden}, and {candidate.manifest.golden} in its manifest")
    return found


def _learned(out: Console, home: Home, base: Installed, start: int, upto: int | None) -> Learned:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from plainview.journal import JournalDamaged
    from plainview.platform.training import Span, learn
    from plainview.platform.warming import warm

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    journal = home.read()
    try:
        size = journal.size
        span = Span(start, size if upto is None else upto)
        if not span.start < span.upto <= size:
            raise CommandError(
                f"{home.path}: records {span.start} to {span.upto - 1} are no range of its journal, which has {size}"
            )
        with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as progress:
            task = progress.add_task("Loading kernels", total=None)
            warm(base.configuration, lambda kernel: progress.update(task, description=f"Compiling {kernel}"))
            progress.update(task, description="Learning", total=span.upto)
            return learn(journal, base, span, lambda done: progress.update(task, completed=done))
    except JournalDamaged as error:
        raise CommandError(f"{home.path}: {error}; restore the journal from a copy") from error
    finally:
        journal.close()
