"""`plainview charter`: the ceremony in which a log's parties agree on who must sign and what everything keeps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from plainview.cli.errors import CommandError, told

if TYPE_CHECKING:
    from plainview.ledger.charters import Charter, Party
    from plainview.ledger.notes import NoteSignature

charter = typer.Typer(
    help="Agree on who runs, owns and oversees a log, and on the bounds that everything in it keeps.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

File = Annotated[Path, typer.Argument(metavar="FILE", help="The charter, signed or not yet.", show_default=False)]
Before = Annotated[Path | None, typer.Option(metavar="FILE", help="The charter that it amends.", show_default=False)]
Quorums = Annotated[
    list[str] | None,
    typer.Option("--quorum", metavar="ROLE=K", help="How many keys of a role must sign.", show_default=False),
]
PolicyFile = Annotated[
    Path | None,
    typer.Option("--policy", metavar="FILE", help="The log's key, witnesses and quorum, in C2SP tlog-policy."),
]


@charter.command()
def key(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the private key is to lie.", show_default=False)],
    name: Annotated[str, typer.Option(help="Whose key it is: operator.example.", show_default=False)],
) -> None:
    """Make a party's key: the private one into a file that only you can read, the public one to be handed on."""
    with told():
        from plainview.keys.key_files import make_key
        from plainview.ledger.schemes import ED25519

        typer.echo(make_key(file, name, ED25519).key.vkey())


@charter.command()
def new(
    file: File,
    operator: Annotated[list[str], typer.Option(metavar="VKEY", help="A key of who runs it.", show_default=False)],
    licensor: Annotated[list[str], typer.Option(metavar="VKEY", help="Of who owns the algorithm.", show_default=False)],
    partner: Annotated[list[str], typer.Option(metavar="VKEY", help="Of who oversees it.", show_default=False)],
    policy: Annotated[
        Path, typer.Option(metavar="FILE", help="The log's key, witnesses and quorum, in C2SP tlog-policy.")
    ],
    quorum: Quorums = None,
    clock_tolerance: Annotated[int, typer.Option(min=0, help="Milliseconds of journal time off witness time.")] = 5_000,
    now_tolerance: Annotated[int, typer.Option(min=0, help="Milliseconds from a page's now to its append.")] = 2_000,
    merge_delay: Annotated[int, typer.Option(min=0, help="Milliseconds until a record is published.")] = 5_000,
    replay_window: Annotated[int, typer.Option(min=1, help="Days for which a page can be re-run.")] = 30,
    retention: Annotated[int, typer.Option(min=1, help="Days for which viewers' events are kept.")] = 400,
    baseline: Annotated[
        str | None, typer.Option(metavar="DIGEST", help="The release that serves when no other may; the installed one.")
    ] = None,
) -> None:
    """Write a charter, for all parties to read and sign. A role's quorum is one key unless --quorum says otherwise."""
    with told():
        from plainview.ledger.charters import Bounds, Charter

        believed = _policy(policy)
        if len(believed.logs) != 1:
            raise CommandError(
                f"{policy}: a charter's policy names one log, its own; this one has {len(believed.logs)}"
            )
        parties = _parties(operator=operator, licensor=licensor, partner=partner)
        made = Charter(
            0,
            None,
            believed.logs[0].key.name,
            parties,
            _quorums((1, 1, 1), quorum),
            Bounds(clock_tolerance, now_tolerance, merge_delay, replay_window, retention),
            _baseline(baseline),
            believed,
        )
        _write(file, made)


