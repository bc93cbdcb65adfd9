"""Two releases compared over a home's journal, in this process where nothing else is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from plainview.journal import JournalReader
from plainview.learning.rerun import RESIDENTS
from plainview.replay.comparison import Comparing, Comparison, Reach, reach_of
from plainview.replay.counterfactual import Contender, Counterfactual, Pair, epochs_of, pages_of
from plainview.replay.exposure import Catalogue
from plainview.replay.installed import Installed
from plainview.replay.past import JournalPast
from tests.platform.second import FIRST, SECOND
from tests.replay.replays import reading

Begin = Callable[[JournalReader], Contender]


def here(release: Installed, journal: JournalReader, cores: int = 1) -> Contender:
    """It, at work in this process."""
    return Contender(release.digest, release.at_work(JournalPast(journal), RESIDENTS, cores))


def first(journal: JournalReader) -> Contender:
    return here(FIRST, journal)


def second(journal: JournalReader) -> Contender:
    return here(SECOND, journal, 2)


def paired(
    home: Path, a: Begin = first, b: Begin = second, start: int = 0, stop: int | None = None, most: int | None = None
) -> list[Pair]:
    """Each page with what either release gives in its place."""
    with _comparing(home, a, b, start, stop, most) as (run, _, _):
        return list(run.run())


def compared(
    home: Path, a: Begin = first, b: Begin = second, start: int = 0, stop: int | None = None, most: int | None = None
) -> Comparison:
    with _comparing(home, a, b, start, stop, most) as (run, comparing, reach):
        for pair in run.run():
            comparing.take(pair)
        return comparing.made(reach)


@contextmanager
def _comparing(
    home: Path, a: Begin, b: Begin, start: int, stop: int | None, most: int | None
) -> Iterator[tuple[Counterfactual, Comparing, Reach]]:
    with ExitStack() as stack:
        journal = stack.enter_context(reading(home))
        stop = journal.size if stop is None else stop
        epochs = epochs_of(journal, stop)
        interval = pages_of(journal, epochs, start, stop, most)
        both = a(journal), b(journal)
        for contender in both:
            stack.enter_context(closing(contender.running))
        catalogue = Catalogue()
        run = Counterfactual(journal, *both, epochs, interval, observe=catalogue.take)
        yield run, Comparing(*both, catalogue), reach_of(journal, start, stop, interval)
