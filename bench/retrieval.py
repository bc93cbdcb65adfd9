"""Recall of candidate sources on KuaiRec, against popularity and implicit's ALS.

    python -m bench.retrieval [--data DIR] [--split test|test_valid] [--json]

Trained on the positives of the feed's log (splits `train*`), tested on the fully observed small matrix, where nobody's
taste decided what was shown: an unbiased test. For each test user all items that occur in `test*` splits are ranked
(3,275 of the small matrix's 3,327), without the user's own training positives and those of the other test split.
Recall@k is the share of a user's test positives among the first k, averaged over users. Figures: `recallK.SOURCE`, and
`recallK.peers` where no source is plugged in. Settings of peers were chosen on `test_valid`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.kuairand import plugged
from bench.peers.retrievers import AlternatingLeastSquares, PopularItems
from bench.positives import Ints, Positives
from bench.report import Figures, arguments, print_figures
from plainview.platform.imports.source import files_digest

DATA = Path("../shared/data/kuairec")
SOURCES = "bench.production:sources"
CUTS = (20, 100, 500)


class Retriever(Protocol):
    """A source of candidates, built with the training positives."""

    name: str

    def retrieve(self, user: int, excluded: Ints, k: int) -> Ints:
        """At most `k` items among `positives.candidates` but not in `excluded` (ascending), best first, none twice."""
        ...


Factory = Callable[[Positives, int], Retriever]


def load(folder: Path, split: str) -> tuple[Positives, dict[int, Ints], dict[int, Ints], list[Path]]:
    """Training positives; by user, the test positives of `split` and the items left out of ranking; the files read."""
    path = folder / "interactions.parquet"
    table = pq.read_table(path)
    user, item = (table[name].cast(pa.int64()).to_numpy() for name in ("user", "item"))
    splits = np.array(table["split"].cast(pa.string()).to_pylist(), dtype=object)
    train = np.array([name.startswith("train") for name in splits])
    test = splits == split
    if not test.any():
        raise SystemExit(f"{path}: no rows of split {split!r}")
    positives = Positives(user[train], item[train], np.unique(item[~train]))
    wanted = _by_user(user[test], item[test])
    left_out = _by_user(user[~test], item[~test])
    return positives, wanted, {one: left_out.get(one, np.zeros(0, np.int64)) for one in wanted}, [path]


def recall(
    retriever: Retriever, wanted: dict[int, Ints], excluded: dict[int, Ints], cuts: Sequence[int]
) -> list[float]:
    """Mean over users of the share of `wanted` among the first k retrieved, for each k of `cuts`.

    Raises ValueError for a retriever that gives an item twice or an excluded one.
    """
    sums = np.zeros(len(cuts))
    for user, items in wanted.items():
        found = np.asarray(retriever.retrieve(user, excluded[user], max(cuts)), np.int64)[: max(cuts)]
        if len(np.unique(found)) != len(found) or np.isin(found, excluded[user]).any():
            raise ValueError(f"{retriever.name} gave user {user} an item twice, or one that was to be left out")
        hits = np.cumsum(np.append(0, np.isin(found, items)))
        sums += [hits[min(k, len(found))] / len(items) for k in cuts]
    return [float(value) for value in sums / len(wanted)]


def main(argv: Sequence[str] | None = None) -> None:
    parser = arguments(__doc__.partition("\n")[0])
    parser.add_argument("--split", default="test", choices=("test", "test_valid"), help="default: %(default)s")
    parser.add_argument("--sources", default=SOURCES, metavar="MODULE:NAME", help="a list of factories of our sources")
    options = parser.parse_args(argv)
    positives, wanted, excluded, files = load(options.data or DATA, options.split)

    def measured(factory: Factory) -> tuple[str, list[float]]:
        retriever = factory(positives, options.seed)
        return retriever.name, recall(retriever, wanted, excluded, CUTS)

    peers = [measured(factory) for factory in (PopularItems, AlternatingLeastSquares)]
    sources = [measured(factory) for factory in plugged(options.sources) or ()]
    protocol = (
        f"{options.split}: {len(wanted)} users, {len(positives.candidates)} candidates, own training items left out"
    )
    figures = Figures("", files_digest(files), options.seed)
    for at, k in enumerate(CUTS):
        best, value = max(((name, values[at]) for name, values in peers), key=lambda pair: pair[1])
        others = ", ".join(f"{name} {values[at]:.4f}" for name, values in peers)
        ours: list[tuple[str, float | None]] = [(name, values[at]) for name, values in sources]
        for name, found in ours or [("peers", None)]:
            how = f"{protocol}; {others}" + ("" if sources else f"; no sources at {options.sources}")
            figures.add(f"recall{k}.{name}", found, "", how, best, value)
    print_figures(figures, options.json)


def _by_user(user: Ints, item: Ints) -> dict[int, Ints]:
    order = np.lexsort((item, user))
    ids, starts = np.unique(user[order], return_index=True)
    parts: list[NDArray[np.int64]] = np.split(item[order], starts[1:])
    return {one: np.unique(part) for one, part in zip(ids.tolist(), parts, strict=True)}


if __name__ == "__main__":
    main()
