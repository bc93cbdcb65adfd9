from __future__ import annotations

import pytest

from plainview.platform.application import Application
from plainview.platform.sessions import Sessions
from tests.platform.towns import ask


def test_a_page_is_there_once_everybody_was_told_of_it(town: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is stored already may not be known to the others who observe: its viewer's next page would miss it."""
    sessions = Sessions(town.journal)
    served = town.serving.page(ask(1)).entry
    page = served.record
    assert town.journal.size > served.index
    assert sessions.page(page.session, page.n) is None  # type: ignore[attr-defined]
    assert sessions.last(page.session, page.n) is None  # type: ignore[attr-defined]
    sessions.observe([served])
    found = sessions.page(page.session, page.n)  # type: ignore[attr-defined]
    assert found is not None
    assert found.index == served.index
