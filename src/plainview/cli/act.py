"""`plainview act`: what the parties say about a release and its licence, written, signed and handed in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plainview.cli.act_files import client_of, read_act, write_act
from plainview.cli.errors import CommandError, told
from plainview.cli.note_files import write_note_file
from plainview.cli.times import SPELLED, milliseconds

if TYPE_CHECKING:
    from plainview.ledger.scopes import Scope

act = typer.Typer(
    help="License, submit, test, approve and stop releases, and say what was found: acts that parties sign and "
    "everybody can read.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

NewFile = Annotated[Path, typer.Argument(metavar="FILE", help="Where the act is to lie.", show_default=False)]
File = Annotated[Path, typer.Argument(metavar="FILE", help="The act, signed or not yet.", show_default=False)]
Log = Annotated[str, typer.Option(metavar="ORIGIN", help="The log it is for.", show_default=False)]
Release = Annotated[str, typer.Option(metavar="DIGEST", help="The release it is about.", show_default=False)]
Licence = Annotated[int, typer.Option(metavar="N", help="The licence it is under.", show_default=False)]
Seen = Annotated[
    int, typer.Option(metavar="INDEX", help="You have read the log's records below this index.", show_default=False)
]
Regions = Annotated[
    list[str] | None, typer.Option("--region", metavar="CC", help="A region it holds in; all if none is given.")
]
Surfaces = Annotated[
    list[int] | None, typer.Option("--surface", metavar="N", help="A surface it holds on; all if none is given.")
]
Share = Annotated[int, typer.Option(min=1, max=1_000_000, help="Of the traffic, in millionths.")]
Begins = Annotated[str, typer.Option("--from", metavar="TIME", help=f"When it begins: {SPELLED}.", show_default=False)]
Until = Annotated[str, typer.Option(metavar="TIME", help="When it is over.", show_default=False)]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why.", show_default=False)]
EpochLeast = Annotated[
    int,
    typer.Option(min=0, help="Records at least from the end of one automatic epoch to the next's.", show_default=False),
]
EpochMost = Annotated[int, typer.Option(min=1, help="And at most.", show_default=False)]
Of = Annotated[Path, typer.Option("--of", metavar="FILE", help="The act it is about.", show_default=False)]
Url = Annotated[str, typer.Option(metavar="URL", help="The operator's server: http://HOST:PORT.", show_default=False)]


@act.command()
def licence(
    file: NewFile,
    log: Log,
    begins: Begins,
    until: Until,
    number: Annotated[int, typer.Option(min=1, help="Its number: each counts one up.")] = 1,
    region: Regions = None,
    surface: Surfaces = None,
    share: Share = 1_000_000,
    wind_down: Annotated[
        int, typer.Option(min=0, help="Milliseconds after its end in which viewers' data are exported.")
    ] = 30 * 86_400_000,
    obligation: Annotated[
        list[str] | None,
        typer.Option(metavar="'TIME TEXT'", help="What is owed by a time; may be given more than once."),
    ] = None,
) -> None:
    """Let the operator use the algorithm. Licensor and operator sign."""
    with told():
        from plainview.ledger.act_fields import Obligation
        from plainview.ledger.acts import Licence

        owed = []
        for one in obligation or ():
            due, found, text = one.partition(" ")
            if not found:
                raise CommandError(f"--obligation {one!r}: write the time, a space, and what is owed")
            owed.append(Obligation(milliseconds(due), text))
        owed.sort(key=lambda one: (one.due, one.text))
        scope = _scope(region, surface, share)
        write_act(file, Licence, log, number, scope, milliseconds(begins), milliseconds(until), wind_down, tuple(owed))


@act.command()
def submission(
    file: NewFile,
    log: Log,
    release: Release,
    licence: Licence,
    base: Annotated[str | None, typer.Option(metavar="DIGEST", help="The release that it changes.")] = None,
) -> None:
    """Offer a release under a licence. The licensor signs."""
    with told():
        from plainview.ledger.acts import Submission

        write_act(file, Submission, log, _digest(release), None if base is None else _digest(base), licence)


@act.command()
def result(
    file: NewFile,
    log: Log,
    release: Release,
    suite: Annotated[str, typer.Option(metavar="NAME", help="What was run.", show_default=False)],
    passed: Annotated[bool, typer.Option("--passed/--failed", help="What came out.", show_default=False)],
    results: Annotated[Path, typer.Option(metavar="FILE", help="All that came out: its SHA-256 goes into the act.")],
) -> None:
    """Say what tests of a release came to. An auditor signs."""
    with told():
        from plainview.ledger.acts import Result

        write_act(file, Result, log, _digest(release), suite, passed, _digest_of(results))


@act.command()
def approval(
    file: NewFile,
    log: Log,
    release: Release,
    licence: Licence,
    seen: Seen,
    begins: Begins,
    until: Until,
    epoch_least: EpochLeast,
    epoch_most: EpochMost,
    region: Regions = None,
    surface: Surfaces = None,
    share: Share = 1_000_000,
) -> None:
    """Let a release rank, and its learner learn by itself. The partner signs."""
    with told():
        from plainview.ledger.acts import Approval

        scope, span = _scope(region, surface, share), (milliseconds(begins), milliseconds(until))
        write_act(file, Approval, log, _digest(release), seen, licence, scope, *span, epoch_least, epoch_most)


@act.command()
def emergency(
    file: NewFile,
    log: Log,
    release: Release,
    licence: Licence,
    seen: Seen,
    begins: Begins,
    until: Until,
    epoch_least: EpochLeast,
    epoch_most: EpochMost,
    reason: Reason,
    share: Annotated[
        int,
        typer.Option(
            min=1, max=1_000_000, help="Of the traffic, in millionths, as the charter bounds it.", show_default=False
        ),
    ],
    region: Regions = None,
    surface: Surfaces = None,
) -> None:
    """Let a release rank for a short time, tested or not. A partner and an operator sign; it must be reviewed."""
    with told():
        from plainview.ledger.acts import Emergency

        scope, span = _scope(region, surface, share), (milliseconds(begins), milliseconds(until))
        bounds = (epoch_least, epoch_most)
        write_act(file, Emergency, log, _digest(release), seen, licence, scope, *span, *bounds, reason)


@act.command()
def review(
    file: NewFile,
    of: Of,
    outcome: Annotated[str, typer.Option(metavar="TEXT", help="What was found.", show_default=False)],
) -> None:
    """Say that all that ran under an emergency was looked at. The partner signs."""
    with told():
        from plainview.ledger.acts import Emergency, Review

        about, _ = read_act(of)
        if not isinstance(about, Emergency):
            raise CommandError(f"{of}: it is of the kind {about.kind}, and an emergency is reviewed")
        write_act(file, Review, about.log, about.digest(), outcome)


@act.command()
def revocation(file: NewFile, log: Log, release: Release, seen: Seen, reason: Reason) -> None:
    """Stop a release at once. A partner signs."""
    with told():
        from plainview.ledger.acts import Revocation

        write_act(file, Revocation, log, _digest(release), seen, reason)


@act.command()
def extension(file: NewFile, of: Of, until: Until) -> None:
    """Let a licence, approval or emergency hold longer. Who signs it signs this."""
    with told():
        from plainview.ledger.acts import Approval, Emergency, Extension, Licence

        about, _ = read_act(of)
        if not isinstance(about, (Licence, Approval, Emergency)):
            raise CommandError(f"{of}: it is of the kind {about.kind}; a licence, approval or emergency is extended")
        write_act(file, Extension, about.log, about.digest(), milliseconds(until))


@act.command()
def finding(
    file: NewFile,
    log: Log,
    shown_by: Annotated[
        Path, typer.Option("--file", metavar="FILE", help="What shows it: its SHA-256 goes into the act.")
    ],
    text: Annotated[str, typer.Option(metavar="TEXT", help="What was found, in a sentence.", show_default=False)],
    record: Annotated[
        int | None, typer.Option(min=0, metavar="INDEX", help="The record it is about, where it is about one.")
    ] = None,
) -> None:
    """Say that something is not as it should be. An auditor signs."""
    with told():
        from plainview.ledger.acts import Finding

        write_act(file, Finding, log, _digest_of(shown_by), record, text)


@act.command()
def admission(
    file: NewFile,
    log: Log,
    origin: Annotated[str, typer.Option(metavar="NAME", help="The data set's name.", show_default=False)],
    data: Annotated[str, typer.Option(metavar="DIGEST", help="The digest of its files.", show_default=False)],
    terms: Annotated[str, typer.Option(metavar="TEXT", help="The licence it is under.", show_default=False)],
    rows: Annotated[int, typer.Option(min=0, help="Records at most that come of it.", show_default=False)],
) -> None:
    """Let a data set in, to teach. The partner signs; `plainview import --dry-run` says what to write."""
    with told():
        from plainview.ledger.acts import Admission

        write_act(file, Admission, log, origin, _digest(data), terms, rows)


@act.command()
def sign(
    file: File, key: Annotated[Path, typer.Option(metavar="FILE", help="Your private key.", show_default=False)]
) -> None:
    """Read it first. Adds your signature to the act."""
    with told():
        from plainview.keys.key_files import read_key

        about, signatures = read_act(file)
        own = read_key(key).sign(about.text())
        others = (one for one in signatures if (one.name, one.key_id) != (own.name, own.key_id))
        write_note_file(file, about.text(), (*others, own), "an act", over=True)
    typer.echo(f"{file}: signed by {own.name}; `plainview act submit` hands it in")


@act.command()
def submit(file: File, url: Url) -> None:
    """Hand a signed act in at the operator's server, where it is journaled, and so in the log; and look at it there.

    Exit code: 0 where it counts, 1 where it was taken down and does not, or is not there as you signed it, and why; 2
    where it was not taken.
    """
    with told():
        from plainview.cli.act_answers import hand_in, what_is_wrong
        from plainview.ledger.notes import Note
        from plainview.ledger.spelling import printable

        about, signatures = read_act(file)
        if not signatures:
            raise CommandError(f"{file}: nobody has signed it; `plainview act sign` does")
        note = Note(about.text(), signatures)
        with client_of(url) as client:
            taken = hand_in(client, note)
            wrong = what_is_wrong(client, note, taken)
    where = f"Record {taken.index:,}:"
    if wrong:
        typer.echo(f"{where} not as you signed it: {wrong}. Keep {file}, and tell the other parties.", err=True)
    if not taken.counts:
        before = "" if taken.fresh else " before"
        typer.echo(f"{where} it was taken down{before} and does not count. {printable(taken.reason)}", err=True)
    if wrong or not taken.counts:
        raise typer.Exit(1)
    typer.echo(f"{where} it counts{'' if taken.fresh else ', and did already'}.")


@act.command()
def show(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="An act; the server's where none is given.")
    ] = None,
    url: Annotated[str | None, typer.Option(metavar="URL", help="A server whose acts are shown.")] = None,
) -> None:
    """Show an act and whose signatures it says it has, or all acts that a server has taken.

    Exit code: 1 where one of the server's cannot be read, which is marked; 2 where none can be shown.
    """
    with told():
        from plainview.cli.act_shown import show_act, show_all

        if (file is None) == (url is None):
            raise CommandError("give a FILE or --url, one of them")
        if file is not None:
            show_act(*read_act(file))
        elif url is not None:
            with client_of(url) as client:
                whole = show_all(client)
            if not whole:
                raise typer.Exit(1)


def _scope(regions: list[str] | None, surfaces: list[int] | None, share: int) -> Scope:
    from plainview.ledger.scopes import Scope

    return Scope(
        tuple(sorted(set(regions))) if regions else None, tuple(sorted(set(surfaces))) if surfaces else None, share
    )


def _digest_of(file: Path) -> bytes:
    import hashlib

    try:
        with file.open("rb") as data:
            return hashlib.file_digest(data, "sha256").digest()
    except OSError as error:
        raise CommandError(f"{file}: cannot be read ({error.strerror})") from error


def _digest(text: str) -> bytes:
    from plainview.ledger.charters import parse_digest

    return parse_digest(text, "digest")
