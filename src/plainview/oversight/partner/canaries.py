"""Canary viewers: the partner's own, who register and ask as others do (how far, `browser` says). What they were shown
and sent is held against what the journal has of them, to the record."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec.structs import replace

from plainview.journal import Entry, JournalReader
from plainview.keys.client_session import ClientSession
from plainview.keys.client_viewer import ClientViewer
from plainview.ledger.errors import LedgerError
from plainview.oversight.mirror.files import MirrorFiles
from plainview.oversight.partner.app_client import App, Odd
from plainview.oversight.partner.opening import Unanswered
from plainview.oversight.receipts import Receipt, parse_receipt
from plainview.records import Event, Page, Viewer
from plainview.records.codec import Record, RecordError, decode, encode
from plainview.records.fields import DASHES, U53, Digest, DigestOrDashes, Token, to_bytes, to_text

PAGES = 4
"""Pages of a session, before another begins."""
LIMIT = 8
"""Videos of a page that are asked for."""
WATCHED = 2
"""Of which so many are watched."""
RECEIPTS = "receipts"
"""Where the answers lie, for whoever holds the log to its promises (`mirror.promises`)."""
GROWTHS = 3
"""Times that the log has to be seen to grow after an answer until whatever key its server had is known. A first look
may have begun before the answer, and a second may be shown what was published before that server's start."""
UNPROMISED = "unpromised"
"""Where it lies how many answers came without a promise."""
TIMES = 3
"""Answers without a promise, the log seen to grow between them, that are a finding."""
RUN = 100
"""Promises that hold, one after another, after which earlier answers without one are forgotten. Who leaves out every
hundredth, or more, is found by the third, the log seen to grow between them. An honest log that breaks every minute
leaves out those of answers that were in the making, for some ten milliseconds: one in 6,000, and three so near each
other come to two canaries once in ten years at most."""
AGE = "18+"
REGIONS = ("US", "GB", "DE", "FR", "BR", "JP", "IN")


class Seen(Record, frozen=True):
    """A page that a canary was shown."""

    index: U53
    commitment: Digest


class Sent(Record, frozen=True):
    """An event that a canary sent, in the words of its record."""

    id: Token
    page: U53
    position: U53
    video: U53
    watched: U53
    at: U53
    index: U53 | None
    """Where the operator said that it is; None where no answer came."""


class Canary(Record, frozen=True):
    """One canary, as it must be remembered: before anything is asked, and after the answer."""

    viewer: U53
    region: str
    own: Digest
    """The private key that the viewer registers."""
    id: Token
    """Of its registration."""
    seed: Digest
    """The private key that the session is named after."""
    n: U53
    """The page that is asked for next."""
    nonce: Token
    previous: DigestOrDashes
    """Commitment of the session's page before."""
    acknowledged: U53
    checked: U53
    """Records of the journal below it were compared."""
    pages: tuple[Seen, ...]
    """From `checked` on."""
    sent: tuple[Sent, ...]
    """From `checked` on, and those that nobody acknowledged."""

    @property
    def session(self) -> ClientSession:
        return ClientSession(to_bytes(self.seed))

    @property
    def told(self) -> dict[str, Any]:
        """Its one registration, as it is sent."""
        return ClientViewer(self.viewer, to_bytes(self.own)).told(self.id, self.region, AGE, "personal")


class Unpromised(Record, frozen=True):
    """Answers without a promise, to all canaries."""

    times: U53
    size: U53
    """Of the log that was known when the last of them was counted."""
    kept: U53
    """Promises that have held since the last answer without one."""


_NONE = Unpromised(times=0, size=0, kept=0)


class Wrong(NamedTuple):
    """What is wrong, and the record that it is about."""

    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    which: Literal["shown", "journaled"]
    detail: str
    """In words; of a page without a receipt that holds, the answer on the lines after the first."""


class Promised(NamedTuple):
    """By what a promise is judged, and whether that may be new."""

    check: Callable[[Receipt], object]
    """Raises LedgerError where by no charter that is known yet the log promised that receipt's page."""
    size: Callable[[], int]
    """Records of the log that are known."""


class _Doubt(NamedTuple):
    """An answer with a promise that did not hold: by an amendment that was not known yet, its key may be the log's."""

    receipt: Receipt
    wrong: Wrong
    """What is to be said where it never was."""
    size: int
    """Of the log when it was seen to grow last."""
    growths: int


class _Unreceipted(Exception):
    """A page was shown without a receipt that holds."""

    def __init__(self, wrong: Wrong) -> None:
        super().__init__(wrong.detail)
        self.wrong = wrong


