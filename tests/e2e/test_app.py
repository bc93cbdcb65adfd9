"""The viewers' app in a real browser, against a real server whose log a real witness cosigns."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from bench.serving import Server
from plainview.feed.configuration import DEFAULT
from plainview.ledger.acts import Finding, Verification
from plainview.ledger.charters import AGREEING, Charter, check_charter, parse_charter
from plainview.ledger.errors import PolicyError
from plainview.ledger.notes import parse_note
from plainview.ledger.policies import Policy, Witness
from plainview.oversight.explanations import Explanation, explain
from plainview.oversight.findings import SAID
from plainview.oversight.witness.directory import make_directory
from plainview.platform.founding import adopt
from plainview.platform.home import Home
from plainview.platform.releases import installed
from plainview.records import Page as PageRecord
from plainview.records import decode, encode
from tests.feed.experimented import experiment
from tests.oversight.ranked import ranked_page
from tests.oversight.witness.processes import Process, tell_of
from tests.platform.homes import amendment, charter_of
from tests.platform.parties import Parties
from tests.platform.towns import open_town, populate
from tests.server.clients import KERNELS, Client

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is here: apt install chromium")

VIDEOS = 400
PHONE, DESK = (320, 640), (1280, 800)
PATIENCE = 20_000
"""Milliseconds for what takes the log a second or two; a machine may be busy."""
expect.set_options(timeout=PATIENCE)


class Platform(NamedTuple):
    """A server, and who may speak in its log."""

    url: str
    client: Client
    parties: Parties


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Platform]:
    home = tmp_path_factory.mktemp("app") / "home"
    with open_town(home) as town:
        populate(town, VIDEOS)
    logs = charter_of(home).policy.logs
    (key,) = make_directory(home.with_name("witness"), "north.example", ml_dsa_44=False)
    tell_of(home.with_name("witness"), *(log.key for log in logs))
    witness = Process(home.with_name("witness"))
    with ExitStack() as stack:
        witness.start()
        stack.callback(witness.end)
        north = Witness("north", key, f"http://127.0.0.1:{witness.port}")
        adopt(Home(home), amendment(home, policy=Policy(logs, (north,), (), "north")))
        server = Server(home, cache, KERNELS)
        server.start()
        stack.callback(server.stop)
        client = Client(server.port)
        stack.callback(client.close)
        yield Platform(f"http://127.0.0.1:{server.port}/", client, Parties(home))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


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


def test_the_seal_fills_as_the_browser_checks(browser: Browser, platform: Platform) -> None:
    parties = platform.parties
    with opened(browser, platform) as page:
        receipt = reloaded(page)["receipt"]
        expect(seal(page)).to_have_text("3 of 4")
        seal(page).click()
        expect(panel(page)).to_contain_text("No partner has announced anything in this log yet")
        expect(panel(page)).to_contain_text("Cosigned by north")
        expect(panel(page)).to_contain_text("Not shown by any of this")
        act = Verification(parties.origin, receipt["index"] + 1, bytes(32), 12, 12, 0, 0)
        taken = platform.client.post("/v1/acts", {"note": parties.signed(act, "auditor").note})
        assert taken["counts"]
        expect(seal(page)).to_have_text("Checked")
        expect(panel(page)).to_contain_text("Your browser has checked this page from end to end")
        expect(panel(page).get_by_role("heading", name="Check this page")).to_be_focused()  # though it was drawn again
        with page.expect_download() as kept:
            panel(page).get_by_role("button", name="Keep the receipt").click()
        assert json.loads(Path(kept.value.path()).read_bytes())["receipt"] == receipt


def swapped(answer: dict[str, Any]) -> None:
    answer["videos"].reverse()


def another_record(answer: dict[str, Any]) -> None:
    receipt = answer["receipt"]
    receipt["body"] = receipt["body"].replace('"limit":8', '"limit":9')


def changing(path: str, change: Callable[[dict[str, Any]], None]) -> Callable[[Page], None]:
    """The JSON that comes from there is changed on its way."""

    def answered(route: Route) -> None:
        content = route.fetch().json()
        change(content)
        route.fulfill(json=content)

    return lambda page: page.route(path, answered)


def rewriting(path: str, old: str, new: str) -> Callable[[Page], None]:
    def answered(route: Route) -> None:
        text = route.fetch().text()
        assert old in text
        route.fulfill(body=text.replace(old, new, 1))

    return lambda page: page.route(path, answered)


def another_path(page: Page) -> None:
    def answered(route: Route) -> None:
        version, index, first, *rest = route.fetch().text().split("\n")
        route.fulfill(body="\n".join([version, index, "A" * 43 + "=", *rest]))
        assert len(first) == 44

    page.route("**/proof", answered)


def without_witness(page: Page) -> None:
    def answered(route: Route) -> None:
        lines = route.fetch().text().splitlines(keepends=True)
        route.fulfill(body="".join(line for line in lines if not line.startswith("\u2014 north.example")))

    page.route("**/proof", answered)


@pytest.mark.parametrize(
    ("change", "step", "told"),
    [
        (changing("**/v1/feed**", swapped), 0, "Your screen shows video"),
        (changing("**/v1/feed**", another_record), 0, "is not that of the record it shows"),
        (rewriting("**/proof", "index ", "index 1"), 1, "does not lead from your page"),
        (another_path, 1, "does not lead from your page"),
        (rewriting("**/v1/charters", "quorum partner 1", "quorum partner 0"), 1, "is not of this text"),
        (without_witness, 2, "asks for more witnesses than have signed it: none"),
    ],
)
def test_tampering_is_noticed(
    browser: Browser, platform: Platform, change: Callable[[Page], None], step: int, told: str
) -> None:
    with opened(browser, platform, change=change) as page:
        expect(seal(page)).to_have_text("Does not hold")
        page.keyboard.press("c")
        states = panel(page).locator(".steps li")
        expect(states.nth(step)).to_have_class("refuted")
        expect(states.nth(step)).to_contain_text(told)
        for before in range(step):
            expect(states.nth(before)).to_have_class("held")


def test_what_the_partner_found_is_told(browser: Browser, platform: Platform) -> None:
    with opened(browser, platform) as page:
        receipt = reloaded(page)["receipt"]
        expect(seal(page)).to_have_text("3 of 4")
        act = Finding(platform.parties.origin, bytes(32), receipt["index"], "computed again, it is another page")
        assert platform.client.post("/v1/acts", {"note": platform.parties.signed(act, "auditor").note})["counts"]
        expect(seal(page)).to_have_text("Does not hold")
        page.keyboard.press("c")
        expect(panel(page)).to_contain_text("computed again, it is another page")


def test_what_differs_elsewhere_refutes_no_other_page(browser: Browser, platform: Platform) -> None:
    """A verification counts all pages since record 0: whose they are is said by findings alone."""
    parties = platform.parties

    def handed_in(act: Verification | Finding) -> None:
        assert platform.client.post("/v1/acts", {"note": parties.signed(act, "auditor").note})["counts"]

    with opened(browser, platform) as page:
        fourth = panel(page).locator(".steps li").nth(3)
        upto = reloaded(page)["receipt"]["index"] + 1
        expect(seal(page)).to_have_text("3 of 4")
        page.keyboard.press("c")
        expect(fourth).to_contain_text("If it holds: the designated third party")
        handed_in(Verification(parties.origin, upto, bytes(32), 40, 37, 2, 1))
        expect(fourth).to_contain_text("of all pages so far, not necessarily yours, 1 differ and 2")
        assert fourth.get_attribute("class") == "open"

        upto = reloaded(page)["receipt"]["index"] + 1  # two without a verdict came before: they are none of these
        expect(seal(page)).to_have_text("3 of 4")
        page.keyboard.press("c")
        handed_in(Verification(parties.origin, upto, bytes(32), 42, 38, 2, 2))
        expect(fourth).to_contain_text("not necessarily yours, 2 differ")
        clock = Finding(parties.origin, bytes(32), upto - 2, "its time is not that of its witnesses")
        handed_in(clock)
        page.keyboard.press("Escape")
        with page.expect_response("**/v1/acts?**"):
            page.keyboard.press("c")
        expect(fourth).to_contain_text("not necessarily yours, 2 differ")  # a finding of another kind explains none
        detail = SAID["re-run"].format(index=upto - 2, stage="items", detail="other")
        handed_in(replace(clock, file=b"\1" * 32, sentence=detail))
        page.keyboard.press("Escape")
        page.keyboard.press("c")
        expect(seal(page)).to_have_text("Checked")
        expect(fourth).to_contain_text("1 of which differ, each another than yours")
        handed_in(Finding(parties.origin, bytes(32), upto - 1, "after all, it is another page"))
        page.keyboard.press("Escape")
        page.keyboard.press("c")
        expect(seal(page)).to_have_text("Does not hold")
        expect(fourth).to_contain_text("after all, it is another page")


CHARTERS = """async (charters) => {
  const { chartersOf } = await import(new URL("charters.js", document.querySelector("link[rel=icon]").href));
  return (await chartersOf({ charters })).map((one) => one.number);
}"""


def test_who_has_to_sign_a_charter(browser: Browser, platform: Platform) -> None:
    """An amendment each key that is new; the first one those whom it needs, and not each builder and auditor."""
    first, *others = platform.client.get("/v1/charters")["charters"]
    time = first["time"]
    few = platform.parties.note(parse_note(first["note"].encode()).text, *AGREEING)
    assert len(few) < len(first["note"])
    with opened(browser, platform) as page:
        assert page.evaluate(CHARTERS, [{"index": 0, "time": time, "note": few}]) == [0]
        assert page.evaluate(CHARTERS, [first, *others]) == list(range(1 + len(others)))


JUDGED = """async (charters) => {
  const { chartersOf } = await import(new URL("charters.js", document.querySelector("link[rel=icon]").href));
  return chartersOf({ charters }).then(() => "", (error) => error.message);
}"""
END = 1_900_000_000_000
"""Milliseconds since 1970."""


def ending(charter: Charter, **ends: int | None) -> Charter:
    """Where the first key of these roles ends so."""
    left = dict(ends)
    parties = [replace(one, until=left.pop(one.role)) if one.role in left else one for one in charter.parties]
    return replace(charter, parties=tuple(parties))


def amended(charter: Charter, **ends: int | None) -> Charter:
    return replace(ending(charter, **ends), number=1, previous=charter.digest())


def test_keys_that_have_ended_count_as_they_do_for_the_ledger(browser: Browser, platform: Platform) -> None:
    """By the time of the amendment's record, to the millisecond, the browser refuses what `check_charter` does."""
    parties = platform.parties
    begun = parse_charter(parse_note(platform.client.get("/v1/charters")["charters"][0]["note"].encode()).text)
    partner, builder = ending(begun, partner=END), ending(begun, builder=END)
    signers = (*AGREEING, "builder-1")
    cases: list[tuple[Charter, Charter | None, int, tuple[str, ...], str]] = [
        (partner, None, END - 1, AGREEING, ""),
        (partner, None, END, AGREEING, "of the partner, which has ended"),
        (partner, amended(partner, partner=None), END - 1, AGREEING, ""),
        (partner, amended(partner, partner=None), END, AGREEING, "lacks signatures of its partner"),
        (partner, amended(partner, partner=END + 1), END - 1, AGREEING, ""),
        (builder, amended(builder), END - 1, AGREEING, ""),
        (builder, amended(builder), END, signers, "of the builder, which has ended"),
        (builder, amended(builder, builder=None), END - 1, AGREEING, ""),
        (builder, amended(builder, builder=None), END, AGREEING, "names a key that has not signed it"),
        (builder, amended(builder, builder=None), END, signers, ""),
    ]
    with opened(browser, platform) as page:
        for first, amendment, time, signed, told in cases:
            last = parties.note((amendment or first).text(), *signed)
            answer = [{"index": 1 if amendment else 0, "time": time, "note": last}]
            if amendment:
                answer.insert(0, {"index": 0, "time": END - 2, "note": parties.note(first.text(), *AGREEING)})
            said = page.evaluate(JUDGED, answer)
            assert (told in said) if told else said == ""
            with pytest.raises(PolicyError) if told else nullcontext():
                check_charter(parse_note(last.encode()), first if amendment else None, at=time)
        timeless = {"index": 0, "note": parties.note(begun.text(), *AGREEING)}
        assert "has no time" in page.evaluate(JUDGED, [timeless])
        for end in ("until", "until -1", "until 01", "till 1", "until 1 2", "until x"):
            text = partner.text().replace(f"until {END}", end)
            unread = {"index": 0, "time": 0, "note": parties.note(text, *AGREEING)}
            assert "the end of a key of the partner is none" in page.evaluate(JUDGED, [unread])


