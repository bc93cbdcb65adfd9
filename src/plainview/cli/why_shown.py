"""How `plainview why` shows a page to its viewer: as text that fits 80 columns."""

from __future__ import annotations

import shlex
import shutil
import textwrap
from collections.abc import Iterator

from plainview.cli.verdicts import moment
from plainview.ledger.spelling import printable
from plainview.oversight.contradictions import UNVALUED
from plainview.oversight.explanations import Explanation, OrderGiven, Reason, Treatment

WIDTH = 80
HEADING = 14
"""Columns of what a line is about."""
SHOWN = 3
"""Predictions that are named one by one where not all are."""
LABEL = 39
"""Columns of what is predicted."""


def lines(page: Explanation, index: int, unknown: str, file: str, video: int | None) -> Iterator[str]:
    """The page, and why its videos are there: all in short, or all there is of `video`.

    `unknown` says why the release is not known here; empty where it is.
    """
    yield f"Page {page.n} of session {page.session}, for viewer {page.viewer}"
    yield ""
    for heading, text in _page(page, index, unknown):
        yield from _told(text, heading)
    if page.filters is not None:
        yield from _told("a video is kept off such a page where", "Filters")
        for each in page.filters:
            yield from _wrapped(f"- {each.keeps_out} ({each.name})", HEADING, HEADING + 2)
    for one in (one for one in page.videos if video in (None, one.video)):
        yield ""
        yield from _video(one, page, whole=video is not None)
    yield ""
    if not page.videos:
        yield "There is no video on this page."
    yield from _closing(page, index, unknown, file, video)


def _page(page: Explanation, index: int, unknown: str) -> Iterator[tuple[str, str]]:
    yield "Receipt", f"record {index} of the log, as it says"
    yield "Mode", _mode(page)
    if page.wanted != page.mode:
        yield "Wanted", f"{page.wanted}: as the receipt says, no act let the release rank then; this is the baseline"
    if page.grounds:
        yield "Allowed by", f"records {', '.join(map(str, page.grounds))}: the acts that let the release rank"
    yield "Asked for", f"at most {page.limit} videos; region {page.region}, age {page.age}, surface {page.surface}"
    yield "Ranked by", f"release {page.release}" + (", which is not known here" if unknown else "")
    last = f"record {page.policy - 1}" if page.policy else "none"
    yield "Under", f"the charter of record {page.charter}; last decision, order or release it knew: {last}"
    drawn_up = f", in a list drawn up at epoch {page.pinned}" if page.mode == "plain" else ""
    yield "From", f"what was learned up to epoch {page.epoch} ({page.epoch_digest}){drawn_up}"
    yield "At", moment(page.now)
    yield "Experiments", "; ".join(map(_treated, page.treatments or ())) or ", ".join(page.arms) or "none"
    known = {one.order: _ordered(one) for one in page.given}
    told = [known.get(one, f"{one}: who gave it and why is what /v1/orders answers (--orders)") for one in page.orders]
    yield "Orders", "; ".join(told) or "none"
    for finding in page.page_findings:
        yield "FINDING", finding


def _treated(one: Treatment) -> str:
    changes = [f"{_name(each.head)} counts {each.weight:g} instead of {each.otherwise:g}" for each in one.changes]
    return f"in {one.experiment} you are in {one.arm}: {', '.join(changes) or 'nothing counts otherwise'}"


def _ordered(one: OrderGiven) -> str:
    signers = ", ".join(map(printable, one.signers))
    return (
        f'{one.order} put video {one.video} there, to be labelled "{printable(one.label)}". Why, as its note says: '
        f"{printable(one.reason)}. Signed by {signers}"
    )


def _mode(page: Explanation) -> str:
    if page.profile:
        return f"personal: what you did before went into it, from your records before record {page.viewer_upto}"
    return (
        "plain: no profile. Nothing you watched or liked went into it: only your region, your age, and what you had "
        f"blocked and muted before record {page.viewer_upto}"
    )