@charter.command()
def amend(
    file: File,
    of: Annotated[Path, typer.Option(metavar="FILE", help="The charter in force.", show_default=False)],
    add: Annotated[
        list[str] | None, typer.Option(metavar="ROLE=VKEY", help="A key that comes in.", show_default=False)
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A key that goes, by its name.", show_default=False)
    ] = None,
    policy: PolicyFile = None,
    quorum: Quorums = None,
    clock_tolerance: Annotated[int | None, typer.Option(min=0)] = None,
    now_tolerance: Annotated[int | None, typer.Option(min=0)] = None,
    merge_delay: Annotated[int | None, typer.Option(min=0)] = None,
    replay_window: Annotated[int | None, typer.Option(min=1)] = None,
    retention: Annotated[int | None, typer.Option(min=1)] = None,
    baseline: Annotated[str | None, typer.Option(metavar="DIGEST")] = None,
) -> None:
    """Write an amendment: what is not said stays as it is. The quorum of the charter in force must sign it."""
    with told():
        from msgspec.structs import replace

        old, _ = _read(of)
        gone = set(remove or ())
        unknown = gone - {party.key.name for party in old.parties}
        if unknown:
            raise CommandError(
                f"{of} has no party {', '.join(sorted(unknown))}; `plainview charter show {of}` lists them"
            )
        come: dict[str, list[str]] = {}
        for one in add or ():
            role, found, vkey = one.partition("=")
            if not found:
                raise CommandError(f"--add {one}: write ROLE=VKEY")
            come.setdefault(role, []).append(vkey)
        kept = [party for party in old.parties if party.key.name not in gone]
        bounds: dict[str, Any] = {
            "clock_tolerance": clock_tolerance,
            "now_tolerance": now_tolerance,
            "merge_delay": merge_delay,
            "replay_window": replay_window,
            "retention": retention,
        }
        changed = replace(
            old,
            number=old.number + 1,
            previous=old.digest(),
            parties=_in_order([*kept, *_parties(**come)]),
            quorums=_quorums(old.quorums, quorum),
            bounds=replace(old.bounds, **{name: value for name, value in bounds.items() if value is not None}),
            baseline=old.baseline if baseline is None else _baseline(baseline),
            policy=old.policy if policy is None else _policy(policy),
        )
        _write(file, changed)


@charter.command()
def sign(
    file: File,
    key: Annotated[Path, typer.Option(metavar="FILE", help="Your private key.", show_default=False)],
    previous: Before = None,
) -> None:
    """Read it first. Adds your signature to the charter; who signs as a party of the one before gives that too."""
    with told():
        from plainview.keys.key_files import read_key

        signed, signatures = _read(file)
        signer = read_key(key)
        before = () if previous is None else _read(previous)[0].parties
        if signer.key not in [party.key for party in (*signed.parties, *before)]:
            raise CommandError(
                f"{file} names no party with the key {signer.key.vkey()}; a party of the one before gives --previous"
            )
        own = signer.sign(signed.text())
        _write(file, signed, (*(one for one in signatures if one != own), own), over=True)


@charter.command()
def show(file: File, previous: Before = None) -> None:
    """Show what a charter says, its digest, and whose signatures it still needs.

    The exit code is 0 where it is in force, 1 where signatures are missing or do not hold, 2 where it cannot be read.
    """
    from rich.markup import escape
    from rich.table import Table

    from plainview.cli.console import console

    with told():
        from plainview.ledger.charters import ROLES, Bounds, Missing, digest_text, missing
        from plainview.ledger.errors import PolicyError, SignatureError
        from plainview.ledger.notes import Note
        from plainview.ledger.opening import verified_signatures

        shown, signatures = _read(file)
        before = None if previous is None else _read(previous)[0]
        out = console()
        out.print(
            f"[bold]charter {shown.number}[/bold] of {escape(shown.origin)}, digest {digest_text(shown.digest())}"
        )
        wrong = ""
        signed: set[object] = set()
        lacking: list[Missing] = []
        try:
            if signatures:
                note = Note(shown.text(), signatures)
                parties = {party.key for one in (shown, before) if one is not None for party in one.parties}
                signed = {one.key for one in verified_signatures(note, parties)}
                lacking = missing(note, shown, before)
        except (PolicyError, SignatureError) as error:
            wrong = str(error)
        table = Table(show_edge=False, pad_edge=False)
        for heading in ("role", "must sign", "key", "signed"):
            table.add_column(heading, overflow="fold")
        for role, quorum in zip(ROLES, shown.quorums, strict=True):
            for place, held in enumerate(shown.keys_of(role)):
                of = f"{quorum} of {len(shown.keys_of(role))}" if place == 0 else ""
                table.add_row(role if place == 0 else "", of, escape(held.vkey()), "yes" if held in signed else "")
        out.print(table)
        for name in Bounds.__struct_fields__:
            out.print(f"{name.replace('_', ' ')}: {getattr(shown.bounds, name):,} {_UNITS[name]}")
        out.print(f"baseline: {digest_text(shown.baseline)}")
        for witness in shown.policy.witnesses:
            out.print(f"witness {escape(witness.name)}: {escape(witness.key.vkey())}", soft_wrap=True)
        out.print(f"witnesses' quorum: {escape(shown.policy.quorum)}")
    if wrong:
        out.print(f"[red]Not in force:[/red] {escape(wrong)}", soft_wrap=True)
    elif not signatures:
        out.print("[yellow]Not in force:[/yellow] nobody has signed it.")
    for one in lacking:
        names = ", ".join(held.name for held in one.keys)
        out.print(f"[yellow]Not in force:[/yellow] {one.number} more of {one.role} must sign: {escape(names)}")
    if wrong or lacking or not signatures:
        raise typer.Exit(1)
    out.print("[green]In force.[/green] Hand the digest over out of band: verification starts from it.")


