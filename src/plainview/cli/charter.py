"""`plainview charter`: the ceremony in which a log's parties agree on who must sign and what everything keeps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plainview.cli.charter_options import (
    baseline_in,
    bounds_in,
    first_baseline,
    in_order,
    parties_in,
    policy_in,
    quorums_in,
    until_in,
)
from plainview.cli.charter_shown import show_charter, warn_of_ends
from plainview.cli.errors import CommandError, told
from plainview.cli.home import HomeOption, at_home
from plainview.cli.note_files import read_note_file, write_note_file

if TYPE_CHECKING:
    from plainview.ledger.charters import Charter
    from plainview.ledger.notes import NoteSignature
    from plainview.platform.home import Home

charter = typer.Typer(
    help="Agree on who runs, owns and oversees a log, and on the bounds that everything in it keeps.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

_POLICY = typer.Option("--policy", metavar="FILE", help="The log's key, witnesses and quorum, in C2SP tlog-policy.")

File = Annotated[Path, typer.Argument(metavar="FILE", help="The charter, signed or not yet.", show_default=False)]
NewFile = Annotated[Path, typer.Argument(metavar="FILE", help="Where the charter is to lie.", show_default=False)]
FileOrNone = Annotated[
    Path | None,
    typer.Argument(metavar="FILE", help="A charter, signed or not yet; a journal's where none is given."),
]
Before = Annotated[Path | None, typer.Option(metavar="FILE", help="The charter that it amends.", show_default=False)]
Quorums = Annotated[
    list[str] | None,
    typer.Option("--quorum", metavar="ROLE=K", help="How many keys of a role must sign.", show_default=False),
]
Ends = Annotated[
    list[str] | None,
    typer.Option(
        "--until",
        metavar="NAME=TIME",
        help="From when on what a party's key signs counts no more; NAME=none for no end.",
        show_default=False,
    ),
]
ClockTolerance = Annotated[
    int | None, typer.Option(min=0, help="Milliseconds that journal time may be off witness time; at first 5,000.")
]
NowTolerance = Annotated[
    int | None, typer.Option(min=0, help="Milliseconds from a page's now to its append; at first 2,000.")
]
MergeDelay = Annotated[
    int | None, typer.Option(min=0, help="Milliseconds until a record is published; at first 5,000.")
]
ReplayWindow = Annotated[int | None, typer.Option(min=1, help="Days for which a page can be re-run; at first 30.")]
Retention = Annotated[int | None, typer.Option(min=1, help="Days for which viewers' events are kept; at first 400.")]
EmergencyLimit = Annotated[
    int | None, typer.Option(min=0, help="Milliseconds that an emergency may last; at first 259,200,000.")
]
EmergencyShare = Annotated[
    int | None,
    typer.Option(min=0, max=1_000_000, help="Of the traffic that one may be for, in millionths; at first 200,000."),
]
Baseline = Annotated[
    str | None,
    typer.Option(metavar="DIGEST", help="The release that serves when no other may; at first the data directory's."),
]


@charter.command()
def key(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the private key is to lie.", show_default=False)],
    name: Annotated[
        str, typer.Option(help="Whose key it is: operator.example; the log's has its origin.", show_default=False)
    ],
) -> None:
    """Make a key of a party or of the log: the private one into a file that only you can read, the public one shown."""
    with told():
        from plainview.keys.key_files import make_key
        from plainview.ledger.schemes import ED25519
        from plainview.storage.filesystem import HostFileSystem, make_durable

        try:
            make_durable(HostFileSystem(), file.absolute().parent)
        except OSError as error:
            raise CommandError(f"{file}: cannot be written ({error.strerror})") from error
        typer.echo(make_key(file, name, ED25519).key.vkey())


@charter.command()
def new(
    file: NewFile,
    operator: Annotated[list[str], typer.Option(metavar="VKEY", help="A key of who runs it.", show_default=False)],
    licensor: Annotated[list[str], typer.Option(metavar="VKEY", help="Of who owns the algorithm.", show_default=False)],
    partner: Annotated[list[str], typer.Option(metavar="VKEY", help="Of who oversees it.", show_default=False)],
    builder: Annotated[
        list[str],
        typer.Option(metavar="VKEY", help="Of who installs releases and attests to them; two.", show_default=False),
    ],
    auditor: Annotated[
        list[str], typer.Option(metavar="VKEY", help="Of the partner's program that tests them.", show_default=False)
    ],
    policy: Annotated[Path, _POLICY],
    quorum: Quorums = None,
    until: Ends = None,
    clock_tolerance: ClockTolerance = None,
    now_tolerance: NowTolerance = None,
    merge_delay: MergeDelay = None,
    replay_window: ReplayWindow = None,
    retention: Retention = None,
    emergency_limit: EmergencyLimit = None,
    emergency_share: EmergencyShare = None,
    baseline: Baseline = None,
    home: HomeOption = None,
) -> None:
    """Write a charter, for its parties to sign. A role's quorum is one key, the builders' two, unless --quorum says."""
    with told():
        from plainview.ledger.charters import LEAST, Bounds, Charter

        believed = policy_in(policy)
        if len(believed.logs) != 1:
            raise CommandError(
                f"{policy}: a charter's policy names one log, its own; this one has {len(believed.logs)}"
            )
        parties = parties_in(operator=operator, licensor=licensor, partner=partner, builder=builder, auditor=auditor)
        made = Charter(
            0,
            None,
            believed.logs[0].key.name,
            until_in(parties, until),
            quorums_in(LEAST, quorum),
            bounds_in(
                Bounds(),
                *(clock_tolerance, now_tolerance, merge_delay, replay_window, retention),
                *(emergency_limit, emergency_share),
            ),
            first_baseline(home) if baseline is None else baseline_in(baseline),
            believed,
        )
        _write(file, made)


@charter.command()
def amend(
    file: NewFile,
    of: Annotated[Path, typer.Option(metavar="FILE", help="The charter in force.", show_default=False)],
    add: Annotated[
        list[str] | None, typer.Option(metavar="ROLE=VKEY", help="A key that comes in.", show_default=False)
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A key that goes, by its name.", show_default=False)
    ] = None,
    policy: Annotated[Path | None, _POLICY] = None,
    quorum: Quorums = None,
    until: Ends = None,
    clock_tolerance: ClockTolerance = None,
    now_tolerance: NowTolerance = None,
    merge_delay: MergeDelay = None,
    replay_window: ReplayWindow = None,
    retention: Retention = None,
    emergency_limit: EmergencyLimit = None,
    emergency_share: EmergencyShare = None,
    baseline: Baseline = None,
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
        changed = replace(
            old,
            number=old.number + 1,
            previous=old.digest(),
            parties=until_in(in_order([*kept, *parties_in(**come)]), until),
            quorums=quorums_in(old.quorums, quorum),
            bounds=bounds_in(
                old.bounds,
                *(clock_tolerance, now_tolerance, merge_delay, replay_window, retention),
                *(emergency_limit, emergency_share),
            ),
            baseline=old.baseline if baseline is None else baseline_in(baseline),
            policy=old.policy if policy is None else policy_in(policy),
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
        before = None if previous is None else _read(previous)[0]
        if before is not None and signed.previous != before.digest():
            raise CommandError(f"{file} does not amend {previous}: get the charter that is in force")
        if signer.key not in [party.key for one in (signed, before) if one is not None for party in one.parties]:
            raise CommandError(
                f"{file} names no party with the key {signer.key.vkey()}; a party of the one before gives --previous"
            )
        own = signer.sign(signed.text())
        others = (one for one in signatures if (one.name, one.key_id) != (own.name, own.key_id))
        _write(file, signed, (*others, own), over=True)


@charter.command()
def show(
    file: FileOrNone = None,
    previous: Before = None,
    home: HomeOption = None,
) -> None:
    """Show what a charter says, its digest, and whose signatures it still needs; or the charters of a journal.

    Exit code: 0 where all have signed who must, 1 where a signature is missing or wrong, 2 where it cannot be read.
    """
    with told():
        _check_one(file, home)
        if file is None:
            if previous is not None:
                raise CommandError("--previous goes with a FILE: a journal knows which charter came before")
            _show_journal(home)
        else:
            held, signatures = _read(file)
            signed = show_charter(held, signatures, None if previous is None else _read(previous)[0])
            warn_of_ends(held)
            if not signed:
                raise typer.Exit(1)
    typer.echo("Hand the digest of charter 0 over out of band: verification starts from it.")


def _check_one(file: Path | None, home: Path | None) -> None:
    if file is not None and home is not None:
        raise CommandError("give a FILE or --home, not both")


def _begun(home: Path | None) -> Home:
    place = at_home(home)
    if not place.begun():
        raise place.unbegun()
    return place


def _show_journal(home: Path | None) -> None:
    from contextlib import closing

    from plainview.ledger.notes import parse_note
    from plainview.platform.charters import Charters
    from plainview.records import Charter as Record

    with closing(_begun(home).read()) as journal:
        before = None
        held = Charters(journal).all
        for adopted, after in zip(held, [*held[1:], None], strict=True):
            record = journal.entry(adopted.record).record
            assert isinstance(record, Record)
            until = f" until record {after.record:,}" if after else ""
            typer.echo(f"record {adopted.record:,}, in force{until}:")
            show_charter(adopted.charter, parse_note(record.note.encode()).signatures, before, record.time)
            before = adopted.charter
        warn_of_ends(held[-1].charter)


@charter.command("policy")
def print_policy(file: FileOrNone = None, home: HomeOption = None) -> None:
    """Print the policy of a charter, or of the one in force in a journal: what witnesses and `mirror` take."""
    with told():
        from contextlib import closing

        from plainview.ledger.policy_files import encode_policy
        from plainview.platform.charters import Charters

        _check_one(file, home)
        if file is not None:
            held = _read(file)[0]
        else:
            with closing(_begun(home).read()) as journal:
                held = Charters(journal).in_force.charter
        typer.echo(encode_policy(held.policy), nl=False)


@charter.command()
def adopt(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The signed charter.", show_default=False)],
    home: HomeOption = None,
    without_witnesses: Annotated[
        bool,
        typer.Option(
            "--without-witnesses",
            help="Amend though too few of the log's witnesses say that this is the newest copy: they are gone for "
            "good, and you know by other means that it is.",
        ),
    ] = False,
) -> None:
    """Begin a journal with a charter, or amend the one in force there, while its server is stopped.

    All is checked before anything is written.
    """
    with told():
        from plainview.ledger.charters import digest_text
        from plainview.ledger.notes import Note
        from plainview.ledger.spelling import printable

        place = at_home(home)
        from plainview.platform import founding

        read, signatures = _read(file)
        if not signatures:
            raise CommandError(f"{file}: nobody has signed it; `plainview charter sign` does")
        adopted = founding.adopt(place, Note(read.text(), signatures), unheard=without_witnesses)
    typer.echo(
        f"Record {adopted.record:,} of {place.path}: charter {read.number} of {printable(read.origin)} is in force, "
        f"digest {digest_text(read.digest())}"
    )


@charter.command()
def local(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where the parties' keys are to lie.", show_default=False)
    ],
    home: HomeOption = None,
) -> None:
    """Begin a journal with keys of all parties made on this machine, to try things out."""
    with told():
        from plainview.ledger.charters import digest_text

        place = at_home(home)
        from plainview.platform.local_charter import begin_locally
        from plainview.platform.local_licence import license_locally

        made = begin_locally(place, directory)
        license_locally(place, directory)
    typer.echo(
        f"{place.path}: begun with charter 0 of {made.origin}, digest {digest_text(made.digest())}\n"
        "The installed release is licensed and approved.\n"
        f"The keys of all parties lie in {directory}. One hand holds all: what they signed "
        "proves nothing to others. How parties agree on one that does: docs/how-to/agree-on-a-charter.md"
    )


def _read(path: Path) -> tuple[Charter, tuple[NoteSignature, ...]]:
    """A charter's file, and its signatures."""
    from plainview.ledger.charters import parse_charter
    from plainview.ledger.errors import FormatError

    try:
        text, signatures = read_note_file(path)
        return parse_charter(text), signatures
    except FormatError as error:
        raise CommandError(f"{path}: {error}") from error


def _write(path: Path, made: Charter, signatures: tuple[NoteSignature, ...] = (), *, over: bool = False) -> None:
    from plainview.ledger.charters import digest_text
    from plainview.ledger.spelling import printable

    write_note_file(path, made.text(), signatures, "a charter", over=over)
    typer.echo(f"{path}: charter {made.number} of {printable(made.origin)}, digest {digest_text(made.digest())}")
    warn_of_ends(made)
