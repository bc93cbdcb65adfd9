"""What of a page's grounds cannot be so, by those acts themselves and the revocations that are known.

A page names all acts that let its release rank. So what other acts there are changes nothing: a later approval would be
among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from plainview.journal.fence import why_unfounded
from plainview.ledger.act_signers import check_signers
from plainview.ledger.acts import AnyAct, Approval, Emergency, Extension, Licence, Revocation, parse_act
from plainview.ledger.charters import Charter, parse_charter
from plainview.ledger.errors import LedgerError
from plainview.ledger.notes import Note, parse_note
from plainview.ledger.standing import Grant, Licensed, why_not_held
from plainview.records import Act, Page
from plainview.records.charter import Charter as CharterRecord
from plainview.records.codec import Record
from plainview.records.digests import traffic_draw
from plainview.records.fields import to_bytes


def unfounded(index: int, page: Page, records: Mapping[int, Record], kinds: Mapping[int, str]) -> Iterator[str]:
    """Why its release may not have ranked it, in sentences.

    Where an act that it names is not here, or cannot be read, only what no other act could change is said.
    """
    if unfit := why_unfounded(page):
        yield unfit
    if page.request.mode != "personal":
        return
    acts: dict[int, AnyAct] = {}
    for at in page.grounds:
        if at >= index:
            yield f"it rests on record {at:,}, which comes after it"
            return
        record = records.get(at)
        if record is None and kinds.get(at, "act") == "act":
            continue
        if not isinstance(record, Act) or not record.counts:
            yield f"it rests on record {at:,}, which is no act that counts"
            return
        if (act := _read(record)) is not None:
            acts[at] = act
    whole = len(acts) == len(page.grounds)
    release = to_bytes(page.release)
    grants = {at: act for at, act in acts.items() if isinstance(act, (Approval, Emergency)) and act.release == release}
    if not grants and whole:
        yield "it is personal, and rests on no approval and no emergency of its release"
    stops = [at for at in sorted(records) if at < index and _stops(at, release, records)]
    for at, granted in grants.items():
        ended = next((f"the revocation of record {stop:,}" for stop in stops if stop > at), None)
        grant = Grant(granted, at, _until(granted, acts), (), None, ended)
        request, draw = page.request, traffic_draw(to_bytes(page.session))
        held = why_not_held(grant, _licence(granted.licence, acts), page.time) if whole or ended else None
        if reason := held or granted.scope.leaves_out(request.region, request.surface, draw):
            yield f"it rests on the {granted.kind} of record {at:,}, and by what it names that does not hold: {reason}"


def charter_before(index: int, records: Mapping[int, Record]) -> Charter | None:
    """The last before that index of those that are here; whether it is in force is not asked."""
    found = max((at for at, other in records.items() if isinstance(other, CharterRecord) and at < index), default=None)
    if found is None:
        return None
    record = records[found]
    assert isinstance(record, CharterRecord)
    with suppress(LedgerError):
        return parse_charter(_note(record).text)
    return None


def _licence(number: int, acts: Mapping[int, AnyAct]) -> Licensed | None:
    for at, act in acts.items():
        if isinstance(act, Licence) and act.number == number:
            return Licensed(act, _until(act, acts), (at,))
    return None


def _until(act: Licence | Approval | Emergency, acts: Mapping[int, AnyAct]) -> int:
    """As those acts extend it."""
    ends = (one.until for one in acts.values() if isinstance(one, Extension) and one.extends == act.digest())
    return max((act.until, *ends))


def _stops(at: int, release: bytes, records: Mapping[int, Record]) -> bool:
    """Whether the record there is a revocation of that release that counts, signed as the charter before it asks."""
    record = records[at]
    act = _read(record) if isinstance(record, Act) and record.counts else None
    if not isinstance(act, Revocation) or act.release != release or (charter := charter_before(at, records)) is None:
        return False
    with suppress(LedgerError):
        assert isinstance(record, Act)
        check_signers(_note(record), act.kind, charter, record.time)
        return act.log == charter.origin
    return False


def _read(record: Act) -> AnyAct | None:
    """None for one that this version cannot read."""
    with suppress(LedgerError):
        return parse_act(_note(record).text)
    return None


def _note(record: Act | CharterRecord) -> Note:
    return parse_note(record.note.encode("utf-8", "surrogatepass"))
