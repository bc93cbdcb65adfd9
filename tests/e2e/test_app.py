"""The viewers' app in a real browser: what a viewer sees of it and does."""

from __future__ import annotations

import re
import time
from typing import Any

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, Route, expect

from plainview.feed.configuration import DEFAULT
from plainview.oversight.explanations import Explanation, explain
from plainview.platform.releases import installed
from plainview.records import encode
from tests.e2e.app import DESK, PHONE, Platform, opened, panel, record_of, reloaded, watched
from tests.feed.experimented import experiment
from tests.oversight.ranked import ranked_page


def test_it_opens_at_the_address_that_people_type(browser: Browser, platform: Platform) -> None:
    with opened(browser, platform) as page:
        assert page.url == platform.url
        expect(page.locator("h1")).to_have_text("Plainview")
        expect(page.locator(".tab [aria-current=page]")).to_have_text("For You")
        page.reload()
        expect(page.locator(".video").first).to_be_visible()
        assert page.locator(".welcome").count() == 0  # who they are is remembered


def test_personal_or_not_is_one_tap_and_remembered(browser: Browser, platform: Platform) -> None:
    """Control 20: the receipts of that mode commit to an empty profile."""
    with opened(browser, platform) as page:
        with page.expect_response("**/v1/feed**") as anew:
            page.get_by_role("radio", name="not personal").click()
        expect(page.locator(".toast")).to_contain_text("goes by nothing that you did")
        record = record_of(anew.value.json())
        assert (record.request.mode, record.wanted, {item.parts for item in record.items}) == ("plain", "plain", {()})
        assert record_of(reloaded(page)).request.mode == "plain"
        expect(page.get_by_role("radio", name="not personal")).to_be_checked()
        page.locator(".video .why").first.click()
        expect(panel(page)).to_contain_text("Nothing was predicted of you")


def test_what_is_watched_and_done_is_told(browser: Browser, platform: Platform) -> None:
    with opened(browser, platform) as page:
        sent: list[dict[str, Any]] = []
        page.on("requestfinished", lambda asked: sent.append(asked) if asked.url.endswith("/v1/events") else None)
        page.wait_for_timeout(1200)
        page.keyboard.press("l")
        expect(page.locator(".toast")).to_have_text("Liked. The next page takes it up.")
        expect(page.locator(".video .like").first).to_have_attribute("aria-pressed", "true")
        page.keyboard.press(" ")
        paused = page.locator(".video .time").first.inner_text()
        page.wait_for_timeout(1200)
        assert page.locator(".video .time").first.inner_text() == paused
        with page.expect_response("**/v1/events") as told:
            page.keyboard.press("j")
        assert told.value.json()["accepted"] == 1
        (event,) = told.value.request.post_data_json["events"]
        assert event["action"] == "view"
        assert 1000 <= event["watched"] < 30_000
        expect(page.locator(".video").nth(1)).to_be_in_viewport(ratio=0.9)
        page.keyboard.press("f")
        expect(page.locator(".toast")).to_contain_text("You follow creator")
        page.keyboard.press("w")
        with page.expect_response("**/v1/settings") as chosen:
            panel(page).get_by_role("button", name="Never creator").click()
        assert chosen.value.ok
        with page.expect_response("**/v1/settings") as taken_back:
            page.get_by_role("button", name="Undo").click()
        assert taken_back.value.request.post_data_json["setting"] == "unblock"


EXPLAINED = """async ([body, manifest]) => {
  const { explain } = await import(new URL("explanations.js", document.querySelector("link[rel=icon]").href));
  return await explain(JSON.parse(body), JSON.parse(manifest));
}"""


def told_alike(said: dict[str, Any], wanted: Explanation) -> None:
    """That a browser computes what `plainview why` does, to the last bit."""
    there = msgspec.json.decode(msgspec.json.encode(wanted))
    names = (
        "place",
        "video",
        "source",
        "found",
        "predictions",
        "sum",
        "value",
        "selector",
        "placed",
        "propensity",
        "order",
    )
    videos = [{name: one[name] for name in names} for one in there["videos"]]
    assert [{name: one[name] for name in names} for one in said["videos"]] == videos
    assert (said["treatments"], said["costs"]) == (there["treatments"], there["costs"])
    filters = [{"name": one["name"], "keepsOut": one["keeps_out"]} for one in there["filters"]]
    assert said["filters"] == filters
    assert {said["wrong"], *(one["wrong"] for one in said["videos"])} == {None}