class Canaries:
    """Lives in a directory that is there. `visit` and `compare` may be called from two threads: not one from two."""

    def __init__(
        self, directory: Path, app: App, number: int, clock: Callable[[], int], entropy: Callable[[int], bytes]
    ) -> None:
        """`clock` gives Unix milliseconds, `entropy(n)` n random bytes; there are to be `number` of them."""
        self._files = MirrorFiles(directory)
        self._app = app
        self._number = number
        self._clock = clock
        self._entropy = entropy
        self._changing = threading.Lock()
        self._doubts: dict[int, _Doubt] = {}
        """By viewer. A start forgets them: what goes on is met again."""

    def visit(self, promised: Promised) -> Iterator[Wrong]:
        """Each canary asks for a page and watches of it: what is wrong with what it was shown.

        Raises Unanswered, after which everything goes on where it was; and Odd, with each odd answer, after the last.
        """
        names = self._names()
        odd: list[str] = []
        # Another is the first each time: who leaves one of them unanswered does not keep the same others away for good.
        first = self._entropy(1)[0]
        for at in ((first + one) % self._number for one in range(self._number)):
            try:
                canary = self._read(names[at]) if at < len(names) else self._register()
                yield from self._visit(canary, promised)
            except _Unreceipted as error:  # it is asked for again
                yield error.wrong
            except Odd as error:
                odd.append(str(error))
            except Unanswered as error:
                raise Unanswered("; ".join([*odd, str(error)])) from error
        if odd:
            raise Odd("; ".join(odd))

    def compare(self, journal: JournalReader) -> Iterator[Wrong]:
        """What the journal has of canaries and they did not do, and what they did and it has not. JournalDamaged."""
        size = journal.size
        for name in self._names():
            canary = self._read(name)
            entries = list(journal.owned(f"viewer:{canary.viewer}", canary.checked, size))
            unheard = [entry for entry in entries if _unheard(canary, entry.record)]
            yield from self._compare(canary, entries, size)
            # A page that was not heard of is asked for again, and compared then; of an event there is nothing to hear.
            upto = min((entry.index for entry in unheard if isinstance(entry.record, Page)), default=size)
            there = {entry.record.id for entry in unheard if isinstance(entry.record, Event) and entry.index < upto}
            with self._changing:
                now = self._read(name)  # a visit may have come in between
                self._write(
                    _with(
                        now,
                        checked=upto,
                        pages=tuple(one for one in now.pages if one.index >= upto),
                        sent=tuple(
                            one for one in now.sent if one.id not in there and (one.index is None or one.index >= upto)
                        ),
                    )
                )

    def _register(self) -> Canary:
        region = REGIONS[self._entropy(1)[0] % len(REGIONS)]
        canary = Canary(
            viewer=int.from_bytes(self._entropy(8)) & (2**53 - 1), region=region, own=self._seed(), id=self._token(),
            seed=self._seed(), n=0, nonce=self._token(), previous=DASHES, acknowledged=0, checked=0, pages=(), sent=(),
        )  # fmt: skip
        self._app.register(canary.told)
        return self._write(canary)

    def _visit(self, canary: Canary, promised: Promised) -> Iterator[Wrong]:
        if canary.n and self._entropy(1)[0] % 2:
            again, _, _ = self._asked(canary, canary.n - 1, self._token(), "again", promised)
            if again.commitment != canary.previous:
                yield Wrong(
                    again.index, "shown", f"page {canary.n - 1} of its session, asked for again, was another one"
                )
        receipt, page, answer = self._asked(canary, canary.n, canary.nonce, "", promised)
        yield from (Wrong(receipt.index, "shown", detail) for detail in _shown(canary, page, answer))
        yield from self._watch(canary, receipt, page)

    def _asked(
        self, canary: Canary, n: int, nonce: str, which: str, promised: Promised
    ) -> tuple[Receipt, Page, dict[str, Any]]:
        """Page `n` of its session, with its receipt, which is kept, and the whole answer. Raises _Unreceipted, and Odd
        for what an honest operator might answer, too."""
        data, answer = self._app.page(
            viewer=canary.viewer, session=canary.session.name, n=n, nonce=nonce, limit=LIMIT,
            acknowledged=canary.acknowledged,
        )  # fmt: skip

        def wrong(why: object) -> Wrong:
            said = f"no receipt that holds came with page {n} of its session: {why}"
            return Wrong(max(canary.acknowledged - 1, 0), "shown", f"{said}\n{data.decode('utf-8', 'replace')}")

        try:
            receipt = _receipt(answer)
            receipt.entry()
        except LedgerError as error:
            if all(number is None for number in _numbers(answer)):
                raise Odd(f"viewer {canary.viewer} was given what is no page ({data[:200]!a})") from error
            raise _Unreceipted(wrong(error)) from error
        self._hold(canary.viewer, receipt, wrong, promised)
        self._files.write(f"{RECEIPTS}/{receipt.index}{which}.json", msgspec.json.encode(receipt))
        try:
            return receipt, decode(Page, receipt.body.encode()), answer
        except RecordError as error:  # the log is held to it, and whoever re-runs it says what it is
            raise Odd(f"the receipt of viewer {canary.viewer} is of no page that can be read: {error}") from error

    def _hold(self, viewer: int, receipt: Receipt, wrong: Callable[[object], Wrong], promised: Promised) -> None:
        """Raises Odd where the receipt's promise does not hold by what is known, and _Unreceipted for one that still
        does not when the log has shown whose key it might have been.

        None at all is what an honest server answers where its log ends its service at that very moment; from then on it
        shows nobody a page until it can promise again. So it is told by how often that comes, of whichever page.
        """
        refused = _refused(receipt, promised)
        before = self._unpromised()
        now = _counted(before, receipt, refused, promised.size())
        if now != before:
            self._files.write(UNPROMISED, encode(now))
        if now.times > max(before.times, TIMES - 1):
            said = f"its promise is empty, as in {now.times - 1} answers before, and the log grew after each of these"
            raise _Unreceipted(wrong(said))
        doubt = self._doubts.pop(viewer, None)
        if doubt is not None:
            if (size := promised.size()) > doubt.size:
                doubt = doubt._replace(size=size, growths=doubt.growths + 1)
            if doubt.growths < GROWTHS:
                self._doubts[viewer] = doubt
            elif _refused(doubt.receipt, promised):
                raise _Unreceipted(doubt.wrong)
        if refused:
            if receipt.promise:
                self._doubts.setdefault(viewer, _Doubt(receipt, wrong(refused), promised.size(), 0))
            raise Odd(f"a page of viewer {viewer} has a receipt that nobody known here promised: {refused}")

    def _watch(self, canary: Canary, receipt: Receipt, page: Page) -> Iterator[Wrong]:
        """Remember the page, then what is sent of it, then what was acknowledged."""
        over = canary.n + 1 >= PAGES
        sent = tuple(
            Sent(
                id=self._token(), page=receipt.index, position=position, video=item.video,
                watched=1000 + 10 * self._entropy(1)[0], at=self._clock(), index=None,
            )
            for position, item in enumerate(page.items[:WATCHED])
        )  # fmt: skip
        with self._changing:
            now = self._read(str(canary.viewer))
            self._write(
                _with(
                    now,
                    seed=self._seed() if over else canary.seed,
                    n=0 if over else canary.n + 1,
                    nonce=self._token(),
                    previous=DASHES if over else receipt.commitment,
                    acknowledged=max(canary.acknowledged, receipt.index + 1),
                    pages=(*now.pages, Seen(index=receipt.index, commitment=receipt.commitment)),
                    sent=(*now.sent, *sent),
                )
            )
        indexes = self._app.view([canary.session.signed(_event(canary, one)) for one in sent]) if sent else []
        taken = {one.id: index for one, index in zip(sent, indexes, strict=True)}
        with self._changing:
            now = self._read(str(canary.viewer))
            self._write(
                _with(
                    now,
                    acknowledged=max([now.acknowledged, *(index + 1 for index in indexes if index is not None)]),
                    sent=tuple(_with(one, index=taken[one.id]) if one.id in taken else one for one in now.sent),
                )
            )
        for one, index in zip(sent, indexes, strict=True):
            if index is None:
                yield Wrong(receipt.index, "shown", f"the view of its video {one.video} was refused")

    def _compare(self, canary: Canary, entries: list[Entry], size: int) -> Iterator[Wrong]:
        pages = {one.index: one for one in canary.pages if one.index < size}
        sent = {one.id: one for one in canary.sent}
        acknowledged = {one.index: one for one in canary.sent if one.index is not None and one.index < size}
        for entry in entries:
            record, index = entry.record, entry.index
            match record:
                case Page():
                    seen = pages.pop(index, None)
                    if seen is None and not _unheard(canary, record):
                        yield Wrong(index, "journaled", "a page of the partner's own viewer, which never asked for it")
                    elif seen is not None and to_text(entry.commitment or b"") != seen.commitment:
                        yield Wrong(index, "journaled", "another page than the partner's own viewer was given as that")
                case Event():
                    acknowledged.pop(index, None)
                    one = sent.get(record.id)
                    if one is None or _event(canary, one) != _told(record):
                        yield Wrong(index, "journaled", "an event of the partner's own viewer, which never sent it")
                    elif one.index is not None and one.index != index:
                        yield Wrong(index, "journaled", f"an event that was acknowledged as record {one.index}")
                case Viewer() if {name: getattr(record, name) for name in canary.told} == canary.told:
                    pass
                case _:
                    told = f"a {entry.kind} of the partner's own viewer, which did no such thing"
                    yield Wrong(index, "journaled", told)
        for index in sorted({*pages, *acknowledged}):
            yield Wrong(index, "journaled", "not what the partner's own viewer was told that it is")

    def _names(self) -> list[str]:
        return sorted(name for path in self._files.names(".") if (name := path.removeprefix("./")).isdecimal())

    def _read(self, name: str) -> Canary:
        data = self._files.read(name)
        assert data is not None
        return decode(Canary, data)

    def _unpromised(self) -> Unpromised:
        data = self._files.read(UNPROMISED)
        return _NONE if data is None else decode(Unpromised, data)

    def _write(self, canary: Canary) -> Canary:
        self._files.write(str(canary.viewer), encode(canary))
        return canary

    def _token(self) -> str:
        return to_text(self._entropy(16))

    def _seed(self) -> str:
        return to_text(self._entropy(32))


