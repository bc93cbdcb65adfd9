"""`plainview evaluate`: how well a release foretells what is in the journal, impression by impression."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from plainview.cli.bundle_files import ReleaseOption, release_of
from plainview.cli.console import console
from plainview.cli.errors import CommandError, told
from plainview.cli.home import HomeOption, at_home

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from rich.console import Console

    from plainview.journal import JournalReader
    from plainview.learning.progressive import Foretold
    from plainview.replay.installed import Installed

TENTHS = 10
BAR = 30
RESIDENTS = 16_384


def evaluate(
    last: Annotated[
        float, typer.Option(min=0.01, max=1.0, help="Measure over this last part of the impressions.")
    ] = 0.5,
    batch: Annotated[
        int, typer.Option(min=1, max=RESIDENTS, help="Records folded at a time: how far learning lags predicting.")
    ] = 4096,
    home: HomeOption = None,
    release: ReleaseOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")] = False,
) -> None:
    """Evaluate a release on this journal: each impression is foretold before it is learned from.

    The world is learned anew from record 0; nothing is written.
    """
    out = console(stderr=as_json)
    with told():
        directory = at_home(home)
        evaluated = release_of(directory, release)
        journal = directory.read()
        try:
            foretold = _foretell(out, journal, evaluated, batch)
            if not len(foretold.viewer):
                raise CommandError(
                    f"{directory.path}: no impressions yet; import a data set, or serve pages and send events"
                )
            figures = _figures(foretold, last)
            figures["exploration"] = _exploration(journal, foretold)
        finally:
            journal.close()
    if as_json:
        import json

        typer.echo(json.dumps(figures))
    else:
        _print(out, figures)


def _foretell(out: Console, journal: JournalReader, release: Installed, batch: int) -> Foretold:
    """All impressions of the journal with what was foretold of them, and all that came of them."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from plainview.learning.progressive import Progressive
    from plainview.platform.lineage import Follower
    from plainview.platform.warming import warm

    size = journal.size
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    seen, later = [], []
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as progress:
        task = progress.add_task("Loading kernels", total=None)
        warm(release.configuration, lambda kernel: progress.update(task, description=f"Compiling {kernel}"))
        follower = Follower(journal, release.configuration, RESIDENTS, release.world(), 0)
        progressive = Progressive(follower.fold)
        entries = journal.read(0, size)
        progress.update(task, description="Predicting, then learning", total=size)
        while chunk := list(islice(entries, batch)):
            foretold, more = progressive.take([(entry.index, entry.record) for entry in chunk])
            follower.position = chunk[-1].index + 1
            seen.append(foretold)
            later.append(more)
            progress.advance(task, len(chunk))
    return _joined(seen, later)


def _joined(seen: list[Any], later: list[Any]) -> Foretold:
    """One table, with likes and the like put down to the impression they belong to.

    Of a slot of a page that is told of more than once the first view counts, as it does for the learner.
    """
    import numpy as np

    from plainview.learning.progressive import Foretold

    columns = [np.concatenate([getattr(one, name) for one in seen]) for name in Foretold._fields]
    foretold = Foretold(*columns)
    places: dict[tuple[int, ...], int] = {}
    first = np.ones(len(foretold.viewer), np.bool_)
    for place, key in enumerate(
        zip(foretold.viewer.tolist(), foretold.list.tolist(), foretold.position.tolist(), strict=True)
    ):
        if key[1] >= 0:
            first[place] = places.setdefault(key, place) == place
    for part in later:
        for *slot, bits in zip(*(column.tolist() for column in part), strict=True):
            found = places.get(tuple(slot))
            if found is not None:
                foretold.outcomes[found] |= bits
    return Foretold(*(column[first] for column in columns))


