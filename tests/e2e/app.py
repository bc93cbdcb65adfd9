"""The viewers' app as a browser has it, for whoever tries it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Page, Route, expect

from plainview.records import Page as PageRecord
from plainview.records import decode
from tests.platform.parties import Parties
from tests.server.clients import Client

PHONE, DESK = (320, 640), (1280, 800)
PATIENCE = 20_000
"""Milliseconds for what takes the log a second or two; a machine may be busy."""
expect.set_options(timeout=PATIENCE)


class Platform(NamedTuple):
    """A server, and who may speak in its log."""

    url: str
    client: Client
    parties: Parties


@contextmanager
def opened(
    browser: Browser,
    platform: Platform,
    size: tuple[int, int] = DESK,
    *,
    scheme: Any = "light",
    mode: str = "personal",
    change: Callable[[Page], None] = lambda _: None,
    complaints: int = 0,
) -> Iterator[Page]:
    """The app as a new viewer has it, who chose `mode`. It complains as often as said, and asks nobody else."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, reduced_motion="reduce", locale="en-US"
    )
    try:
        page = context.new_page()
        wrong: list[str] = []
        page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith(platform.url) else wrong.append(asked.url))
        change(page)
        page.goto(platform.url)
        page.locator(f".choice[value={mode}]").click()
        expect(watched(page)).to_be_visible()
        yield page
        assert len(wrong) == complaints, wrong
    finally:
        context.close()


def watched(page: Page) -> Any:
    """The video that plays: the one that keys are about."""
    return page.locator(".video", has=page.get_by_role("button", name="Pause", exact=True))


def record_of(answer: dict[str, Any]) -> PageRecord:
    return decode(PageRecord, answer["receipt"]["body"].encode())


def reloaded(page: Page) -> dict[str, Any]:
    """The first page of a session that begins anew."""
    with page.expect_response(lambda answer: "/v1/feed" in answer.url and "&n=0&" in answer.url) as first:
        page.reload()
    found: dict[str, Any] = first.value.json()
    expect(page.locator(".video").nth(len(found["videos"]) - 1)).to_be_attached()
    return found


def seal(page: Page) -> Any:
    return page.locator(".video .seal").first


def panel(page: Page) -> Any:
    return page.locator("dialog.panel")


def changing(path: str, change: Callable[[dict[str, Any]], None]) -> Callable[[Page], None]:
    """The JSON that comes from there is changed on its way."""

    def answered(route: Route) -> None:
        content = route.fetch().json()
        change(content)
        route.fulfill(json=content)

    return lambda page: page.route(path, answered)