def _unheard(canary: Canary, record: Record) -> bool:
    """Whether it is what the canary asked for or sent last, and heard no answer to."""
    if isinstance(record, Page):
        return (record.session, record.n, record.request.nonce) == (canary.session.name, canary.n, canary.nonce)
    return isinstance(record, Event) and any(one.id == record.id and one.index is None for one in canary.sent)


def _shown(canary: Canary, page: Page, answer: dict[str, Any]) -> Iterator[str]:
    """What the page's record says and was not asked for, or not shown."""
    request = page.request
    asked = {
        "viewer": (canary.viewer, page.viewer),
        "session": (canary.session.name, page.session),
        "number": (canary.n, page.n),
        "nonce": (canary.nonce, request.nonce),
        "limit": (LIMIT, request.limit),
        "region": (canary.region, request.region),
        "last acknowledged index": (canary.acknowledged, request.acknowledged),
        "page before": (canary.previous, page.previous),
    }
    for name, (here, there) in asked.items():
        if here != there:
            yield f"its record has another {name} than the partner's viewer: {there!a:.60}, not {here!a:.60}"
    numbers = _numbers(answer)
    recorded = [item.video for item in page.items]
    # A video whose own record is damaged has no card, and says so.
    if len(numbers) != len(recorded) or any(
        one not in (None, other) for one, other in zip(numbers, recorded, strict=True)
    ):
        yield f"the partner's viewer was shown the videos {numbers}, and its record has {recorded}"


