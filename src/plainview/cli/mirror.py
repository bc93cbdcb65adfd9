"""`plainview mirror`: keep and check a copy of a log, and prove it where the log contradicts itself."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from plainview.cli.errors import CommandError, told

if TYPE_CHECKING:
    from plainview.ledger.policies import Accepted, Log, Policy
    from plainview.oversight.mirror.mirror import Mirror
    from plainview.oversight.mirror.promises import Promises

WORKERS = 4
"""Files fetched at a time."""


def mirror(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where the copy is kept, in the log's own layout.", show_default=False)
    ],
    policy: Annotated[
        Path, typer.Option(metavar="FILE", help="Whose keys are believed, in C2SP tlog-policy.", show_default=False)
    ],
    log: Annotated[
        str | None, typer.Option(metavar="ORIGIN", help="Which log, where the policy names several.")
    ] = None,
    url: Annotated[str | None, typer.Option(help="Where it is served, where the policy does not say.")] = None,
    every: Annotated[float, typer.Option(min=0.1, max=86_400, help="Seconds between two looks.")] = 5.0,
    once: Annotated[bool, typer.Option("--once", help="Look once and end.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="First hash all that is here again; fetch anew what is damaged.")
    ] = False,
    receipts: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Hold the log to what it promised in these receipts, answers of /v1/feed in .json files.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Follow a log: keep all of it, check all of it.

    Each checkpoint's signatures and quorum are checked, that it continues what
    was seen before, and every entry's hash. A witness that contradicts itself
    is told, and its word counts no longer.

    Exit codes:

    0: all of it is here; without --once, it was stopped.
    1: the log contradicted itself or broke a promise, and the proof is written.
    2: the log cannot be followed, or a receipt not be read; the program failed.
    Without --once, it goes on where it can.
    130: with --once, it was interrupted, by Ctrl-C or SIGTERM.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with told(), _opened(directory, policy, log, url) as (following, believed):
            promises = _promises(receipts, following, believed)
            if check:
                following.check()
            if not once:
                _follow(following, promises, every)
            _once(following, promises)
    except KeyboardInterrupt:
        if once:
            raise  # perhaps not all of it is here


def _promises(receipts: Path | None, following: Mirror, believed: Policy) -> Promises | None:
    from plainview.oversight.mirror.promises import Promises

    if receipts is None:
        return None
    try:
        os.scandir(receipts).close()
    except OSError as error:
        raise CommandError(
            f"{receipts}: {error.strerror}; --receipts is a directory with answers of /v1/feed in .json files"
        ) from error
    return Promises(receipts, following, believed)


def _once(following: Mirror, promises: Promises | None) -> None:
    remarks, failed = _look(following)
    if promises:
        _hold(promises, True, remarks, failed)
    _remark(remarks)
    if failed:
        typer.secho("\n".join(f"error: {failure}" for failure in failed), fg="red", err=True)
        raise typer.Exit(2)
    typer.echo(f"{following.held.size if following.held else 0:,} entries are here")


def _follow(following: Mirror, promises: Promises | None, every: float) -> NoReturn:
    typer.echo(f"following, {following.held.size if following.held else 0:,} entries are here")
    last: list[str] = []
    while True:
        remarks, failed = _look(following)
        if promises:
            _hold(promises, False, remarks, failed)
        remarks = failed + remarks
        if remarks != last:
            _remark(remarks)
        last = remarks
        time.sleep(every)


def _look(following: Mirror) -> tuple[list[str], list[str]]:
    """Take up what is new and say so; what else was seen, and what kept it from looking. A contradiction ends it."""
    from plainview.oversight.mirror.mirror import MirrorError, Misbehaved

    try:
        accepted, remarks = following.update()
    except Misbehaved as error:
        _misbehaved(str(error))
        raise typer.Exit(1) from error
    except MirrorError as error:
        return [], [str(error)]
    if accepted:
        typer.echo(_sentence(accepted))
    return remarks, []


def _misbehaved(said: str) -> None:
    typer.secho(f"MISBEHAVIOUR: {said}", fg="red", err=True)


def _remark(remarks: list[str]) -> None:
    for remark in remarks:
        typer.secho(f"note: {remark}", fg="yellow", err=True)


def _hold(promises: Promises, all_waiting: bool, remarks: list[str], failed: list[str]) -> None:
    """Say which promises were kept, and remark those overdue. Ends the command where one is proven broken."""
    from plainview.cli.verdicts import moment

    held = promises.hold()
    for name, promise in held.kept:
        typer.echo(f"{name}: kept, entry {promise.index:,} is this page")
    for name, promise in held.waiting:
        said = f"{name}: entry {promise.index:,} is promised by {moment(promise.deadline)} and not there"
        if promise.deadline < time.time() * 1000:
            remarks.append(f"{said}; the log is late, and nothing that was cosigned since proves it")
        elif all_waiting:
            remarks.append(f"{said} yet")
    failed += held.failed
    for error in held.broken:
        _misbehaved(str(error))
    if held.broken:
        raise typer.Exit(1)


@contextmanager
def _opened(directory: Path, file: Path, origin: str | None, url: str | None) -> Iterator[tuple[Mirror, Policy]]:
    import fcntl
    from concurrent.futures import ThreadPoolExecutor
    from functools import partial

    from plainview.http.asking import check_url
    from plainview.http.fetching import fetch
    from plainview.ledger.checkpoints import origin_hash
    from plainview.ledger.errors import FormatError
    from plainview.ledger.notes import NOTE_LIMIT
    from plainview.ledger.policy_files import POLICY_LIMIT, parse_policy
    from plainview.ledger.spelling import printable
    from plainview.oversight.mirror.copies import LOCK
    from plainview.oversight.mirror.files import MirrorFiles
    from plainview.oversight.mirror.mirror import Mirror
    from plainview.oversight.mirror.source import LogSource

    try:
        with file.open("rb") as opened:
            policy = parse_policy(opened.read(POLICY_LIMIT + 1))
        directory.mkdir(parents=True, exist_ok=True)
        lock = (directory / LOCK).open("ab")
    except FormatError as error:
        raise CommandError(f"{file}: {error}") from error
    except FileExistsError as error:
        raise CommandError(f"{error.filename}: is a file; give a directory for the copy") from error
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(
                f"{directory}: another mirror is at work there; stop it, or take another directory"
            ) from None
        chosen = _chosen(policy, origin, file)
        address = url or next((one.url for one in policy.logs if one.key.name == chosen.key.name and one.url), None)
        if address is None:
            raise CommandError(f"{file} does not say where {printable(chosen.key.name)} is served; give --url")
        check_url(address)
        path = f"/{origin_hash(chosen.key.name)}/checkpoint"
        others = [
            (one.name, partial(fetch, one.url.rstrip("/") + path, NOTE_LIMIT)) for one in policy.witnesses if one.url
        ]
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="mirror") as pool:
            yield (
                Mirror(
                    chosen.key.name,
                    policy,
                    LogSource(address),
                    MirrorFiles(directory),
                    pool,
                    others,
                    lambda one: _misbehaved(f"{one}; the log is followed on, and that word no longer counts"),
                ),
                policy,
            )


def _chosen(policy: Policy, origin: str | None, file: Path) -> Log:
    from plainview.ledger.spelling import printable

    named = {log.key.name: log for log in reversed(policy.logs)}
    if origin is None and len(named) == 1:
        return next(iter(named.values()))
    if origin not in named:
        which = ", ".join(map(printable, sorted(named))) or "none"
        raise CommandError(f"{file} names these logs: {which}; " + ("give one as --log" if named else "add one"))
    return named[origin]


def _sentence(accepted: Accepted) -> str:
    from plainview.ledger.spelling import printable

    by = ", ".join(dict.fromkeys(printable(one.witness) for one in accepted.witnessed)) or "nobody"
    head = accepted.checkpoint
    return f"{printable(head.origin)}: grown to {head.size:,} entries, root {head.root.hex()[:16]}, cosigned by {by}"
