"""The real server under load: `python -m bench.serve [--data DIR] [--json] [--seconds S] [--videos N]`.

A synthetic journal of N videos is written and folded, `plainview serve` started on it as a process, and asked by a
lean client in another. Every page's receipt is durable before it is answered.
"""

from __future__ import annotations

import secrets
import tempfile
import time
from argparse import Namespace
from pathlib import Path
from statistics import median
from typing import Any

from bench.directory import directory
from bench.journals import Size, build
from bench.report import Figure, Figures, arguments, percentile, print_figures
from bench.serving import Server
from plainview.feed.pipeline import Pipeline
from plainview.feed.ranking import Asked, rank
from plainview.platform.home import Home
from plainview.platform.lineage import Lineage
from plainview.platform.residency import Residency
from plainview.records import Request
from plainview.records.fields import to_bytes, to_text

VIEWERS, IN_SESSION = 2_000, 500
FOLLOWS, EVEN = 20, 0.5
"""Of the journal: with these about as many candidates are scored as the release scores at most."""
RATE = 100.0
"""Pages a second offered open-loop."""
CONNECTIONS = 8
"""Of the closed loop."""
EVENTS = 3
"""Videos of each page that are watched, in the load that has events."""
RANKED = 300
"""Pages ranked in this process, without a receipt."""


def main() -> None:
    parser = arguments("The real server under load.")
    parser.add_argument("--seconds", type=float, default=20, help="of each load (default: %(default)s)")
    parser.add_argument("--videos", type=int, default=100_000, help="in the catalogue (default: %(default)s)")
    parser.add_argument("--trials", type=int, default=100, help="from event to effect (default: %(default)s)")
    options = parser.parse_args()
    with directory(options.data) as path:
        print_figures(_measure(path, options), options.json)


def _measure(path: Path, options: Namespace) -> list[Figure]:
    home = Home(path / "home")
    built = build(home, size(options.videos), options.seed)
    shape = f"{options.videos:,} videos, up to {home.release.configuration.candidates:,} scored, receipt durable"
    figures = Figures("serve", built.digest, options.seed)
    figure = figures.add

    def latencies(name: str, seconds: list[float], protocol: str) -> None:
        for percent in (50, 99):
            figure(f"{name}.p{percent}", percentile(seconds, percent) * 1000 if seconds else None, "ms", protocol)

    with tempfile.TemporaryDirectory(dir=path, prefix="cold-") as cold:
        figure("start.cold", _start(home, Path(cold)), "s", f"{shape}; no kernel compiled before; to the first page")
        figure("start.warm", _start(home, Path(cold)), "s", f"{shape}; started again; to the first page")
        with Server(home.path, Path(cold)) as server:
            server.start()
            common: dict[str, Any] = {"viewers": IN_SESSION, "seconds": options.seconds, "seed": options.seed}
            load(server, "open", **common | {"rate": RATE, "events": 0, "seconds": 5})  # everybody's state comes in

            run = load(server, "open", **common, rate=RATE, events=0)
            pages = len(run["latencies"])
            protocol = (
                f"open loop, {RATE:.0f} pages/s (Poisson) for {options.seconds:.0f} s, from when each was due; {shape}"
            )
            figure(
                "cpu", run["server_cpu_seconds"] / pages * 1000, "ms/page", f"user + system of the server; {protocol}"
            )
            latencies("open", run["latencies"], protocol)
            figure(
                "client", run["cpu_seconds"] / pages * 1000, "ms/page", "CPU of the load generator, not counted above"
            )
            with_receipt = run["server_cpu_seconds"] / pages * 1000

            run = load(server, "open", **common, rate=RATE, events=EVENTS)
            pages = len(run["latencies"])
            protocol = f"as open, and each page's first {EVENTS} videos watched, the first liked (one batch a page)"
            figure("events.cpu", run["server_cpu_seconds"] / pages * 1000, "ms/page", protocol)
            latencies("events.open", run["latencies"], protocol)
            latencies("events.batch", run["event_latencies"], f"a batch of {EVENTS + 1} events to its acknowledgement")

            run = load(server, "closed", **common, connections=CONNECTIONS)
            protocol = f"closed loop, {CONNECTIONS} connections for {options.seconds:.0f} s; {shape}"
            figure("closed.rate", len(run["latencies"]) / run["seconds"], "pages/s", protocol)
            latencies("closed", run["latencies"], protocol)

            run = server.load("effects", viewers=IN_SESSION, trials=options.trials, seed=options.seed)
            protocol = "from an event's acknowledgement to the next page with another order of unseen candidates"
            latencies("effect", run["seconds"], protocol)
            figure(
                "effect.changed", run["changed"] / options.trials, "share", "next pages whose unseen candidates moved"
            )
            figure("effect.control", run["control"] / options.trials, "share", "the same with no event in between")
            figure("memory", server.memory() / 2**20, "MiB", f"peak resident set of the server; {shape}")
    ranking, scored = _rank_alone(home)
    figure(
        "scored",
        median(scored),
        "candidates",
        f"of a page, once all loads are over and so much was seen; {min(scored):,} at least",
    )
    figure("rank.cpu", ranking, "ms/page", f"`rank` alone in one thread, no receipt, no HTTP; {shape}")
    figure("receipt.cpu", with_receipt - ranking, "ms/page", "serve.cpu less serve.rank.cpu: receipt, journal and HTTP")
    return figures


def size(videos: int) -> Size:
    """Of the journal that pages are served from."""
    return Size(videos, VIEWERS, VIEWERS, 2 * videos, FOLLOWS, EVEN)


def load(server: Server, kind: str, **plan: Any) -> dict[str, Any]:
    """What a load came to. Raises RuntimeError where a request failed."""
    run = server.load(kind, **plan)
    if run["errors"]:
        raise RuntimeError(f"{len(run['errors'])} requests failed, the first with {run['errors'][0]}")
    return run


def _start(home: Home, cache: Path) -> float:
    """Seconds from starting the process to its first page."""
    with Server(home.path, cache) as server:
        began = time.perf_counter()
        server.start()
        server.first_page(viewer=0)
        return time.perf_counter() - began


def _rank_alone(home: Home) -> tuple[float, list[int]]:
    """Milliseconds of CPU that ranking takes by itself, and how many candidates each page scored."""
    configuration = home.release.configuration
    journal = home.read()
    lineage = Lineage(journal, home.epochs, home.release)
    last = lineage.last()
    world = lineage.restore(last)
    residency = Residency(journal, configuration.regions, IN_SESSION)
    pipeline = Pipeline.of(configuration)
    rows = [residency.standing(viewer).row for viewer in range(IN_SESSION)]
    release, epoch = to_bytes(home.release.digest), to_bytes(last.digest)
    for count in (20, RANKED):  # the first few bring everything into memory
        scored = []
        began = time.process_time()
        for place in range(count):
            token = to_text(secrets.token_bytes(16))
            request = Request(surface=0, region="US", age="18+", mode="personal", limit=10, nonce=token, acknowledged=0)
            asked = Asked(request, token, 0, last.time, 0)
            ranked = rank(pipeline, release, world, epoch, rows[place % IN_SESSION], asked)
            scored.append(len(ranked.trace.scored))
        used = time.process_time() - began
    journal.close()
    return used / RANKED * 1000, scored


if __name__ == "__main__":
    main()