def _figures(foretold: Foretold, last: float) -> dict[str, Any]:
    import numpy as np

    from plainview.feed.heads import HEADS
    from plainview.learning.evaluation import calibration, calibration_error, entropy, log_loss, ranking
    from plainview.records import OUTCOMES

    rows = len(foretold.viewer)
    start = rows - max(1, round(rows * last))
    _, lists = np.unique(np.stack([foretold.viewer, foretold.list]), axis=1, return_inverse=True)
    long_views = _labels(foretold.outcomes, "long_view")
    heads = []
    for column, head in enumerate(HEADS):
        if head == "watched":
            continue  # a share of the watch time, with no yes or no to compare
        labels = long_views if head == "rank" else _labels(foretold.outcomes, head)
        scores = foretold.parts[start:, column]
        order = ranking(lists[start:], labels[start:], scores)
        figure: dict[str, Any] = {
            "head": head,
            "positives": int(labels[start:].sum()),
            "gauc": order.gauc,
            "ndcg5": order.ndcg,
            "primary": order.primary,
        }
        if head in OUTCOMES:
            curve = calibration(labels[start:], scores)
            figure |= {
                "log_loss": log_loss(labels[start:], scores),
                "log_loss_of_the_mean": entropy(labels[start:]),
                "calibration_error": calibration_error(curve),
                "calibration": [one._asdict() for one in curve],
            }
        heads.append(figure)
    tenths = []
    for part in np.array_split(np.arange(rows), TENTHS):
        if len(part):
            order = ranking(lists[part], long_views[part], foretold.parts[part, 0])
            tenths.append({"primary": order.primary, "long_views": float(long_views[part].mean())})
    return {"impressions": rows, "measured": rows - start, "heads": heads, "tenths": tenths}


def _labels(outcomes: NDArray[np.int64], name: str) -> NDArray[np.int64]:
    from plainview.records import OUTCOMES

    return (outcomes >> OUTCOMES.index(name)) & 1


def _exploration(journal: JournalReader, foretold: Foretold) -> dict[str, Any] | None:
    """What the slots that were left to chance earned, told from their logged propensities; None without any."""
    import numpy as np

    from plainview.learning.evaluation import off_policy
    from plainview.records import Page

    watched = {
        (page, position): int(bits) & 1
        for page, position, bits in zip(
            foretold.list.tolist(), foretold.position.tolist(), foretold.outcomes.tolist(), strict=True
        )
        if page >= 0
    }
    chances, rewards, others = [], [], []
    for entry in journal.of_kind("page"):
        page = entry.record
        assert isinstance(page, Page)
        for position, item in enumerate(page.items):
            reward = watched.get((entry.index, position))
            if reward is None or not item.parts:
                continue
            if item.selector == "exploration":
                chances.append(float(np.uint32(item.propensity).view(np.float32)))
                rewards.append(reward)
            else:
                others.append(reward)
    if not chances:
        return None
    estimate = off_policy(np.array(rewards), np.array(chances), np.array(chances))
    return {
        "slots": estimate.rows,
        "long_views": estimate.snips,
        "effective_slots": estimate.effective,
        "long_views_elsewhere": float(np.mean(others)) if others else 0.0,
    }


def _print(out: Console, figures: dict[str, Any]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    # So that it fits a terminal of 80 columns.
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in (
        "head", "positives", "GAUC", "nDCG@5", "primary", "log\nloss", "of the\nmean", "calibration\nerror",
    ):  # fmt: skip
        table.add_column(heading, justify="left" if heading == "head" else "right", overflow="fold")
    for one in figures["heads"]:
        row = [
            one["head"],
            f"{one['positives']:,}",
            f"{one['gauc']:.4f}",
            f"{one['ndcg5']:.4f}",
            f"{one['primary']:.4f}",
        ]
        if "log_loss" in one:
            row += [f"{one[name]:.4f}" for name in ("log_loss", "log_loss_of_the_mean", "calibration_error")]
        table.add_row(*row)
    out.print(table)
    out.print(
        f"{figures['measured']:,} of {figures['impressions']:,} impressions measured, each foretold before it was "
        "learned; rank is judged by long views",
        soft_wrap=True,
    )
    out.print("\n[bold]primary of rank, tenth by tenth of the journal[/bold]")
    for place, tenth in enumerate(figures["tenths"], 1):
        out.print(f"{place:>3}  {_bar(tenth['primary'])} {tenth['primary']:.3f}")
    curve = next(one for one in figures["heads"] if one["head"] == "long_view")["calibration"]
    top = max([one[name] for one in curve for name in ("predicted", "observed")] + [1e-9])
    out.print("\n[bold]long views: foretold against seen[/bold]")
    for one in curve:
        out.print(f"{one['predicted']:6.1%}  [cyan]{_bar(one['predicted'] / top)}[/cyan]")
        out.print(f"{one['observed']:6.1%}  {_bar(one['observed'] / top)}")
    exploration = figures["exploration"]
    if exploration is not None:
        out.print(
            f"\nexploration: {exploration['slots']:,} slots left to chance were watched long in "
            f"{exploration['long_views']:.1%} of cases, all other slots in {exploration['long_views_elsewhere']:.1%}",
            soft_wrap=True,
        )


def _bar(share: float) -> str:
    cells = max(0, min(BAR, round(share * BAR)))
    return "█" * cells + "░" * (BAR - cells)
