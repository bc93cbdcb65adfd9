"""What the log costs serving: `python -m bench.log_cost [--data DIR] [--json] [--seconds S] [--videos N] [--rounds N]`.

Two servers on copies of one journal, of which one neither promises nor publishes, are asked by turns as fast as they
answer: whatever else the machine does slows both.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from argparse import Namespace
from pathlib import Path
from statistics import median

from bench.journals import Size, build
from bench.report import Figure, Figures, arguments, print_figures
from bench.serve import CONNECTIONS, IN_SESSION, VIEWERS, directory, load
from bench.serving import Server
from plainview.platform.home import Home
from plainview.platform.releases import CACHE


def main() -> None:
    parser = arguments("What the log costs serving.")
    parser.add_argument("--seconds", type=float, default=10, help="of each turn (default: %(default)s)")
    parser.add_argument("--videos", type=int, default=100_000, help="in the catalogue (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=9, help="turns of each server (default: %(default)s)")
    options = parser.parse_args()
    with directory(options.data) as path:
        print_figures(measure(path, options), options.json)


def measure(path: Path, options: Namespace) -> list[Figure]:
    """The figures, with a journal in `path`."""
    home = Home(path / "home")
    built = build(home, Size(options.videos, VIEWERS, VIEWERS, 2 * options.videos), options.seed)
    with tempfile.TemporaryDirectory(dir=path, prefix="by-turns-") as made:
        logged, unlogged = Path(made) / "logged", Path(made) / "unlogged"
        shutil.copytree(home.path, logged)
        shutil.copytree(home.path, unlogged)
        kernels = Path(os.environ[CACHE])
        with (
            Server(logged, Path(made), kernels) as one,
            Server(unlogged, Path(made), kernels, program="bench.unlogged") as other,
        ):
            one.start()
            other.start()
            turns = [(_rate(one, options), _rate(other, options)) for _ in range(options.rounds + 1)][1:]
    shape = f"closed loop, {CONNECTIONS} connections, {options.rounds} turns of {options.seconds:.0f} s each"
    figures = Figures("log_cost", built.digest, options.seed)
    figures.add("rate", median(rate for rate, _ in turns), "pages/s", f"promised and published; {shape}; median")
    figures.add("rate.unlogged", median(rate for _, rate in turns), "pages/s", f"by turns with it, no log; {shape}")
    shares = sorted(1 - rate / without for rate, without in turns)
    figures.add("share", median(shares), "share", "of the throughput lost to the log; median of the turns; target 0.05")
    figures.add("share.least", shares[0], "share", "in one turn")
    figures.add("share.most", shares[-1], "share", "in one turn")
    return figures


def _rate(server: Server, options: Namespace) -> float:
    run = load(
        server, "closed", viewers=IN_SESSION, seconds=options.seconds, seed=options.seed, connections=CONNECTIONS
    )
    return len(run["latencies"]) / float(run["seconds"])


if __name__ == "__main__":
    main()
