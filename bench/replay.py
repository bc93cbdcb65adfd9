"""What it costs to compute pages again: CPU a page of replay, world roll-forward included, beside serving's.

    python -m bench.replay [--data DIR] [--videos N] [--seconds S] [--json]

A server in a process of its own serves the journal of `bench.serve` over HTTP (`bench.load`, open loop, each page
followed by views); its CPU is read from /proc. Then it is stopped, everything but the journal is deleted, and the
journal is replayed in this process. `replay.cpu_per_page` counts all that replay does from the first record after the
import on: reading and checking, folding, cutting epochs, ranking, comparing, and the first look at all pages.
`replay.import.records_per_second` is the roll-forward of the import before it, `replay.fold.acts_per_second` what the
fold alone does of all impressions and events, with records in memory.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from bench.directory import directory
from bench.journals import build
from bench.report import Figures, arguments, print_figures
from bench.serve import VIEWERS, size
from plainview.platform.home import Home
from plainview.platform.releases import installed

RATE = 60
"""Pages a second asked for, with views of VIEWS of their videos each."""
VIEWS = 3
TAKEN = 10_000
"""Records folded at a time."""
PROJECTIONS = ("objects", "projections")


class Served(NamedTuple):
    """What a server did."""

    pages: int
    cpu_seconds: float
    start: int
    """Index of the first record after the import."""


class Rolled(NamedTuple):
    """What replay took."""

    pages: int
    identical: int
    cpu_seconds: float
    """From the first record after the import on."""
    import_seconds: float
    """CPU of the roll-forward before it."""


def serve(home: Home, seconds: float, seed: int) -> Served:
    """Serve pages from `home` for a while, in a process of its own."""
    journal = home.read()
    start = journal.size
    journal.close()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "plainview.cli", "serve", "--home", str(home.path), "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await(server, port)
        _load(port, 2, seed)
        before = _cpu(server.pid)
        result = _load(port, seconds, seed + 1)
        used = _cpu(server.pid) - before
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(120)
    if result["errors"]:
        raise RuntimeError(f"{len(result['errors'])} requests failed, the first with {result['errors'][0]}")
    return Served(len(result["latencies"]), used, start)


def roll(home: Home, start: int) -> Rolled:
    """Replay the journal of `home`."""
    from plainview.platform.warming import warm
    from plainview.replay.replay import Replay

    warm(home.release.configuration, lambda _: None)
    marks: list[float] = []

    def advance(records: int, _: int) -> None:
        # The first call comes after the first look at all pages; that look counts, the import's roll-forward does not.
        if not marks or (len(marks) == 1 and records >= start):
            marks.append(time.process_time())

    journal = home.read()
    try:
        report = Replay(journal, home.release, advance=advance).run()
    finally:
        journal.close()
    if report.identical != report.pages or report.differing:
        raise RuntimeError(f"{report.pages - report.identical} of {report.pages} pages did not come out again")
    import_seconds = marks[1] - marks[0]
    return Rolled(report.pages, report.identical, report.cpu_seconds - import_seconds, import_seconds)


class Folded(NamedTuple):
    """What the fold took."""

    acts: int
    """Impressions and events."""
    seconds: float
    """Wall time of the takes that have any."""


def fold(home: Home) -> Folded:
    """Fold the journal of `home`, `TAKEN` records at a time."""
    from plainview.feed.actions import Reader
    from plainview.learning.fold import Fold, empty_world
    from plainview.records import Event, Impression

    journal = home.read()
    records = ((entry.index, entry.record) for entry in journal.read())
    configuration = installed().configuration
    nobody = Reader(configuration.regions).read(())
    folding = Fold(configuration, empty_world(), VIEWERS + 1, lambda _: nobody)
    acts, seconds = 0, 0.0
    while chunk := list(islice(records, TAKEN)):
        here = sum(type(record) in (Impression, Event) for _, record in chunk)
        began = time.perf_counter()
        folding.take(chunk)
        if here:
            acts += here
            seconds += time.perf_counter() - began
    journal.close()
    return Folded(acts, seconds)


def main(argv: Sequence[str] | None = None) -> None:
    parser = arguments(__doc__.partition("\n")[0])
    parser.add_argument("--videos", type=int, default=100_000, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=20, help="of serving, measured; default: %(default)s")
    options = parser.parse_args(argv)
    with directory(options.data) as path:
        home = Home(path / "home")
        _say("building a journal")
        built = build(home, size(options.videos), options.seed)
        _say("serving")
        served = serve(home, options.seconds, options.seed)
        for name in PROJECTIONS:
            shutil.rmtree(home.path / name, ignore_errors=True)
        _say("replaying")
        rolled = roll(home, served.start)
        folded = fold(home)
    protocol = f"{options.videos:,} videos, {served.pages:,} pages measured at {RATE}/s with {VIEWS} views each"
    figures = Figures("replay", built.digest, options.seed)
    figures.add(
        "cpu_per_page",
        1000 * rolled.cpu_seconds / rolled.pages,
        "ms",
        f"{protocol}; {rolled.identical:,} pages replayed, all identical; serving without its warm-up",
        "serving the same pages",
        1000 * served.cpu_seconds / served.pages,
    )
    figures.add(
        "import.records_per_second",
        served.start / rolled.import_seconds,
        "records/s",
        f"{served.start:,} records of an import read, checked and folded, by CPU time",
    )
    figures.add(
        "fold.acts_per_second",
        folded.acts / folded.seconds,
        "acts/s",
        f"{folded.acts:,} impressions and events, {TAKEN:,} records at a time, already in memory; wall time",
    )
    print_figures(figures, options.json)


def _load(port: int, seconds: float, seed: int) -> dict[str, Any]:
    plan = {
        "kind": "open", "host": "127.0.0.1", "port": port, "seed": seed, "viewers": VIEWERS, "rate": RATE,
        "seconds": seconds, "events": VIEWS,
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-m", "bench.load", json.dumps(plan)], check=True, stdout=subprocess.PIPE)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _await(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"the server ended with code {server.returncode}")
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("the server does not answer")


def _cpu(pid: int) -> float:
    """CPU seconds, user and system, of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
