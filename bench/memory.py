"""Memory of the real server: `python -m bench.memory [--data DIR] [--json] [--seconds S] [--videos N] [--viewers N]`.

A journal of N videos and N registered viewers is written and folded (with --data it is kept, and used again by the next
run); then `plainview serve` runs on a copy. 20,000 viewers come in, one page each, and go on asking and watching for S
seconds while the server's memory is read. Both copies of the world are counted, the learner's and the one that ranks.
`--seconds 3600` is the published run. What is being done, and the series, go to standard error.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bench.directory import directory
from bench.journals import Size, build
from bench.report import Figure, Figures, arguments, print_figures
from bench.serve import EVEN, FOLLOWS, load
from bench.serving import Server
from plainview.platform.home import Home
from plainview.platform.releases import CACHE

IN_SESSION = 20_000
RATE = 50.0
"""Pages a second while memory is watched."""
EVENTS = 3
"""Videos watched of each page."""
SAMPLES = 240
"""Times memory is read while it is watched, but not more than once in a quarter of a second."""
SHOWN = 12
"""Of which so many are printed."""
TOLD = 10.0
"""Seconds between two lines about one thing that is being done."""
MIB = 2**20


class Sample(NamedTuple):
    """The server's memory at one moment."""

    seconds: float
    """Into the load."""
    resident: int
    """Bytes."""
    anonymous: int
    """Bytes of it that are not of mapped files."""


def main() -> None:
    parser = arguments("Memory of the real server.")
    parser.add_argument("--seconds", type=float, default=60, help="of load while it is watched (default: %(default)s)")
    parser.add_argument("--videos", type=int, default=1_000_000, help="in the catalogue (default: %(default)s)")
    parser.add_argument("--viewers", type=int, default=1_000_000, help="registered (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=RATE, help="pages a second (default: %(default)s)")
    options = parser.parse_args()
    with directory(options.data) as path:
        print_figures(measure(path, options, _say), options.json)


def measure(path: Path, options: Namespace, say: Callable[[str], None]) -> list[Figure]:
    """The figures, with a journal in `path`. `say` hears what is being done."""
    home = Home(path / "home")
    in_session = min(IN_SESSION, options.viewers)
    size = Size(options.videos, options.viewers, in_session, options.videos, FOLLOWS, EVEN)
    built = build(home, size, options.seed, Told(say))
    with _copied(home, path) as served, Server(served, path, Path(os.environ[CACHE])) as server:
        say("starting the server")
        took = server.start()
        start, loading = server.memory("VmRSS"), server.memory("VmHWM")
        say(f"started in {took:.0f} s: {start / MIB:,.0f} MiB resident, {loading / MIB:,.0f} while it loaded")
        say(f"{in_session:,} viewers come in")
        load(server, "closed", viewers=in_session, connections=8, pages=in_session, seconds=0, seed=options.seed)
        came = server.memory("VmRSS")
        say(f"{came / MIB:,.0f} MiB resident; {options.rate:.0f} pages/s for {options.seconds:.0f} s")
        series, run = _watch(server, options, in_session)
        peak = server.memory("VmHWM")
        say("stopping the server, which keeps a snapshot")
        stopping = _stop(server)
    for sample in series[:: -(-len(series) // SHOWN)][:-1] + series[-1:]:
        say(f"{sample.seconds:6.0f} s: {sample.resident / MIB:,.0f} MiB, {sample.anonymous / MIB:,.0f} anonymous")
    errors, pages = run["errors"], len(run["latencies"])
    if errors:
        say(f"{len(errors)} requests failed, the first with {errors[0]}")
    shape = f"{options.videos:,} videos, {options.viewers:,} viewers, {in_session:,} of them in session"
    under = f"{options.seconds:.0f} s of {options.rate:.0f} pages/s, {EVENTS} videos of each watched"
    half = series[len(series) // 2 :]
    rows = [
        ("start", start / MIB, "MiB", f"resident after a warm start, nobody in session; {shape}"),
        ("start.peak", loading / MIB, "MiB", "peak resident set until then: a snapshot is read, and copied"),
        ("session", came / MIB, "MiB", f"resident when all are in session; {shape}"),
        ("peak", peak / MIB, "MiB", f"peak resident set of the whole run; {shape}; {under}; target 4,096"),
        ("load", max(sample.resident for sample in series) / MIB, "MiB", f"most resident under load; {under}"),
        (
            "stop.peak",
            max(stopping, peak) / MIB,
            "MiB",
            "as peak, with the snapshot that is kept now and then and at a stop",
        ),
        ("anonymous", max(sample.anonymous for sample in series) / MIB, "MiB", "as load, without mapped files"),
        ("growth", slope(half, "resident"), "MiB/h", f"of memory.load over its second half (least squares); {under}"),
        ("anonymous.growth", slope(half, "anonymous"), "MiB/h", "as growth, without mapped files"),
        ("rate", pages / run["seconds"], "pages/s", f"answered under load, events with them; {under}"),
        ("failed", float(len(errors)), "requests", f"of {pages:,} pages and as many batches of events"),
    ]
    figures = Figures("memory", built.digest, options.seed)
    for row in rows:
        figures.add(*row)
    return figures


def slope(series: Sequence[Sample], of: str) -> float | None:
    """MiB/h by least squares; None for less than two samples."""
    if len(series) < 2:
        return None
    hours = np.array([sample.seconds for sample in series]) / 3600
    values = np.array([getattr(sample, of) for sample in series]) / MIB
    away = hours - hours.mean()
    return float((away * (values - values.mean())).sum() / (away * away).sum())


class Told:
    """Passes on a line now and then of what a `Progress` is told."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._what = ""
        self._next = 0.0

    def __call__(self, what: str, done: int, end: int) -> None:
        now = time.monotonic()
        if what != self._what or now >= self._next or done == end:
            self._what, self._next = what, now + TOLD
            self._say(f"{what}: {done:,} of {end:,}")


def _watch(server: Server, options: Namespace, in_session: int) -> tuple[list[Sample], dict[str, Any]]:
    """The server's memory under an open-loop load, and what the load came to."""
    plan = {"viewers": in_session, "rate": options.rate, "events": EVENTS, "seconds": options.seconds}
    pause = max(0.25, options.seconds / SAMPLES)
    series: list[Sample] = []
    with ThreadPoolExecutor(1) as other:
        began = time.monotonic()
        loading = other.submit(server.load, "open", seed=options.seed, **plan)
        while not loading.done():
            now = time.monotonic() - began
            series.append(Sample(now, server.memory("VmRSS"), server.memory("RssAnon")))
            time.sleep(pause)
        return series, loading.result()


@contextmanager
def _copied(home: Home, path: Path) -> Iterator[Path]:
    """A copy of `home` to serve from, so that every run begins with the journal that was built."""
    with tempfile.TemporaryDirectory(dir=path, prefix="served-") as made:
        served = Path(made) / "home"
        # Objects never change once they are written: a second name is copy enough.
        shutil.copytree(home.path, served, ignore=shutil.ignore_patterns("objects"))
        shutil.copytree(home.path / "objects", served / "objects", copy_function=os.link)
        yield served


def _stop(server: Server) -> int:
    """The most that was ever resident, read until the server has ended."""
    peak = 0
    with ThreadPoolExecutor(1) as other:
        stopping = other.submit(server.stop)
        while not stopping.done():
            try:
                peak = server.memory("VmHWM")
            except (OSError, RuntimeError):
                break  # it has ended
            time.sleep(0.02)
        stopping.result()
    return peak


def _say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
