"""Memory of the real server: `python -m bench.memory [--data DIR] [--json] [--seconds S] [--videos N] [--viewers N]`.

A journal of N videos and N registered viewers is written and folded; then `plainview serve` runs on it with 20,000
viewers in session, both copies of the world counted, and is watched under load. `--seconds 3600` is the published run.
"""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path

from bench.journals import Size, build
from bench.report import Figure, arguments, print_figures
from bench.serve import directory, load
from bench.serving import Server
from plainview.platform.home import Home
from plainview.platform.releases import CACHE, installed_digest

IN_SESSION = 20_000
RATE = 50.0
"""Pages a second while memory is watched."""
PARTS = 6
"""The load is cut in so many parts; memory is read after each."""
MIB = 2**20


def main() -> None:
    parser = arguments("Memory of the real server.")
    parser.add_argument("--seconds", type=float, default=60, help="of load while it is watched (default: %(default)s)")
    parser.add_argument("--videos", type=int, default=1_000_000, help="in the catalogue (default: %(default)s)")
    parser.add_argument("--viewers", type=int, default=1_000_000, help="registered (default: %(default)s)")
    options = parser.parse_args()
    with directory(options.data) as path:
        print_figures(_measure(path, options), options.json)


def _measure(path: Path, options: Namespace) -> list[Figure]:
    home = Home(path / "home")
    in_session = min(IN_SESSION, options.viewers)
    built = build(home, Size(options.videos, options.viewers, in_session, options.videos), options.seed)
    with Server(home.path, path, Path(os.environ[CACHE])) as server:
        server.start()
        empty = server.memory("VmRSS")
        load(server, "closed", viewers=in_session, connections=8, pages=in_session, seconds=0, seed=options.seed)
        watched = [server.memory("VmRSS")]
        for _ in range(PARTS):
            load(
                server,
                "open",
                viewers=in_session,
                rate=RATE,
                events=3,
                seconds=options.seconds / PARTS,
                seed=options.seed,
            )
            watched.append(server.memory("VmRSS"))
        peak, anonymous = server.memory("VmHWM"), server.memory("RssAnon")
    shape = f"{options.videos:,} videos, {options.viewers:,} viewers, {in_session:,} of them in session"
    # The first part still brings in what one page of each viewer did not.
    growth = (watched[-1] - watched[1]) / max(1.0, options.seconds * (PARTS - 1) / PARTS)
    rows = [
        ("start", empty / MIB, "MiB", f"resident after a warm start, nobody in session; {shape}"),
        ("peak", peak / MIB, "MiB", f"peak resident set, mapped journal included; {shape}; target 4,096"),
        ("anonymous", anonymous / MIB, "MiB", f"resident at the end without mapped files; {shape}"),
        (
            "growth",
            growth * 3600 / MIB,
            "MiB/h",
            f"over the last {PARTS - 1} of {PARTS} parts of {options.seconds:.0f} s, {RATE:.0f} pages/s with events",
        ),
    ]
    return [
        Figure(
            figure=f"memory.{name}",
            value=value,
            unit=unit,
            peer="",
            peer_value=None,
            protocol=protocol,
            data_digest=built.digest,
            release_digest=installed_digest(),
            seed=options.seed,
        )
        for name, value, unit, protocol in rows
    ]


if __name__ == "__main__":
    main()
