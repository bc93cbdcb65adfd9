"""The numbers of a report, out of the log's records: the same for who draws it up and for who computes it again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from fractions import Fraction

from plainview.ledger.acts import Reveal, Verification, parse_act
from plainview.ledger.errors import FormatError
from plainview.ledger.notes import parse_note
from plainview.ledger.spelling import TIME_LIMIT, moment
from plainview.oversight.contradictions import ORDERED
from plainview.oversight.public_entries import leaf_kind, public_record, public_time
from plainview.oversight.reports.report import OPENED, PUBLIC, Mark, Number
from plainview.oversight.sampling import most_tampered
from plainview.records import KIND_OF, KINDS, Access, Act, Decision, Epoch, Order, Page, Record, Refusal
from plainview.records import PUBLIC as PUBLIC_KINDS

DAY = 86_400_000
"""Milliseconds: a day is one of journal time, in UTC."""

PRIVATE_LEAVES = ("page", "personal")


class Counting:
    """The log's records from 0 on as they come, in index order; counted are those from `start` on and below `upto`."""

    def __init__(self, start: int, upto: int) -> None:
        self._start = start
        self.upto = upto
        self.time = 0
        """Newest journal time that a public one of them says; 0 where there is none."""
        self._public: Counter[str] = Counter()
        self._opened: Counter[str] = Counter()
        self._reveals: list[Reveal] = []
        self._days: Counter[int] = Counter()
        """Pages, by day."""
        self._ordered: Counter[int] = Counter()
        """Of these, those on which any order placed a video."""
        self._by_order: dict[int, Counter[int]] = {}
        """And a certain one, by its number."""
        self._shown: Counter[int] = Counter()
        """Videos that an order placed, by its number."""

    def take(self, index: int, entry: bytes, record: Record | None) -> None:
        """Take up the log's next entry, and the record whose leaf it is: None where it is private and not opened."""
        if not self._start <= index < self.upto:
            return
        self.time = max(self.time, public_time(entry) or 0)
        kind = leaf_kind(entry)
        if kind in PUBLIC_KINDS:
            self._public[f"records {kind}"] += 1
            if record is None:
                with suppress(FormatError):
                    record = public_record(kind, KINDS[kind], entry)
            self._public_one(record)
            return
        self._public[f"records {kind if kind in PRIVATE_LEAVES else 'unknown'}"] += 1
        if record is None:
            self._opened["records unread"] += 1
        elif isinstance(record, Page):
            self._page(record)
        else:
            self._opened[f"records {KIND_OF[type(record)]}"] += 1

    def numbers(self, verification: Verification, *, opened: bool) -> tuple[Number, ...]:
        """All of them, in the order of a report; where not all was `opened` that could be, the public ones alone.

        `verification` says what came of re-running all pages below `upto`.
        """
        found = [*_listed(PUBLIC, self._public, ("records personal", "epochs", "findings", "refusals"))]
        found += [
            Number(PUBLIC, f"rerun {name}", str(getattr(verification, name)))
            for name in ("pages", "identical", "inconclusive", "differing")
        ]
        for one in self._reveals:
            values = {"pages": f"{one.pages}", "sampled": f"{one.sampled}", "differing": f"{one.differing}"}
            if one.pages:
                most = most_tampered(one.pages, one.sampled, one.differing)
                values["tampered-at-most"] = f"{most}/{one.pages}"
            found += [Number(PUBLIC, f"draw {one.number} {name}", value) for name, value in values.items()]
        if opened:
            always = ("records unread", "pages personal", "pages plain", "pages baseline", "videos shown")
            found += _listed(OPENED, self._opened, always)
            found += self._of_orders()
        return tuple(found)

    def _public_one(self, record: Record | None) -> None:
        match record:
            case Act() | Order():
                with suppress(FormatError, UnicodeEncodeError):
                    self._act(record)
            case Decision():
                kind = "lifted" if record.effect == "lift" else record.restriction.replace("_", "-")
                self._public[f"decisions {kind}"] += 1
            case Refusal():
                self._public["refusals"] += 1
                self._public[f"refused {record.kind}"] += record.rows
            case Access():
                granted = "granted" if record.granted else "refused"
                self._public[f"accesses {record.purpose} {granted}"] += 1
                self._public[f"accesses {record.purpose} records"] += record.granted * (record.until - record.first)
            case Epoch():
                self._public["epochs"] += 1
            case _:
                pass

    def _act(self, record: Act | Order) -> None:
        if not record.counts:
            self._public["acts refused"] += 1
            return
        act = parse_act(parse_note(record.note.encode()).text)
        self._public[f"acts {act.kind}"] += 1
        self._public["findings"] += act.kind == "finding"
        if isinstance(act, Reveal):
            self._reveals.append(act)

    def _page(self, page: Page) -> None:
        day = page.time // DAY
        self._days[day] += 1
        mode = "baseline" if page.wanted != page.request.mode == "plain" else page.request.mode
        self._opened[f"pages {mode}"] += 1
        self._opened["videos shown"] += len(page.items)
        for arm in page.arms:
            self._opened[f"arm {arm} pages"] += 1
        self._ordered[day] += any(item.selector == ORDERED for item in page.items)
        for number in set(page.orders):
            self._by_order.setdefault(number, Counter())[day] += 1
        self._shown.update(page.orders)

    def _of_orders(self) -> Iterator[Number]:
        yield from self._shares("pages ordered", self._ordered)
        videos = self._opened["videos shown"]
        for number, days in sorted(self._by_order.items()):
            yield from self._shares(f"order {number} pages", days)
            yield Number(OPENED, f"order {number} videos", _ratio(self._shown[number], videos))

    def _shares(self, name: str, days: Mapping[int, int]) -> Iterator[Number]:
        """Of all pages, and of those of the day on which it was most, the earliest of such."""
        yield Number(OPENED, name, _ratio(sum(days.values()), self._days.total()))
        some = [day for day, count in days.items() if count]
        if some:
            day = max(some, key=lambda day: (Fraction(days[day], self._days[day]), -day))
            yield Number(OPENED, f"{name} on {_date(day)}", _ratio(days[day], self._days[day]))


def _listed(mark: Mark, counts: Mapping[str, int], always: Iterable[str]) -> Iterator[Number]:
    """By name. What is none is left out, but for what is `always` there."""
    named = dict.fromkeys(always, 0) | {name: count for name, count in counts.items() if count}
    return (Number(mark, name, str(count)) for name, count in sorted(named.items()))


def _ratio(part: int, whole: int) -> str:
    return f"{part}/{whole}" if whole else "0"


def _date(day: int) -> str:
    return moment(day * DAY)[:10] if day * DAY <= TIME_LIMIT else f"day-{day}"
