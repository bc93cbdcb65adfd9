"""What the viewers' app checks of each page in the browser, and what it says where that does not hold."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, Route, expect

from plainview.ledger.acts import Finding, Verification
from plainview.ledger.charters import AGREEING, Charter, check_charter, parse_charter
from plainview.ledger.errors import PolicyError
from plainview.ledger.notes import parse_note
from plainview.oversight.findings import SAID
from tests.e2e.app import Platform, changing, opened, panel, reloaded, seal


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
