from __future__ import annotations

import pytest

from tests.oversight.controls.town import Town


@pytest.fixture(scope="session")
def town(kept: Town) -> Town:
    return kept
