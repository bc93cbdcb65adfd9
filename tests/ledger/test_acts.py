from __future__ import annotations

import hashlib
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from plainview.ledger.act_fields import TEXT_LIMIT, Obligation
from plainview.ledger.acts import KINDS, AnyAct, parse_act
from plainview.ledger.charters import digest_text, parse_charter
from plainview.ledger.checkpoints import parse_checkpoint
from plainview.ledger.errors import FormatError
from plainview.ledger.promises import parse_promise
from plainview.ledger.spelling import TIME_LIMIT
from tests.ledger.chartered import CHARTER
from tests.ledger.licensed import (
    FIRST,
    START,
    admission,
    approval,
    build,
    digest,
    draw,
    emergency,
    extension,
    finding,
    licence,
    order,
    order_end,
    report,
    result,
    reveal,
    review,
    revocation,
    submission,
    verification,
)
from tests.ledger.strategies import acts

EACH: tuple[AnyAct, ...] = (
    licence(),
    submission(),
    build(),
    result(),
    approval(),
    emergency(),
    review(emergency()),
    revocation(),
    extension(approval(), 100),
    admission(),
    draw(),
    reveal(),
    verification(),
    finding(),
    report(),
    order(),
    order_end(),
)
LICENCE = f"""\
plainview/act/v1
act licence
log feed.example/log
number 1
regions all
surfaces all
share 1000000
from {START}
until {START + 30 * 86_400_000}
wind-down 86400000
obligation {START + 86_400_000} pay the fee
obligation {START + 864_000_000} report
"""
APPROVAL = f"""\
plainview/act/v1
act approval
log feed.example/log
release {digest_text(FIRST)}
seen 1
licence 1
regions GB,US
surfaces 0,1
share 500000
from {START + 3_600_000}
until {START + 20 * 86_400_000}
epoch-least 1000
epoch-most 100000
"""
ORDER = f"""\
plainview/act/v1
act order
log feed.example/log
number 1
video 5
regions DE,US
from {START}
until {START + 86_400_000}
cap 1000
label Sponsored
reason the spring campaign
"""


def test_an_act_reads_as_it_is_written() -> None:
    assert order(regions=("DE", "US")).text() == ORDER
    assert licence().text() == LICENCE
    assert approval().text() == APPROVAL
    assert parse_act(LICENCE) == licence()
    assert approval().digest() == hashlib.sha256(APPROVAL.encode()).digest()
    assert [act.kind for act in EACH] == [*KINDS]


FINDING = f"""\
plainview/act/v1
act finding
log feed.example/log
file {digest_text(digest("finding"))}
record none
text the log shows two histories
"""


def test_a_finding_may_be_about_no_record() -> None:
    assert finding(None, "the log shows two histories").text() == FINDING
    assert parse_act(FINDING) == finding(None, "the log shows two histories")


@given(acts())
def test_what_is_written_comes_back(act: AnyAct) -> None:
    assert parse_act(act.text()) == act


@given(acts() | st.sampled_from(EACH), st.data())
def test_whatever_parses_has_one_spelling(act: AnyAct, data: st.DataObject) -> None:
    lines = act.text().split("\n")
    at = data.draw(st.integers(0, len(lines) - 1))
    other = data.draw(
        st.sampled_from([*lines, *data.draw(acts()).text().split("\n")])
        | st.text(max_size=8).map(lambda tail: lines[at] + tail)
        | st.just(lines[at].replace(" ", "  "))
    )
    text = "\n".join([*lines[:at], other, *lines[at + 1 :]])
    with suppress(FormatError):
        assert parse_act(text).text() == text


@given(st.binary(max_size=400).map(lambda data: data.decode("utf-8", "surrogateescape")) | st.text(st.characters()))
def test_any_text_is_read_or_refused(text: str) -> None:
    for whole in (text, LICENCE + text, APPROVAL.replace("licence 1\n", text)):
        with suppress(FormatError):
            assert parse_act(whole).text() == whole


