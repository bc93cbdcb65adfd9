"""Whom the viewers' app takes a viewer for, over tabs, visits and browsers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.app import Platform, opened, panel, record_of, watched

KEPT = "JSON.parse(localStorage.getItem('plainview.viewer'))"
WELCOME = "dialog.welcome"


@contextmanager
def two_tabs(browser: Browser, platform: Platform) -> Iterator[tuple[Page, Page]]:
    """Of one browser, both at a first visit."""
    context = browser.new_context(reduced_motion="reduce", locale="en-US")
    try:
        tabs = context.new_page(), context.new_page()
        for tab in tabs:
            tab.goto(platform.url)
            expect(tab.locator(WELCOME)).to_be_visible()
        yield tabs
    finally:
        context.close()


def choose(tab: Page, mode: str) -> None:
    tab.locator(f".choice[value={mode}]").click()


def ready(tab: Page) -> None:
    expect(watched(tab)).to_be_visible()
    assert tab.locator(WELCOME).count() == 0


def test_two_tabs_are_one_viewer(browser: Browser, platform: Platform) -> None:
    """Whom one tab registers, the other takes up; and what is told in one holds in both."""
    with two_tabs(browser, platform) as (one, other):
        with other.expect_response(lambda answer: "/v1/feed" in answer.url) as page:
            choose(one, "personal")
        ready(one)
        ready(other)
        kept = other.evaluate(KEPT)
        assert record_of(page.value.json()).viewer == kept["viewer"]
        with other.expect_response(lambda answer: "/v1/feed" in answer.url) as anew:
            one.get_by_role("radio", name="not personal").click()
        assert record_of(anew.value.json()).request.mode == "plain"
        expect(other.get_by_role("radio", name="not personal")).to_be_checked()
        assert other.evaluate(KEPT) == kept | {"mode": "plain"}


def test_no_tab_loses_the_key_that_another_has_kept_meanwhile(browser: Browser, platform: Platform) -> None:
    with two_tabs(browser, platform) as (one, other):
        held: list[Route] = []
        other.route("**/v1/viewers", lambda route: route.continue_() if held else held.append(route))
        choose(other, "plain")
        expect(other.locator(WELCOME)).to_be_visible()
        other.wait_for_timeout(300)
        choose(one, "personal")
        ready(one)
        kept = one.evaluate(KEPT)
        held[0].continue_()
        ready(other)
        assert other.evaluate(KEPT) == kept | {"mode": "plain"}  # what was chosen here is said of whom is kept
        expect(watched(one).and_(one.locator(":focus"))).to_be_visible()  # the first of the other mode's page
        with one.expect_response("**/v1/settings") as chosen:
            one.keyboard.press("w")
            panel(one).get_by_role("button", name="Never creator").click()
        assert chosen.value.ok


FORGET = """async (other) => {
  const own = new URL("viewer.js", document.querySelector("link[rel=icon]").href);
  const { chooseMode, forgetViewer } = await import(own);
  const kept = JSON.parse(localStorage.getItem("plainview.viewer"));
  localStorage.setItem("plainview.viewer", JSON.stringify({ ...kept, ...other }));
  await chooseMode(kept, "plain");
  forgetViewer(kept);
  return JSON.parse(localStorage.getItem("plainview.viewer"));
}"""


@pytest.mark.parametrize("other", [{"viewer": 4}, {"secret": "another"}, {}])
def test_whom_another_tab_keeps_is_not_written_over_nor_forgotten(
    browser: Browser, platform: Platform, other: dict[str, Any]
) -> None:
    with opened(browser, platform) as page:
        kept = page.evaluate(KEPT)
        assert page.evaluate(FORGET, other) == (kept | other if other else None)


def test_a_browser_without_ed25519_is_told_so_at_once(browser: Browser, platform: Platform) -> None:
    context = browser.new_context()
    try:
        page = context.new_page()
        page.add_init_script("""crypto.subtle.generateKey = async () => {
          throw new DOMException("Algorithm: Unrecognized name", "NotSupportedError");
        };""")
        page.goto(platform.url)
        expect(page.locator(".instead")).to_contain_text("it needs a browser of 2025 or later, with Ed25519")
        assert page.locator(WELCOME).count() == 0
    finally:
        context.close()


def test_a_viewer_whom_the_platform_does_not_know_is_asked_again(browser: Browser, platform: Platform) -> None:
    with opened(browser, platform, complaints=1) as page:
        page.evaluate("""() => {
          const kept = JSON.parse(localStorage.getItem("plainview.viewer"));
          localStorage.setItem("plainview.viewer", JSON.stringify({ ...kept, viewer: 4 }));
        }""")
        page.reload()
        expect(page.locator(".welcome")).to_be_visible()