@pytest.mark.parametrize(("until", "told"), [(1, "no auditor's key has signed"), (END, "from end to end")])
def test_what_an_auditor_says_counts_until_its_key_ends(
    browser: Browser, platform: Platform, until: int, told: str
) -> None:
    parties = platform.parties

    def amend(answer: dict[str, Any]) -> None:
        last = answer["charters"][-1]
        before = parse_charter(parse_note(last["note"].encode()).text)
        changed = replace(ending(before, auditor=until), number=before.number + 1, previous=before.digest())
        note = parties.note(changed.text(), *AGREEING)
        answer["charters"].append({"index": last["index"] + 1, "time": 0, "note": note})

    with opened(browser, platform, change=changing("**/v1/charters", amend)) as page:
        upto = reloaded(page)["receipt"]["index"] + 1
        expect(seal(page)).to_have_text("3 of 4")
        act = Verification(parties.origin, upto, bytes(32), 12, 12, 0, 0)
        assert platform.client.post("/v1/acts", {"note": parties.signed(act, "auditor").note})["counts"]
        page.keyboard.press("c")
        expect(panel(page)).to_contain_text(told)


def test_an_act_of_another_time_than_the_log_has_is_not_in_it(browser: Browser, platform: Platform) -> None:
    """The time decides whether its signer's key had ended."""
    parties = platform.parties

    def later(answer: dict[str, Any]) -> None:
        for act in answer["acts"]:
            act["time"] += 1

    with opened(browser, platform, change=changing("**/v1/acts?**", later)) as page:
        upto = reloaded(page)["receipt"]["index"] + 1
        act = Verification(parties.origin, upto, bytes(32), 12, 12, 0, 0)
        assert platform.client.post("/v1/acts", {"note": parties.signed(act, "auditor").note})["counts"]
        page.keyboard.press("c")
        expect(panel(page)).to_contain_text("What is said of it is not in the log.")


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


