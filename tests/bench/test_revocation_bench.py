from __future__ import annotations

from pathlib import Path

import pytest

from bench.revocation import trial
from tests.server.clients import KERNELS


@pytest.mark.soak
def test_nothing_personal_stands_above_a_revocation(tmp_path: Path, cache: Path) -> None:
    found = trial(tmp_path, 1, cache, KERNELS)
    assert found.above == 0
    assert found.pages > 0
