from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from plainview.journal import Journal
from tests.journal.drafts import NOW
from tests.ledger.logs import WITNESSES
from tests.platform.log.journals import open_journal
from tests.platform.log.stub_witness import StubWitness


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = open_journal(tmp_path / "journal")
    yield journal
    journal.close()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "log"
    path.mkdir()
    return path


@pytest.fixture
def witnesses() -> Iterator[dict[str, StubWitness]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(StubWitness(name, WITNESSES[name], NOW // 1000)) for name in ("north", "west")}