def test_another_mode_or_label_than_recorded_is_noticed(browser: Browser, platform: Platform) -> None:
    def other_mode(page: Page) -> None:
        page.route("**/v1/feed**", lambda route: route.continue_(url=route.request.url.replace("=personal", "=plain")))

    def labelled(answer: dict[str, Any]) -> None:
        for video in answer["videos"]:
            video["label"] = "" if video["label"] else "Sponsored"

    for change, told in (
        (other_mode, "has another mode than your browser asked with"),
        (changing("**/v1/feed**", labelled), "an order put video"),
    ):
        with opened(browser, platform, change=change) as page:
            expect(seal(page)).to_have_text("Does not hold")
            page.keyboard.press("c")
            expect(panel(page).locator(".steps li").first).to_contain_text(re.compile(told, re.IGNORECASE))


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


def test_what_another_says_in_the_partners_name_does_not_count(browser: Browser, platform: Platform) -> None:
    parties = platform.parties

    def forged(page: Page) -> None:
        note = parties.signed(Verification(parties.origin, 10**9, bytes(32), 12, 12, 0, 0), "operator").note
        said = {"index": 3, "time": 0, "note": note, "counts": True, "reason": ""}
        page.route("**/v1/acts?**", lambda route: route.fulfill(json={"acts": [said], "next": None}))

    with opened(browser, platform, change=forged) as page:
        expect(seal(page)).to_have_text("Does not hold")
        page.keyboard.press("c")
        expect(panel(page)).to_contain_text("no auditor's key has signed")


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
