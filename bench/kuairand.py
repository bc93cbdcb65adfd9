"""How well feeds are ranked on KuaiRand-Pure: GAUC, nDCG@5 and primary under the clean protocol, beside peers.

    python -m bench.kuairand [--data DIR] [--test-from YYYYMMDD] [--test-to YYYYMMDD] [--placebo] [--json]

Figures: `primary.REGIME`, `gauc.REGIME` and `ndcg5.REGIME` for frozen, daily and continuous with one list a user (the
test window), the same with `session.` before them, one list a session, and `guard.primary.REGIME`, the harness's own
alarm: minus the viewer's running rate, which must score as random does. The protocol is in `bench.clean_protocol`.
Settings of all peers were chosen on 27 and 28 April.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from bench import bootstrap
from bench.bootstrap import NAMES, Spread
from bench.clean_protocol import REGIMES, VIEWS, Factory, Ranker, Regime, Result, View, Window, evaluate
from bench.impression_log import Log, load, shuffled_times
from bench.peers.factorization_machine import FactorizationMachine
from bench.peers.lambdarank import LambdaRank
from bench.peers.own_rate import OwnRate
from bench.peers.popularity import Popularity
from bench.peers.random_order import RandomOrder
from bench.ranking_metrics import Floats, metrics
from bench.report import Figures, arguments, print_figures
from plainview.platform.imports.source import files_digest

DATA = Path("../shared/data/kuairand-pure")
RANKER = "bench.production:ranker"
FEATURES = "bench.production:features"
WEEK = 168.0

Draws = dict[View, dict[str, Floats]]


class Measured:
    """One ranker under one regime: metrics, and how they vary over draws of the users."""

    def __init__(self, name: str, result: Result, seed: int) -> None:
        self.name = name
        self.values: dict[View, dict[str, float]] = {}
        self.draws: Draws = {}
        for view in VIEWS:
            value = metrics(result.lists[view])
            self.values[view] = {"primary": value.primary, "gauc": value.gauc, "ndcg5": value.ndcg5}
            self.draws[view] = bootstrap.draws(bootstrap.by_user(result.lists[view], result.users[view]), seed)

    def ahead(self, other: Measured, view: View, name: str) -> Spread:
        """Spread of our metric minus the other's, on the same draws of users."""
        return bootstrap.spread(self.draws[view][name] - other.draws[view][name])


def peers(features: Any = None) -> list[Factory]:
    """What ours is measured against; with `features` (production's), LambdaRank on those too."""
    factories: list[Factory] = [
        RandomOrder,
        lambda log, seed: Popularity(log, seed, "count"),
        lambda log, seed: Popularity(log, seed, "count", WEEK),
        lambda log, seed: Popularity(log, seed, "rate", None, 2.0),
        lambda log, seed: Popularity(log, seed, "rate", WEEK, 2.0),
        FactorizationMachine,
        LambdaRank,
    ]
    if features is not None:
        factories.append(
            lambda log, seed: _renamed(LambdaRank(log, seed, features), "LightGBM LambdaRank, our features")
        )
    return factories


def measure(log: Log, factory: Factory, window: Window, regime: Regime, seed: int) -> Measured:
    """Build a ranker and run it through the log."""
    ranker = factory(log, seed)
    return Measured(ranker.name, evaluate(log, ranker, window, regime), seed)


def main(argv: Sequence[str] | None = None) -> None:
    parser = arguments(__doc__.partition("\n")[0])
    parser.add_argument("--test-from", type=int, default=20220429, metavar="YYYYMMDD", help="default: %(default)s")
    parser.add_argument("--test-to", type=int, default=20220503, metavar="YYYYMMDD", help="default: %(default)s")
    parser.add_argument("--ranker", default=RANKER, metavar="MODULE:NAME", help="factory of what is measured")
    parser.add_argument("--features", default=FEATURES, metavar="MODULE:NAME", help="its features, for LambdaRank")
    parser.add_argument("--regimes", nargs="+", default=list(REGIMES), choices=REGIMES, help="default: all")
    parser.add_argument(
        "--placebo", action="store_true", help="shuffle each viewer's times: sequences must not help then"
    )
    options = parser.parse_args(argv)
    window = Window(options.test_from, options.test_to)
    log, files = load(options.data or DATA)
    if options.placebo:
        log = shuffled_times(log, log.first_of(window.first), options.seed)
    ours, features = plugged(options.ranker), plugged(options.features)
    count = int(((log.date >= window.first) & (log.date <= window.last)).sum())
    figures = Figures("", files_digest(files), options.seed)
    notes = Table(title="paired bootstrap over users", show_edge=False, pad_edge=False)
    for heading in ("figure", "ranker", "value", "sd", "ours ahead by", "sd of that", "95 %"):
        notes.add_column(heading, justify="left" if heading in ("figure", "ranker") else "right")
    for regime in options.regimes:
        what = f"clean, {regime}, {window.first}-{window.last}, {count} impressions"
        what += ", placebo: times shuffled" if options.placebo else ""
        _say(f"{regime}: guard and peers", options.json)
        guard = measure(log, OwnRate, window, regime, options.seed)
        others = [measure(log, factory, window, regime, options.seed) for factory in peers(features)]
        _say(f"{regime}: ours", options.json)
        own = measure(log, ours, window, regime, options.seed) if ours is not None else None
        for view in VIEWS:
            for name in NAMES:
                best = max(others, key=lambda other: other.values[view][name])
                label = f"{'session.' if view == 'session' else ''}{name}.{regime}"
                lists = "one list a user" if view == "pooled" else "one list a session"
                value = None if own is None else own.values[view][name]
                how = f"{what}, {lists}" + ("" if own is not None else f"; no ranker at {options.ranker}")
                figures.add(label, value, "", how, best.name, best.values[view][name])
                if name == "primary":
                    _note(notes, label, own, [guard, *others], view, name)
        value, peer = (one.values["pooled"]["primary"] for one in (guard, others[0]))
        how = f"{what}; {guard.name} must score as random does"
        figures.add(f"guard.primary.{regime}", value, "", how, others[0].name, peer)
    Console(stderr=options.json, width=150).print(notes)
    print_figures(figures, options.json)


def _note(notes: Table, label: str, own: Measured | None, others: Sequence[Measured], view: View, name: str) -> None:
    for other in ([own] if own is not None else []) + list(others):
        row = [label, other.name, f"{other.values[view][name]:.4f}", f"{np.std(other.draws[view][name], ddof=1):.4f}"]
        if own is not None and other is not own:
            ahead = own.ahead(other, view, name)
            gain = own.values[view][name] - other.values[view][name]
            row += [f"{gain:+.4f}", f"{ahead.sd:.4f}", f"{ahead.low:+.4f} to {ahead.high:+.4f}"]
        notes.add_row(*row)
    notes.add_section()


def plugged(place: str) -> Any:
    """The object at `module:name`; None where there is no such module or name."""
    module, _, name = place.partition(":")
    try:
        return getattr(importlib.import_module(module), name, None)
    except ModuleNotFoundError as error:
        if error.name is not None and (module == error.name or module.startswith(error.name + ".")):
            return None
        raise


def _renamed(ranker: LambdaRank, name: str) -> Ranker:
    ranker.name = name
    return ranker


def _say(text: str, as_json: bool) -> None:
    if not as_json:
        print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