_UNITS = {
    "clock_tolerance": "ms",
    "now_tolerance": "ms",
    "merge_delay": "ms",
    "replay_window": "days",
    "retention": "days",
}


def _read(path: Path) -> tuple[Charter, tuple[NoteSignature, ...]]:
    """A charter's file: a signed note, or the text alone where nobody has signed."""
    from plainview.ledger.charters import parse_charter
    from plainview.ledger.errors import FormatError
    from plainview.ledger.notes import NOTE_LIMIT, parse_note

    try:
        with path.open("rb") as file:
            data = file.read(NOTE_LIMIT + 1)
        if b"\n\n" not in data:
            return parse_charter(data.decode()), ()
        note = parse_note(data)
        return parse_charter(note.text), note.signatures
    except OSError as error:
        raise CommandError(f"{path}: cannot be read ({error.strerror})") from error
    except (FormatError, UnicodeDecodeError) as error:
        raise CommandError(f"{path}: {error}") from error


def _write(path: Path, made: Charter, signatures: tuple[NoteSignature, ...] = (), *, over: bool = False) -> None:
    from plainview.ledger.charters import digest_text
    from plainview.ledger.notes import Note
    from plainview.storage.filesystem import HostFileSystem, write_durable

    if path.exists() and not over:
        raise CommandError(f"{path} is there already; give another name, or move it away")
    data = Note(made.text(), signatures).encode() if signatures else made.text().encode()
    try:
        write_durable(HostFileSystem(), path, [data])
    except OSError as error:
        raise CommandError(f"{path}: cannot be written ({error.strerror})") from error
    typer.echo(f"{path}: charter {made.number} of {made.origin}, digest {digest_text(made.digest())}")


def _parties(**vkeys: list[str]) -> tuple[Party, ...]:
    from plainview.ledger.charters import ROLES, Party
    from plainview.ledger.errors import FormatError
    from plainview.ledger.keys import parse_vkey

    for role in vkeys:
        if role not in ROLES:
            raise CommandError(f"{role}: a party is one of {', '.join(ROLES)}")
    try:
        return tuple(Party(role, parse_vkey(vkey)) for role in ROLES for vkey in vkeys.get(role, ()))
    except FormatError as error:
        raise CommandError(str(error)) from error


def _in_order(parties: list[Party]) -> tuple[Party, ...]:
    from plainview.ledger.charters import ROLES

    return tuple(sorted(parties, key=lambda party: ROLES.index(party.role)))


def _quorums(before: tuple[int, ...], changes: list[str] | None) -> tuple[int, ...]:
    from plainview.ledger.charters import ROLES

    quorums = dict(zip(ROLES, before, strict=True))
    for one in changes or ():
        role, _, number = one.partition("=")
        if role not in ROLES or not number.isdecimal():
            raise CommandError(f"--quorum {one}: write ROLE=K, with a role of {', '.join(ROLES)} and a number")
        quorums[role] = int(number)
    return tuple(quorums[role] for role in ROLES)


def _policy(path: Path) -> Any:
    from plainview.ledger.errors import FormatError
    from plainview.ledger.policy_files import parse_policy

    try:
        return parse_policy(path.read_bytes())
    except OSError as error:
        raise CommandError(f"{path}: cannot be read ({error.strerror})") from error
    except FormatError as error:
        raise CommandError(f"{path}: {error}") from error


def _baseline(digest: str | None) -> bytes:
    from plainview.platform.releases import installed_digest
    from plainview.records.fields import to_bytes

    try:
        return to_bytes(installed_digest() if digest is None else digest)
    except ValueError as error:
        raise CommandError(f"--baseline {digest}: a release's digest has 43 characters") from error
