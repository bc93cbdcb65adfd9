"""What the log costs serving: `python -m bench.log_cost [--data DIR] [--json] [--seconds S] [--rounds N] [--control]`.

One server, asked as fast as it answers, whose log is switched off for every other turn: two processes of one code
differ by more than what is measured here, and whatever else the machine does slows both sides.
"""

from __future__ import annotations

import os
import tempfile
import time
from argparse import Namespace
from collections.abc import Sequence
from math import comb
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.directory import directory
from bench.journals import build
from bench.report import Figure, Figures, arguments, print_figures
from bench.serve import CONNECTIONS, IN_SESSION, load, size
from bench.serving import Server
from bench.unlogged import NOTICED, SWITCH
from plainview.platform.home import Home
from plainview.platform.log.publisher import INTERVAL
from plainview.platform.releases import CACHE

CONFIDENCE = 0.95


class Turn(NamedTuple):
    """What one side did while it was its turn."""

    rate: float
    """Pages a second."""
    cpu: float
    """Milliseconds of the server's CPU a page."""


def main() -> None:
    parser = arguments("What the log costs serving.")
    parser.add_argument("--seconds", type=float, default=10, help="of each turn (default: %(default)s)")
    parser.add_argument("--videos", type=int, default=100_000, help="in the catalogue (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=16, help="turns with the log, and without (default: %(default)s)")
    parser.add_argument("--control", action="store_true", help="switch nothing: what is measured where nothing differs")
    options = parser.parse_args()
    with directory(options.data) as path:
        print_figures(measure(path, options), options.json)


def measure(path: Path, options: Namespace) -> list[Figure]:
    """The figures, with a journal in `path`. Two rounds at least.

    With `control` the log stays on all the time, and the share should be nothing.
    """
    home = Home(path / "home")
    built = build(home, size(options.videos), options.seed)
    turns: list[tuple[Turn, Turn]] = []
    with tempfile.TemporaryDirectory(dir=path, prefix="switched-") as made:
        switch = Path(made) / "off"
        os.environ[SWITCH] = str(switch)
        with Server(home.path, Path(made), Path(os.environ[CACHE]), program="bench.unlogged") as server:
            server.start()
            _turn(server, switch, options, logged=False)  # everybody's state comes in
            for number in range(options.rounds):
                # Who is first alternates: what grows meanwhile slows both alike.
                first = _turn(server, switch, options, logged=number % 2 == 0)
                second = _turn(server, switch, options, logged=number % 2 == 1)
                turns.append((first, second) if number % 2 == 0 else (second, first))
    figures = Figures("log_cost", built.digest, options.seed)
    shape = f"closed loop, {CONNECTIONS} connections, {options.rounds} turns of {options.seconds:.0f} s; median"
    for name, side, what in (("logged", 0, "promised and published"), ("unlogged", 1, "the same process, no log")):
        figures.add(f"{name}.rate", median(turn[side].rate for turn in turns), "pages/s", f"{what}; {shape}")
        figures.add(f"{name}.cpu", median(turn[side].cpu for turn in turns), "ms/page", f"of the server; {what}")
    shares = [1 - logged.rate / unlogged.rate for logged, unlogged in turns]
    low, high = interval(shares)
    figures.add(
        "share", median(shares), "share", "of the throughput lost to the log; median of the rounds; target 0.05"
    )
    figures.add("share.low", low, "share", f"{CONFIDENCE:.0%} interval of that median, by order statistics")
    figures.add("share.high", high, "share", "the same")
    return figures


def interval(samples: Sequence[float]) -> tuple[float, float]:
    """Between which samples the median of what they are drawn from lies with CONFIDENCE; of few, the outermost.

    It lies outside the k-th from both ends only if fewer than k of n fair coins fall on one side.
    """
    ordered = sorted(samples)
    outside, place = 0.0, 0
    while outside + 2 * comb(len(ordered), place) / 2 ** len(ordered) <= 1 - CONFIDENCE:
        outside += 2 * comb(len(ordered), place) / 2 ** len(ordered)
        place += 1
    place = max(place - 1, 0)
    return ordered[place], ordered[-1 - place]


def _turn(server: Server, switch: Path, options: Namespace, logged: bool) -> Turn:
    if logged or options.control:
        switch.unlink(missing_ok=True)
    else:
        switch.touch()
    time.sleep(NOTICED + 2 * INTERVAL)  # what came meanwhile is published before it is this turn's to pay for
    run = load(
        server, "closed", viewers=IN_SESSION, seconds=options.seconds, seed=options.seed, connections=CONNECTIONS
    )
    pages = len(run["latencies"])
    return Turn(pages / float(run["seconds"]), run["server_cpu_seconds"] / pages * 1000)


if __name__ == "__main__":
    main()