@given(acts())
def test_no_act_can_be_taken_for_another_note(act: AnyAct) -> None:
    for parse in (parse_charter, parse_promise, parse_checkpoint):
        with pytest.raises(FormatError):
            parse(act.text())


@pytest.mark.parametrize(
    ("text", "old", "new", "message"),
    [
        (LICENCE, "act/v1", "act/v2", "act, line 1"),
        (LICENCE, "act licence", "act license", "act, line 2: 'license' is none of licence, submission, build"),
        (LICENCE, "log feed.example/log\n", "", "act, line 3: 'number 1' is not `log`"),
        (LICENCE, "log feed.example/log", "log feed example", "act, line 3: key name 'feed example'"),
        (LICENCE, "number 1", "number 01", "act, line 4"),
        (LICENCE, "number 1", "number 0", "the first has the number 1"),
        (LICENCE, f"from {START}", f"from {START + 30 * 86_400_000}", "is not after from"),
        (LICENCE, f"from {START}", f"from {TIME_LIMIT + 1}", "act, line 8: 253402300800000 is after the year 9999"),
        (LICENCE, "pay the fee", " pay the fee", "with no space around them"),
        (LICENCE, "pay the fee", "pay\tthe fee", r"act, line 11: character '\t'"),
        (LICENCE, "pay the fee", "x" * (TEXT_LIMIT + 1), "is not 1 to 2000 characters"),
        (LICENCE, " pay the fee", "", "act, line 11: '' is not 1 to 2000 characters"),
        (
            LICENCE,
            f"obligation {START + 864_000_000} report",
            f"obligation {START} report",
            "in the order of their times",
        ),
        (LICENCE, "report\n", "report", "the last line has no newline"),
        (LICENCE, "report\n", "report\n\n", "act, line 13: '' where the end should be"),
        (LICENCE, "report\n", "report\nbond 5\n", "act, line 13: 'bond 5' where the end should be"),
        (APPROVAL, "licence 1\n", "", "act, line 6: 'regions GB,US' is not `licence`"),
        (APPROVAL, digest_text(FIRST), digest_text(FIRST)[:-1] + "B", "is no digest in 43 characters"),
        (APPROVAL, "epoch-most 100000", "epoch-most 4294967296", "act, line 13: 4294967296 is not from 0 to 2^32 - 1"),
        (APPROVAL, "epoch-most 100000", "epoch-most -1", "act, line 13"),
        (APPROVAL, "epoch-least 1000", "epoch-least 100001", "an epoch of 100001 records at least and 100000 at most"),
        (APPROVAL, "epoch-least 1000\nepoch-most 100000", "epoch-least 0\nepoch-most 0", "cannot be"),
        (emergency().text(), "epoch-least 2000", "epoch-least 50001", "emergency: an epoch of 50001 records at least"),
        (admission().text(), "origin kuairand", "origin KuaiRand", "act, line 4: 'KuaiRand' is not 1 to 64 lower-case"),
        (admission().text(), "origin kuairand", "origin kuai rand", "act, line 4: 'kuai rand' is not 1 to 64"),
        (admission().text(), "rows 1000", "rows -1", "act, line 7"),
        (result().text(), "passed yes", "passed YES", "act, line 6: 'YES' is neither yes nor no"),
        (ORDER, "number 1", "number 0", "order: the first has the number 1"),
        (order_end(2).text(), "number 2", "number 0", "order-end: the first has the number 1"),
        (ORDER, "video 5", f"video {2**53}", "act, line 5: 9007199254740992 is not from 0 to 2^53 - 1"),
        (ORDER, "regions DE,US", "regions US,DE", "act, line 6: at least one, each once and in ascending order"),
        (ORDER, "regions DE,US", "regions ", "act, line 6: '' is not two capital letters"),
        (ORDER, "regions DE,US", "regions DE,us", "act, line 6: 'us' is not two capital letters"),
        (ORDER, f"until {START + 86_400_000}", f"until {START}", "order: until 1790000000000 is not after from"),
        (ORDER, "cap 1000", "cap 0", "order: a cap of 0 is no order"),
        (ORDER, "cap 1000", "cap 4294967296", "act, line 9: 4294967296 is not from 0 to 2^32 - 1"),
        (ORDER, "Sponsored", "x" * 101, "order, label: 101 characters, at most 100 are shown"),
        (ORDER, "label Sponsored\n", "", "act, line 10: 'reason the spring campaign' is not `label`"),
        (submission().text(), "base ", "base none", "is no digest"),
        (finding().text(), "record 7\n", "record\n", "act, line 5: 'record' is not `record` and what it is"),
        (finding().text(), "text ", "sentence ", "is not `text` and what it is"),
        (reveal().text(), "sampled 30", "sampled 251", "reveal: 0 of 251 sampled differ, of 250 pages: no such counts"),
        (report().text(), "number 1", "number 0", "report: the first has the number 1"),
        (report().text(), "start 0", "start 10", "report: upto 10 is not after start 10"),
        (report().text(), "start 0\n", "", "act, line 5: 'upto 10' is not `start` and what it is"),
        (verification().text(), "identical 249", "identical 248", "0 differing are not 250 pages"),
        (submission().text(), f"base {digest_text(CHARTER.baseline)}", f"base {digest_text(FIRST)}", "change itself"),
    ],
)
def test_what_is_no_act(text: str, old: str, new: str, message: str) -> None:
    assert text.count(old) == 1
    with pytest.raises(FormatError, match=re.escape(message)):
        parse_act(text.replace(old, new))