def test_why_is_what_the_command_says(browser: Browser, platform: Platform) -> None:
    """Control 19: from the receipt alone, as `plainview why` computes it."""
    likes = experiment(
        "likes", ("more", 400_000, {"like": 900_000}), ("most", 300_000, {"like": 2_000_000, "share": 1})
    )
    tried = replace(DEFAULT, experiments=(likes, experiment("over", ("no", 1_000_000, {"follow": 0}), until=1)))
    with opened(browser, platform) as page:
        pages = [(ranked_page(mode="plain"), DEFAULT), (ranked_page(region="BR"), DEFAULT)]
        pages += [(ranked_page(tried, viewer=viewer), tried) for viewer in range(1, 9)]
        for record, configuration in pages:
            manifest = encode(replace(installed().manifest, configuration=configuration))
            said = page.evaluate(EXPLAINED, [encode(record).decode(), manifest.decode()])
            told_alike(said, explain(record, configuration))
        arms = {explain(record, tried).treatments for record, configuration in pages if configuration is tried}
        assert len(arms) > 1


def test_reasons_add_up_to_the_value(browser: Browser, platform: Platform) -> None:
    number = len(platform.client.get("/v1/orders")["orders"]) + 1
    for video in range(17, 25):  # as many as a page has: an order places none that is on it anyway
        given = platform.parties.order(number + video - 17, video, label="Paid partnership")
        assert platform.client.post("/v1/acts", {"note": given.note})["counts"]
    for _ in range(2):  # the epoch that is being closed may be without it
        before = platform.client.get("/v1/orders")["epoch"]
        platform.client.post("/v1/viewers", {"region": "US"})
        while platform.client.get("/v1/orders")["epoch"] == before:
            time.sleep(0.02)
    come: list[dict[str, Any]] = []

    def listening(page: Page) -> None:
        page.on("response", lambda answer: come.append(answer.json()) if "&n=0&" in answer.url else None)

    with opened(browser, platform, change=listening) as page:
        expect(page.locator(".video").nth(7)).to_be_attached()
        reasons = explain(record_of(come[0]), DEFAULT).videos
        assert any(item.order is not None for item in reasons)
        page.keyboard.press("w")
        for place, item in enumerate(reasons):
            # A key is about the video that plays, and two may have the same value.
            expect(watched(page).and_(page.locator(".video").nth(place))).to_be_visible()
            counts = panel(page).locator(".bars tbody .counts")
            expect(panel(page).locator(".bars tfoot .counts")).to_have_text(f"{item.value:.4f}".replace("-", "\u2212"))
            # Not as it is laid out: the panel may be drawn again meanwhile.
            lines = [
                line.replace("\u2212", "-")
                for line in counts.evaluate_all("all => all.map((one) => one.firstChild.data)")
            ]
            assert sum(map(float, lines)) == pytest.approx(item.value, abs=0.001)
            if item.order is not None:
                expect(page.locator(".video").nth(place).locator(".label")).to_have_text(
                    "Placed by order: Paid partnership"
                )
                expect(panel(page)).to_contain_text("the spring campaign. Signed by")
            if place + 1 < len(reasons):
                page.keyboard.press("j")


def test_a_page_whose_answer_was_lost_is_asked_for_again_as_it_was(browser: Browser, platform: Platform) -> None:
    """The platform has recorded it, with what was acknowledged then: what was done since is no part of it."""
    lost: list[str] = []

    def losing(route: Route) -> None:
        if "&n=1&" in route.request.url and not lost:
            lost.append(route.request.url)
            route.fetch()
            route.abort()
        else:
            route.continue_()

    with opened(browser, platform, change=lambda page: page.route("**/v1/feed**", losing), complaints=1) as page:
        for _ in range(5):
            page.keyboard.press("j")
            page.wait_for_timeout(150)
        expect(page.locator(".instead h2")).to_have_text("This page did not come")
        with page.expect_response("**/v1/events"):
            page.keyboard.press("l")
        with page.expect_request("**/v1/feed**") as again:
            page.locator(".instead button").click()
        assert again.value.url == lost[0]
        second = page.locator(".video").nth(8)
        second.scroll_into_view_if_needed()
        expect(second.locator(".seal")).to_have_text(re.compile("3 of 4|Checked"))


def test_the_end_of_the_feed(browser: Browser, platform: Platform) -> None:
    """It is a place like a video's: nothing plays behind it, and it goes where there is more."""
    ending = True

    def emptied(route: Route) -> None:
        if ending and "&n=0&" not in route.request.url:
            route.fulfill(json=route.fetch().json() | {"videos": []})
        else:
            route.continue_()

    with opened(browser, platform, change=lambda page: page.route("**/v1/feed**", emptied)) as page:
        instead = page.locator(".instead")
        for _ in range(9):
            page.keyboard.press("j")
            page.wait_for_timeout(150)
        expect(instead).to_be_in_viewport(ratio=0.9)
        expect(instead).to_contain_text("You have seen all there is")
        last = page.locator(".video .time").nth(7)
        stopped = last.inner_text()
        page.wait_for_timeout(1200)
        assert last.inner_text() == stopped
        ending = False
        instead.get_by_role("button").click()
        expect(page.locator(".video").nth(8)).to_be_in_viewport(ratio=0.9)
        expect(instead).to_have_count(0)
        for _ in range(6):
            page.keyboard.press("j")
            page.wait_for_timeout(150)
        expect(page.locator(".video").nth(16)).to_be_attached()  # and on as before


