"""What records prove by themselves, without re-running anything: for findings, and for whoever checks one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import suppress

from plainview.feed.configuration import Configuration, Manifest
from plainview.journal.authorship import (
    Cited,
    NotTheirs,
    check_choice,
    check_event,
    check_registration,
    registered_key,
)
from plainview.moderation.rules.decisions import why_beyond
from plainview.moderation.rules.pack import Rules, rules_of
from plainview.oversight.grounds import charter_before, unfounded
from plainview.oversight.tallies import contradictions
from plainview.records import Decision, Epoch, Event, Page, Release, Setting, Tally, Viewer, decode
from plainview.records.codec import Record, RecordError
from plainview.records.digests import epoch_digest
from plainview.records.fields import DASHES, to_bytes, to_text


def judge(index: int, records: Mapping[int, Record], kinds: Mapping[int, str]) -> list[str]:
    """What is wrong with that record, by itself and the other `records` of its log, by their indexes: sentences.

    `kinds` are those of more records of the log, as far as their leaves tell.

    Each holds whatever else is in the log, but for an amendment that is not among them: an empty list says nothing.
    """
    record = records.get(index)
    match record:
        case Page():
            return [*_page(index, record, records), *unfounded(index, record, records, kinds)]
        case Epoch():
            return list(_epoch(index, record, records))
        case Decision():
            return list(_decision(index, record, records, kinds))
        case Tally():
            return list(_tally(index, record, records, kinds))
        case Event():
            return list(_event(index, record, records, kinds))
        case Setting() | Viewer():
            return list(_told(index, record, records))
        case _:
            return []


def _page(index: int, page: Page, records: Mapping[int, Record]) -> Iterator[str]:
    configuration = _configuration(page, records)
    for at, other in records.items():
        if isinstance(other, Epoch) and other.epoch == page.epoch:
            if other.digest != page.epoch_digest:
                yield f"it pins epoch {page.epoch} with another digest than record {at}, which is that epoch"
            elif configuration is not None and index - other.upto > configuration.max_lag:
                lag = index - other.upto
                yield f"its epoch lags {lag:,} records, and its release allows {configuration.max_lag:,}"
        elif isinstance(other, Page) and at != index and (other.session, other.n) == (page.session, page.n):
            yield f"record {at} is page {page.n} of the same session, too"
        if getattr(other, "viewer", None) == page.viewer and page.viewer_upto <= at < min(
            page.request.acknowledged, index
        ):
            yield f"record {at}, its viewer's own, was acknowledged to the client, and the page did not see it"
    charter = charter_before(index, records)
    if charter is not None and (apart := abs(page.time - page.now)) > (allowed := charter.bounds.now_tolerance):
        yield f"its now and its journal time are {apart:,} ms apart, and {allowed:,} are allowed"
    if page.viewer_upto > index:
        yield f"it says that it saw its viewer's records below {page.viewer_upto:,}, which come after it"


def _epoch(index: int, epoch: Epoch, records: Mapping[int, Record]) -> Iterator[str]:
    if to_bytes(epoch.digest) != epoch_digest(to_bytes(epoch.parent), epoch.upto, to_bytes(epoch.delta)):
        yield "its digest is not that of its parent, upto and delta"
    if epoch.upto > index:
        yield f"it has folded in records below {epoch.upto:,}, which come after it"
    for at, other in records.items():
        if isinstance(other, Epoch) and at < index and other.epoch + 1 == epoch.epoch and other.digest != epoch.parent:
            yield f"its parent is not the digest of record {at}, the epoch before"


def _decision(index: int, decision: Decision, records: Mapping[int, Record], kinds: Mapping[int, str]) -> Iterator[str]:
    """By the policies that it names itself, which a release's record brings; and by that release's regions where the
    leaves between show that no other came. Or one with the same policies and other regions could be left out."""
    found: dict[int, Rules] = {}
    for at, other in records.items():
        with suppress(ValueError):
            if isinstance(other, Release) and (rules := rules_of(other)).name.digest == decision.pack:
                found[at] = rules
    for at, rules in sorted(found.items(), reverse=True):  # the last before it first, whose regions may count
        in_charge = at < index and all(kinds.get(one, "release") != "release" for one in range(at + 1, index))
        if why := why_beyond(rules if in_charge else rules._replace(regions=()), decision):
            yield f"by the policies of record {at}, which it names, it may not be: {why}"
            return


def _tally(index: int, tally: Tally, records: Mapping[int, Record], kinds: Mapping[int, str]) -> Iterator[str]:
    if not tally.first < tally.upto <= index:
        yield f"its range begins at record {tally.first:,} and ends at {tally.upto:,}"
    for at, other in records.items():
        if isinstance(other, Tally) and at < index and tally.first < other.upto:
            yield f"its range begins at record {tally.first:,}, and that of record {at:,}, before it, ends behind that"
    shown = [kinds.get(one) for one in range(tally.first, tally.upto)] if tally.upto <= len(kinds) + tally.first else []
    if shown and None not in shown:
        yield from (said for _, said in contradictions(tally, shown.count("page")))


def _event(index: int, event: Event, records: Mapping[int, Record], kinds: Mapping[int, str]) -> Iterator[str]:
    """By the record that it cites, if that is here, or by its leaf."""
    cited = records.get(event.page)
    if event.page < index and cited is None and kinds.get(event.page, "page") == "page":
        return  # it may be the one
    try:
        check_event(event, Cited.of(cited) if isinstance(cited, Page) and event.page < index else None)
    except NotTheirs as error:
        yield str(error)


def _told(index: int, record: Setting | Viewer, records: Mapping[int, Record]) -> Iterator[str]:
    """Whichever registration is the viewer's first: what they tell and choose after one is signed by its key."""
    for at, other in records.items():
        if at < index and isinstance(other, Viewer) and other.viewer == record.viewer:
            if (held := registered_key([other])) == DASHES:
                continue
            try:
                check_choice(record, held) if isinstance(record, Setting) else check_registration(record, held)
            except NotTheirs:
                yield f"the key that its viewer registered by record {at:,} has not signed it"


def _configuration(page: Page, records: Mapping[int, Record]) -> Configuration | None:
    """That of the page's release, whose record holds the manifest."""
    for other in records.values():
        if isinstance(other, Release) and other.digest == page.release:
            manifest = other.manifest.encode("utf-8", "surrogatepass")
            with suppress(RecordError):
                if to_text(hashlib.sha256(manifest).digest()) == page.release:
                    return decode(Manifest, manifest).configuration
    return None