@pytest.mark.parametrize(
    ("act", "changes"),
    [
        (licence(), {"number": 0}),
        (licence(), {"until": TIME_LIMIT + 1}),
        (licence(), {"wind_down": -1}),
        (licence(), {"log": "two words"}),
        (licence(), {"obligations": (Obligation(5, "a\nact licence"),)}),
        (licence(), {"obligations": (Obligation(5, "b"), Obligation(5, "a"))}),
        (licence(), {"obligations": (Obligation(5, "a"), Obligation(5, "a"))}),
        (submission(), {"release": b"short"}),
        (submission(), {"base": FIRST}),
        (build(), {"cpu": ""}),
        (build(), {"cpu": "EPYC\nlicence 2"}),
        (result(), {"passed": "yes "}),
        (approval(), {"epoch_most": 2**32}),
        (approval(), {"epoch_least": 100_001}),
        (emergency(), {"epoch_least": 0, "epoch_most": 0}),
        (admission(), {"origin": "a\nb"}),
        (admission(), {"terms": ""}),
        (approval(), {"until": START}),
        (emergency(), {"until": START}),
        (emergency(), {"reason": "\udcff"}),
        (revocation(), {"reason": " "}),
        (draw(), {"number": -1}),
        (draw(), {"secret": bytes(31)}),
        (reveal(), {"sampled": 251}),
        (reveal(), {"differing": 31}),
        (reveal(), {"size": 2**63}),
        (verification(), {"pages": 251}),
        (verification(), {"identical": 0}),
        (verification(), {"inconclusive": 2}),
        (verification(), {"differing": 1}),
        (verification(), {"upto": -1}),
        (report(), {"upto": 0}),
        (report(), {"number": 0}),
        (report(), {"report": bytes(31)}),
        (finding(), {"record": -1}),
        (finding(), {"sentence": "two\nlines"}),
        (order(), {"regions": ()}),
        (order(), {"regions": ("DE", "DE")}),
        (order(), {"video": -1}),
        (order(), {"label": "a\nreason b"}),
    ],
)
def test_what_no_text_says(act: AnyAct, changes: dict[str, object]) -> None:
    with pytest.raises(FormatError, match=f"^{act.kind}"):
        replace(act, **changes)


def test_a_text_too_long_is_not_read() -> None:
    longest = replace(revocation(), reason="x" * TEXT_LIMIT)
    assert parse_act(longest.text()) == longest
    with pytest.raises(FormatError, match="at most 1048576 are read"):
        parse_act(LICENCE + f"obligation {TIME_LIMIT} x\n" * 50_000)
