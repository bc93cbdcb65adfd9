from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from plainview.journal import Journal
from tests.platform.log.journals import open_journal


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = open_journal(tmp_path / "journal")
    yield journal
    journal.close()