def test_an_empty_platform_says_so(browser: Browser, platform: Platform) -> None:
    with opened(browser, platform) as page:
        page.route("**/v1/feed**", lambda route: route.fulfill(json=route.fetch().json() | {"videos": []}))
        page.reload()
        expect(page.locator(".instead")).to_contain_text("There is nothing here yet")
        expect(page.locator(".instead")).not_to_contain_text("Nothing comes twice")


def test_a_creator_who_is_kept_off_goes_at_once(browser: Browser, platform: Platform) -> None:
    with opened(browser, platform) as page:
        answer = reloaded(page)
        creator = answer["videos"][0]["video"]["creator"]
        expect(page.locator(".video .time").first).to_contain_text("0:0")
        page.keyboard.press("w")
        panel(page).get_by_role("button", name="Never creator").click()
        expect(page.locator(".toast")).to_contain_text("is kept off your pages")
        expect(page.locator(".video .who", has_text=f"Creator {creator}")).to_have_count(1)  # the one that is watched


def test_a_phone_can_take_back_and_close_the_sheet(browser: Browser, platform: Platform) -> None:
    with opened(browser, platform, PHONE) as page:
        page.locator(".video .why").first.click()
        creator = panel(page).get_by_role("button", name="Never creator")
        with page.expect_response("**/v1/settings"):
            creator.click()
        with page.expect_response("**/v1/settings") as taken_back:
            page.get_by_role("button", name="Undo").click()
        assert taken_back.value.request.post_data_json["setting"] == "unblock"
        expect(panel(page)).to_be_visible()
        page.mouse.click(PHONE[0] // 2, 40)
        expect(panel(page)).to_be_hidden()
        expect(page.locator(".toast")).to_have_text("Taken back.")


def test_a_platform_that_is_away_is_not_taken_for_an_old_browser(browser: Browser, platform: Platform) -> None:
    context = browser.new_context()
    try:
        page = context.new_page()
        page.route("**/health", lambda route: route.abort())
        page.goto(platform.url)
        expect(page.locator(".instead")).to_contain_text("The platform does not answer. Are you connected?")
        expect(page.locator(".instead")).not_to_contain_text("browser of 2025")
        page.unroute("**/health")
        page.get_by_role("button", name="Try again").click()
        expect(page.locator(".welcome")).to_be_visible()
    finally:
        context.close()


def test_all_can_be_done_by_keys(browser: Browser, platform: Platform) -> None:
    with opened(browser, platform) as page:
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog", name="Keys")).to_have_count(0)
        page.locator(".video .why").first.focus()
        page.keyboard.press("Enter")
        expect(panel(page).get_by_role("heading", name="Why this video")).to_be_focused()
        page.keyboard.press("Escape")
        expect(panel(page)).to_be_hidden()
        expect(page.locator(".video .why").first).to_be_focused()


def test_keys_are_for_what_is_focused(browser: Browser, platform: Platform) -> None:
    with opened(browser, platform) as page:
        page.get_by_role("radio", name="personal", exact=True).focus()
        page.keyboard.press("j")
        expect(page.locator(".video").nth(1)).to_be_in_viewport(ratio=0.9)
        page.keyboard.press("w")
        expect(panel(page).get_by_role("heading", name="Why this video")).to_be_focused()
        page.wait_for_timeout(300)  # until the stage stands still
        at = page.locator(".feed").evaluate("feed => feed.scrollTop")
        page.keyboard.press("ArrowDown")
        page.wait_for_timeout(300)
        assert page.locator(".feed").evaluate("feed => feed.scrollTop") == at
        for key in ("Escape", "w", "Escape"):  # one right after the other, whatever the machine is busy with
            page.keyboard.press(key)
        expect(panel(page)).to_be_hidden()
        page.get_by_role("radio", name="personal", exact=True).focus()
        with page.expect_response("**/v1/viewers"):
            page.keyboard.press("ArrowDown")
        expect(page.get_by_role("radio", name="not personal")).to_be_checked()
        expect(page.locator(".toast")).to_contain_text("goes by nothing that you did")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK])
def test_everybody_can_use_it(browser: Browser, platform: Platform, size: tuple[int, int], scheme: str) -> None:
    """axe-core finds nothing, and nothing is wider than the screen."""

    def sound(page: Page) -> None:
        found = Axe().run(page).response["violations"]
        assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]

    with opened(browser, platform, size, scheme=scheme) as page:
        sound(page)
        for key in ("w", "c"):
            page.keyboard.press(key)
            expect(panel(page)).to_be_visible()
            sound(page)
            page.keyboard.press("Escape")
        page.keyboard.press("?")
        sound(page)
