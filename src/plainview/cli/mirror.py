"""`plainview mirror`: keep and check a copy of a log, and prove it where the log contradicts itself."""

from __future__ import annotations

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
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks.")] = 5.0,
    once: Annotated[bool, typer.Option("--once", help="Look once and end.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="First hash all that is here again; fetch anew what is damaged.")
    ] = False,
) -> None:
    """Follow a log: keep all of it, check all of it.

    Each checkpoint's signatures and quorum are checked, that it continues what was seen before, and every entry's hash.
    With --once the exit code is 0 when all of it is here, 1 when the log or a witness contradicted itself, and 2 when
    the log cannot be followed. Without it, only a contradiction ends it.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with told(), _opened(directory, policy, log, url) as following:
            if check:
                following.check()
            if not once:
                _follow(following, every)
            _remark(_look(following))
            typer.echo(f"{following.held.size if following.held else 0:,} entries are here")
    except KeyboardInterrupt:
        if once:
            raise  # perhaps not all of it is here


def _follow(following: Mirror, every: float) -> NoReturn:
    from plainview.oversight.mirror.mirror import MirrorError

    typer.echo(f"following, {following.held.size if following.held else 0:,} entries are here")
    last: list[str] = []
    while True:
        try:
            remarks = _look(following)
        except MirrorError as error:
            remarks = [str(error)]
        if remarks != last:
            _remark(remarks)
        last = remarks
        time.sleep(every)


def _look(following: Mirror) -> list[str]:
    """Take up what is new and say so; what else was seen. A contradiction ends the command."""
    from plainview.oversight.mirror.mirror import Misbehaved

    try:
        accepted, remarks = following.update()
    except Misbehaved as error:
        typer.secho(f"MISBEHAVIOUR: {error}", fg="red", err=True)
        raise typer.Exit(1) from error
    if accepted:
        typer.echo(_sentence(accepted))
    return remarks


def _remark(remarks: list[str]) -> None:
    for remark in remarks:
        typer.secho(f"note: {remark}", fg="yellow", err=True)


@contextmanager
def _opened(directory: Path, file: Path, origin: str | None, url: str | None) -> Iterator[Mirror]:
    import fcntl
    from concurrent.futures import ThreadPoolExecutor
    from functools import partial

    from plainview.http.fetching import check_url, fetch
    from plainview.ledger.checkpoints import origin_hash
    from plainview.ledger.notes import NOTE_LIMIT
    from plainview.ledger.policy_files import POLICY_LIMIT, parse_policy
    from plainview.oversight.mirror.files import MirrorFiles
    from plainview.oversight.mirror.mirror import Mirror
    from plainview.oversight.mirror.source import LogSource

    try:
        with file.open("rb") as opened:
            policy = parse_policy(opened.read(POLICY_LIMIT + 1))
        directory.mkdir(parents=True, exist_ok=True)
        lock = (directory / "lock").open("ab")
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
            raise CommandError(f"{file} does not say where {chosen.key.name} is served; give --url")
        check_url(address)
        path = f"/{origin_hash(chosen.key.name)}/checkpoint"
        others = [partial(fetch, one.url.rstrip("/") + path, NOTE_LIMIT) for one in policy.witnesses if one.url]
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="mirror") as pool:
            yield Mirror(chosen.key.name, policy, LogSource(address), MirrorFiles(directory), pool, others)


def _chosen(policy: Policy, origin: str | None, file: Path) -> Log:
    named = {log.key.name: log for log in reversed(policy.logs)}
    if origin is None and len(named) == 1:
        return next(iter(named.values()))
    if origin not in named:
        which = ", ".join(sorted(named)) or "none"
        raise CommandError(f"{file} names these logs: {which}; " + ("give one as --log" if named else "add one"))
    return named[origin]


def _sentence(accepted: Accepted) -> str:
    by = ", ".join(dict.fromkeys(one.witness for one in accepted.witnessed)) or "nobody"
    head = accepted.checkpoint
    return f"{head.origin}: grown to {head.size:,} entries, root {head.root.hex()[:16]}, cosigned by {by}"
