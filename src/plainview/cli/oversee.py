"""`plainview oversee`: the partner's program, which follows a platform, re-runs its pages and keeps what it finds."""

from __future__ import annotations

import signal
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plainview.cli.address import http_address
from plainview.cli.bundle_files import BundlesOption, read_bundles
from plainview.cli.errors import CommandError, told
from plainview.cli.oversee_page import page
from plainview.cli.oversee_report import report
from plainview.oversight.sampling import MOST_DRAWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from plainview.oversight.partner.overseer import Overseer

oversee = typer.Typer(
    help="Oversee a platform: follow its log, cosign it, re-run its pages, and keep what is found.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="The partner's directory.", show_default=False)]

WORKERS = 4
"""Files fetched at a time."""
DELIVER = 0.5
"""Seconds from one look for acts that are to be handed in to the next."""


@oversee.command()
def new(
    directory: Directory,
    name: Annotated[
        str,
        typer.Option(
            help="Begins the names of its keys: best a URL without scheme, partner.example.", show_default=False
        ),
    ],
) -> None:
    """Make the partner's directory: private keys that never leave it, and nothing else."""
    with told():
        from plainview.oversight.partner.directory import make_directory

        auditor, log, witness = make_directory(directory, name)
    typer.echo("For the charter, its auditor and its policy, with the address at which the witness answers:")
    typer.echo(f"party auditor {auditor.vkey()}")
    typer.echo(f"witness {witness.name} {witness.vkey()} https://.../witness/")
    typer.echo("For whoever follows the partner's own log:")
    typer.echo(f"log {log.vkey()} https://.../log/")


@oversee.command()
def run(
    directory: Directory,
    charter: Annotated[
        str,
        typer.Option(
            metavar="DIGEST", help="Of the log's first charter: all else follows from it.", show_default=False
        ),
    ],
    url: Annotated[
        str, typer.Option(metavar="URL", help="The operator's server: http://HOST:PORT.", show_default=False)
    ],
    charter_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="That charter, where the log cannot be published before it is cosigned."),
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8200,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 for all that this machine has.")
    ] = "127.0.0.1",
    every: Annotated[float, typer.Option(min=0.1, max=60, help="Seconds between two looks at the log.")] = 1.0,
    rerun_every: Annotated[float, typer.Option(min=1, max=86_400, help="Seconds between two re-runs.")] = 60.0,
    sample: Annotated[int, typer.Option(min=1, max=MOST_DRAWN, help="Pages in a random draw.")] = 300,
    draw_hours: Annotated[float, typer.Option(min=0.01, max=8760, help="Hours from one draw to the next.")] = 24.0,
    canaries: Annotated[int, typer.Option(min=0, max=1000, help="Viewers of the partner's own.")] = 2,
    canary_every: Annotated[float, typer.Option(min=0.1, max=86_400, help="Seconds between two pages of each.")] = 60.0,
    bundles: BundlesOption = None,
    cores: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Cores that are used (default: all, 4 at most).", show_default=False),
    ] = None,
    from_the_start: Annotated[
        bool, typer.Option("--from-the-start", help="Re-run all from record 0, and believe nothing of what was re-run.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="One round, without a server, and end.")] = False,
) -> None:
    """Oversee a platform until Ctrl-C or SIGTERM.

    Exit codes:

    0: stopped; with --once, all that could be checked was, and nothing found.
    1: with --once, something was found: what it is lies in DIR/findings.
    2: it cannot begin; with --once also: something could not be checked.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = (sample, draw_hours, canaries, bundles, cores, from_the_start)
    with told(), _opened(directory, charter, url, charter_file, *settings) as overseer:
        if once:
            _once(overseer)
            return
        _serve(overseer, host, port, every, rerun_every, canary_every)


@oversee.command()
def submit(
    directory: Directory,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The act, signed.", show_default=False)],
) -> None:
    """Hand an act in by the partner's own log: an approval, a revocation.

    It is durable in that log first. `plainview oversee run` hands it to the operator, and withholds its cosignature
    while the operator's log has not taken it.
    """
    with told():
        from plainview.cli.note_files import read_note_file
        from plainview.ledger.errors import LedgerError
        from plainview.ledger.notes import Note
        from plainview.oversight.mirror.files import MirrorFiles
        from plainview.oversight.partner.directory import LOG, MIRROR, kept_charter, read_keys
        from plainview.oversight.partner.following import last_charter
        from plainview.oversight.partner.log import OwnLog
        from plainview.oversight.partner.outbox import check_act

        keys = read_keys(directory)
        text, signatures = read_note_file(file)
        if not signatures:
            raise CommandError(f"{file}: nobody has signed it; `plainview act sign` does")
        data = Note(text, signatures).encode()
        known = last_charter(MirrorFiles(directory / MIRROR), kept_charter(directory))
        if known is None:
            raise CommandError(f"{directory}: the log's charter is not here yet; `plainview oversee run` fetches it")
        try:
            check_act(data, known)
        except LedgerError as error:
            raise CommandError(f"{file}: {error}; no honest operator would take it") from error
        index = OwnLog(directory / LOG, keys.log).append(data)
    typer.echo(f"act {index:,} of the partner's log; `plainview oversee run {directory}` hands it to the operator")


oversee.command()(page)
oversee.command()(report)


def _once(overseer: Overseer) -> None:
    from plainview.oversight.partner.overseer import PASSING

    steps = (overseer.follow, "follow"), (overseer.deliver, "deliver"), (partial(overseer.audit, whole=True), "audit")
    for step, name in steps:
        try:
            step()
        except PASSING as error:
            overseer.met(name, error)
    if overseer.findings:
        raise typer.Exit(1)
    if overseer.unable:
        typer.secho("\n".join(f"error: {why}" for why in overseer.unable.values()), fg="red", err=True)
        raise typer.Exit(2)
    typer.echo(overseer.sound)


def _serve(overseer: Overseer, host: str, port: int, every: float, rerun_every: float, canary_every: float) -> None:
    import threading

    from plainview.http.serving import check_address, serve_app
    from plainview.oversight.partner.app import make_app
    from plainview.oversight.partner.overseer import PASSING

    check_address(host, port)
    ending = threading.Event()
    failed: list[BaseException] = []

    def over_and_over(step: Callable[[], None], seconds: float) -> None:
        try:
            while not ending.is_set():
                try:
                    step()
                except PASSING as error:
                    overseer.met(step.__name__, error)
                ending.wait(seconds)
        except BaseException as error:  # noqa: BLE001 - raised below, where it ends the program
            failed.append(error)
            if not ending.is_set():  # after that nobody takes the signal
                signal.raise_signal(signal.SIGTERM)

    steps = (
        (overseer.follow, every),
        (overseer.deliver, DELIVER),
        (overseer.audit, rerun_every),
        (overseer.visit, canary_every),
    )
    threads = [threading.Thread(target=over_and_over, args=step, name=step[0].__name__) for step in steps]

    def ready() -> None:
        where = http_address(host, port)
        typer.echo(f"The partner answers at {where}: /witness/, /log/, /reports/ and /v1/pages/check")
        for thread in threads:
            thread.start()

    try:
        serve_app(make_app(overseer.witness, overseer.log, overseer.page_requests, overseer.reports), host, port, ready)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # it ends already, and keeps what the next start goes on from
        ending.set()
        overseer.stop()
        for thread in threads:
            if thread.ident is not None:
                thread.join()
        if failed:
            raise failed[0]
    typer.echo(f"Stopped: {overseer.sound}")


@contextmanager
def _opened(
    directory: Path,
    charter: str,
    url: str,
    charter_file: Path | None,
    sample: int,
    draw_hours: float,
    canaries: int,
    bundles: Path | None,
    cores: int | None,
    from_the_start: bool,
) -> Iterator[Overseer]:
    import secrets
    import time
    from concurrent.futures import ThreadPoolExecutor

    from plainview.cli.cores import usual_cores
    from plainview.cli.home import at_home
    from plainview.http.asking import check_url
    from plainview.ledger.charters import digest_text, parse_charter, parse_digest
    from plainview.ledger.notes import NOTE_LIMIT, parse_note
    from plainview.oversight.partner.directory import alone, keep_charter, kept_charter, read_keys

    digest = parse_digest(charter, "--charter")
    check_url(url)
    keys = read_keys(directory)
    with ExitStack() as stack:
        stack.enter_context(alone(directory))
        if charter_file is not None:
            try:
                with charter_file.open("rb") as opened:
                    note = parse_note(opened.read(NOTE_LIMIT + 1))
            except OSError as error:
                raise CommandError(f"{charter_file}: {error.strerror}") from error
            if (found := parse_charter(note.text).digest()) != digest:
                raise CommandError(f"{charter_file}: its digest is not {charter}, but {digest_text(found)}")
            keep_charter(directory, note)
        kept = kept_charter(directory)
        at_home(None)  # before any kernel is imported
        from plainview.oversight.partner.overseer import Audit, Overseer, Surroundings
        from plainview.oversight.partner.telling import Told
        from plainview.platform.releases import environment_digest, installed, program_digest
        from plainview.platform.warming import warm

        warm(installed().configuration, lambda _: None)
        pool = stack.enter_context(ThreadPoolExecutor(WORKERS, thread_name_prefix="oversee"))
        outside = Surroundings(lambda: time.time_ns() // 1_000_000, time.monotonic, secrets.token_bytes, pool)
        lines = Told(
            typer.echo,
            lambda line: typer.secho(f"note: {line}", fg="yellow", err=True),
            lambda line: typer.secho(f"FINDING: {line}", fg="red", err=True),
        )
        audit = Audit(
            installed(),
            read_bundles(bundles, lines.remark),
            sample,
            round(draw_hours * 3_600_000),
            canaries,
            cores or usual_cores(),
            environment_digest(),
            program_digest(),
            from_the_start,
        )
        overseer = Overseer(directory, keys, digest, url, audit, outside, lines, () if kept is None else (kept,))
        try:
            yield overseer
        finally:
            overseer.close()