def _numbers(answer: dict[str, Any]) -> list[Any]:
    """Of the videos that were shown; None for one that has no card."""
    videos = answer.get("videos")
    cards = [one.get("video") if isinstance(one, dict) else None for one in videos] if isinstance(videos, list) else []
    return [card.get("id") if isinstance(card, dict) else None for card in cards]


def _receipt(answer: dict[str, Any]) -> Receipt:
    """What a client reads of the receipt in an answer: what another version may say there beside that is left out.

    Raises FormatError.
    """
    found = answer.get("receipt")
    if isinstance(found, dict):
        found = {name: found[name] for name in Receipt.__struct_fields__ if name in found}
    return parse_receipt(msgspec.json.encode(found))


def _refused(receipt: Receipt, promised: Promised) -> str:
    """Why its promise does not hold; empty where it does."""
    try:
        promised.check(receipt)
    except LedgerError as error:
        return str(error)
    return ""


def _counted(before: Unpromised, receipt: Receipt, refused: str, size: int) -> Unpromised:
    """With this answer, which came when `size` records of the log were known."""
    if not receipt.promise:
        grown = not before.times or size > before.size
        return Unpromised(times=before.times + 1, size=size, kept=0) if grown else replace(before, kept=0)
    if refused or not before.times:
        return before
    return replace(before, kept=before.kept + 1) if before.kept + 1 < RUN else _NONE


def _event(canary: Canary, one: Sent) -> dict[str, Any]:
    return {
        "id": one.id, "viewer": canary.viewer, "page": one.page, "position": one.position, "video": one.video,
        "action": "view", "watched": one.watched, "at": one.at,
    }  # fmt: skip


def _told(event: Event) -> dict[str, Any]:
    """What a client said of an event."""
    return {
        "id": event.id, "viewer": event.viewer, "page": event.page, "position": event.position, "video": event.video,
        "action": event.action, "watched": event.watched, "at": event.at,
    }  # fmt: skip


def _with(record: Any, **changes: object) -> Any:
    fields = {name: getattr(record, name) for name in record.__struct_fields__}
    return type(record)(**(fields | changes))