def _video(one: Reason, page: Explanation, whole: bool) -> Iterator[str]:
    yield f"{one.place:2}. video {one.video}"
    yield from _told(f"{one.found} ({one.source})", "    Found")
    if whole and one.predictions:
        yield from _table(one)
    elif one.predictions:
        yield from _told(_in_short(one), "    Counted" if one.sum is not None else "    Predicted")
    if one.predictions:
        yield from _told(_value(one, page), "    Value")
    yield from _told(f"{one.placed} ({one.selector})", "    Placed")
    for finding in one.findings:
        yield from _told(finding, "    FINDING")


def _in_short(one: Reason) -> str:
    if one.sum is None:
        return ", ".join(f"{_name(each.head)} {each.predicted:.4f}" for each in one.predictions)
    most = sorted(one.predictions, key=lambda each: -abs(each.counts or 0.0))
    named = [f"{_name(each.head)} {each.counts:+.4f}" for each in most[:SHOWN]]
    rest = sum(each.counts or 0.0 for each in most[SHOWN:])
    return f"{', '.join(named)}, {len(most) - SHOWN} more {rest:+.4f}; in all {one.sum:.4f}"


def _table(one: Reason) -> Iterator[str]:
    weighed = one.sum is not None
    yield f"    {'Predicted':{LABEL}} {'':9}   weight      counts" if weighed else "    Predicted"
    for each in one.predictions:
        line = f"    {each.means:{LABEL}} {each.predicted:9.5f}"
        yield f"{line} x {each.weight:6g} = {each.counts:+9.5f}" if weighed else line
    if weighed:
        yield f"    {'in all':{LABEL}} {'':9}   {'':6}   {one.sum:+9.5f}"


def _value(one: Reason, page: Explanation) -> str:
    value = f"{one.value:.4f}"
    if one.selector in UNVALUED:
        return f"{value}, and it was not placed by that"
    placed = f"{value}, by which it was placed"
    if one.sum is None or not page.costs or not one.value < one.sum or value == f"{one.sum:.4f}":
        return placed
    return f"{placed}: {one.sum - one.value:.4f} was taken off {' or '.join(page.costs)}"


def _closing(page: Explanation, index: int, unknown: str, file: str, video: int | None) -> Iterator[str]:
    found = ["its arms or orders"] if page.page_findings else []
    found += [f"video {one.video}" for one in page.videos if one.findings]
    if unknown:
        yield from _wrapped(
            f"Not weighed: {unknown}. Sources, selectors and predictions have the words of the release installed here, "
            "and whether values add up was not checked."
        )
    elif found:
        yield from _wrapped(f"FOUND: what does not add up, at {', '.join(found)}. Keep the file: it shows it.")
    elif not page.judged:
        yield from _wrapped("Not checked: with selectors set as this release has them, a receipt cannot tell.")
    elif page.profile:
        yield from _wrapped("Checked: values, places and chances fit each other as this release makes them.")
    else:
        yield from _wrapped("Checked: nothing on it was predicted, weighed or drawn.")
    yield from _wrapped(
        f"Not shown: that the release computes these numbers (`plainview replay {index}`, where the journal is), and "
        "that the log has this page (`plainview verify`)."
    )
    if video is None and any(one.predictions for one in page.videos):
        yield from _wrapped(f"All that was predicted of one: plainview why {shlex.quote(printable(file))} VIDEO")


def _name(head: str) -> str:
    return head.replace("_", " ")


def _told(text: str, heading: str) -> Iterator[str]:
    first, *more = _wrapped(text, HEADING, HEADING)
    yield f"{heading:{HEADING}}{first.lstrip()}"
    yield from more


def _wrapped(text: str, indent: int = 0, further: int = 0) -> list[str]:
    """Nothing is cut off, nor a digest broken, where the terminal is narrower."""
    width = min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)
    return textwrap.wrap(
        text,
        width,
        initial_indent=" " * indent,
        subsequent_indent=" " * further,
        break_long_words=False,
        break_on_hyphens=False,
    )
