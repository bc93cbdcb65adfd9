"""The fold against a model that keeps nothing: what is taken, and what may rank by which acts, after every step."""

from __future__ import annotations

from contextlib import suppress
from itertools import product

import pytest
from hypothesis import event, given, settings

from plainview.ledger.acts import Draw, Finding, Report, Reveal, Verification
from plainview.ledger.errors import LedgerError
from plainview.ledger.scopes import MILLION
from plainview.ledger.standing import Allowed
from plainview.ledger.standings import Standings
from tests.ledger.chartered import CHARTER, QUORUM
from tests.ledger.histories import AUDITS, Step, histories
from tests.ledger.licensed import DAY, FIRST, HOUR, SECOND, START, digest
from tests.ledger.naive_licensing import counts, epochs_between, ranks_by, rows_of, stands

WHO = [*product((FIRST, SECOND), (("US", 0, 0), ("DE", 1, MILLION // 2)))]
DATA = [*product(("a", "b"), ("files", "others"), ("free", "not free"))]
WHEN = (-1, 0, HOUR, 10 * HOUR - 1, 10 * HOUR, 9 * DAY)


def compare(steps: list[Step]) -> None:
    said = [Step(0, START, CHARTER, QUORUM)]
    standings = Standings(said[0].note, START)
    for step in steps:
        with suppress(LedgerError):
            standings.take(step.note, step.index, step.time)
        assert counts(said, step) == (standings.last.index == step.index)
        if standings.last.index == step.index:
            said.append(step)
        now = standings.last
        for kind, there in (
            (Draw, now.draws),
            (Reveal, now.reveals),
            (Verification, now.verifications),
            (Finding, now.findings),
            (Report, now.reports),
        ):
            assert [(one.act, one.index) for one in there] == stands(said, kind)
            event(f"{kind.kind} stands: {bool(there)}")
        for (release, request), after in product(WHO, WHEN):
            found = standings.last.may_rank(release, *request, step.time + after)
            indexes = found.indexes if isinstance(found, Allowed) else ()
            assert indexes == tuple(sorted(ranks_by(said, release, *request, step.time + after)))
            event(f"ranks: {bool(indexes)}")
        for release, after in product((FIRST, SECOND), WHEN):
            bounds = standings.last.epoch_bounds(release, step.time + after)
            sizes = None if bounds is None else [*range(bounds.least, bounds.most + 1)]
            assert sizes == epochs_between(said, release, step.time + after, range(31))
        for name, files, terms in DATA:
            admitted = standings.last.admitted(name, digest(files), terms)
            assert admitted == rows_of(said, name, digest(files), terms)


@settings(max_examples=300)
@given(histories())
def test_the_fold_says_what_the_whole_list_says(steps: list[Step]) -> None:
    compare(steps)


@settings(max_examples=200)
@given(histories(AUDITS))
def test_what_auditors_say_stands_as_the_whole_list_says(steps: list[Step]) -> None:
    compare(steps)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@settings(max_examples=10_000)
@given(histories())
def test_the_fold_says_what_the_whole_list_says_in_10_000_histories(steps: list[Step]) -> None:
    compare(steps)
