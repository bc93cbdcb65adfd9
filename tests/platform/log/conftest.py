from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from plainview.journal import Journal
from tests.journal.drafts import NOW
from tests.ledger.logs import WITNESSES
from tests.platform.log.journals import OlderCopy, grow, grow_and_publish, older, open_journal, policy, publishing
from tests.platform.log.stub_witness import StubWitness, Witnesses

Copier = Callable[[int], Journal]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(open_journal(tmp_path / "journal")) as journal:
        yield journal


@pytest.fixture
def copied(journal: Journal, tmp_path: Path) -> Iterator[Copier]:
    """Gives a copy of the journal as it is with so many records; the journal goes on after that."""
    with ExitStack() as stack:

        def copy(size: int) -> Journal:
            grow(journal, size)
            target = Path(shutil.copytree(tmp_path / "journal", tmp_path / "copy"))
            return stack.enter_context(closing(open_journal(target)))

        yield copy


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "log"
    path.mkdir()
    return path


@pytest.fixture
def witnesses() -> Iterator[Witnesses]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(StubWitness(name, WITNESSES[name], NOW // 1000)) for name in ("north", "west")}


@pytest.fixture
def older_copy(
    request: pytest.FixtureRequest, journal: Journal, directory: Path, copied: Copier, witnesses: Witnesses
) -> OlderCopy:
    """Of 10 records, the first 5 published (or as many as the parameter says); both witnesses cosigned 40 since."""
    publisher = publishing(journal, directory, getattr(request, "param", 5), policy(witnesses))
    copy = OlderCopy(copied(10), older(directory))
    grow_and_publish(journal, publisher, 40)
    return copy
