"""Which controls a finding bears on: while it is among the partner's findings, none of them is met."""

from __future__ import annotations

from plainview.ledger.acts import Revocation, parse_act
from plainview.ledger.errors import LedgerError
from plainview.ledger.notes import parse_note
from plainview.oversight.controls.evidence import Found

MISBEHAVIOUR, BROKEN_PROMISE = "misbehaviour", "broken promise"

_OF: dict[str, frozenset[int]] = {
    # A page that is not what it should be may have lost a video by nothing that is written down.
    "re-run": frozenset({14, 32}),
    "act": frozenset({39}),
    "opening": frozenset({14, 21, 32}),
    "swallowed": frozenset({39}),
    "access": frozenset({24, 39}),
    "draw": frozenset({14, 15, 32}),
    "canary": frozenset({16}),
    "clock": frozenset({11}),
    "rewritten": frozenset({41}),
    "ui": frozenset({1, 19, 20}),
    "tally": frozenset({16}),
    MISBEHAVIOUR: frozenset({41}),
    BROKEN_PROMISE: frozenset({13}),
}
WORD = frozenset({"opening", "swallowed", "access", "canary", "rewritten", "ui"})
"""Kinds of which a file proves the records, and not what was found: that is the partner's word
(`oversight.findings.NOT_PROVEN`)."""
_ELSE = frozenset({2, 17})
"""Of a page that is not what its release computes: another code ranked it, or a hand that no order names. Which, nobody
can tell from outside."""
_STAGES: dict[str, tuple[tuple[str, frozenset[int]], ...]] = {
    "re-run": (
        ("bounds: licence", frozenset({2, 5})),
        ("bounds: release", frozenset({1, 2})),
        ("bounds: closed", frozenset({2})),
        ("bounds: epoch", frozenset({8})),
        ("bounds: origin", frozenset({9})),
        ("bounds: decision", frozenset({30})),
        ("bounds: clock", frozenset({11})),
        ("bounds: session", frozenset({16})),
        ("bounds: tally", frozenset({16})),
        ("bounds: order", frozenset({17})),
        ("bounds: act", frozenset({39})),
        ("bounds: charter", frozenset({39})),
        ("epoch", frozenset({8})),
        ("event", frozenset({8})),
        ("journal", frozenset({21})),
        ("receipt: arms", frozenset({18})),
        ("receipt: orders", frozenset({17})),
        ("viewer: ", frozenset({20})),
        ("viewer state", frozenset({20})),
        *((stage, _ELSE) for stage in ("retrieval: ", "filter: ", "scoring", "value", "selection: ", "trace")),
    ),
    "canary": (("shown", frozenset({12})),),
}
"""By how the stage begins: what it bears on beside what all of its kind do."""


def bears_on(found: Found) -> frozenset[int]:
    """The controls, by their numbers; at least one."""
    numbers = _OF.get(found.what, frozenset({43}))
    for beginning, others in _STAGES.get(found.what, ()):
        if found.stage.startswith(beginning):
            numbers |= others
    if found.what == "swallowed" and _revokes(found.act):
        numbers |= {6}
    return numbers


def _revokes(note: str) -> bool:
    try:
        return isinstance(parse_act(parse_note(note.encode()).text), Revocation)
    except (LedgerError, UnicodeEncodeError):
        return False
