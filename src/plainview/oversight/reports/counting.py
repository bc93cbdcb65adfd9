"""The numbers of a report, out of the log's records: the same for who draws it up and for who computes it again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import TypeVar

from plainview.ledger.acts import Reveal, Verification, parse_act
from plainview.ledger.errors import FormatError
from plainview.ledger.notes import parse_note
from plainview.ledger.spelling import TIME_LIMIT, moment
from plainview.ledger.standing import Standing
from plainview.oversight.contradictions import ORDERED
from plainview.oversight.public_entries import leaf_kind, public_record
from plainview.oversight.reports.report import OPENED, PUBLIC, Mark, Number
from plainview.oversight.sampling import MOST_DRAWN, most_tampered
from plainview.records import KIND_OF, KINDS, Access, Act, Decision, Epoch, Order, Page, Record, Refusal
from plainview.records import PUBLIC as PUBLIC_KINDS

DAY = 86_400_000
"""Milliseconds: a day is one of journal time, in UTC."""

PRIVATE_LEAVES = ("page", "personal")
ACTS = ("act", "order")
"""Kinds of the records of acts."""
ARMS, ORDERS, DRAWS = 100, 1_000, 100
"""That are named at most, those on most pages and the last draws; the others are counted together: a report is to stay
readable, and soon computed."""

_Key = TypeVar("_Key", int, str)


class Counting:
    """The log's records from 0 on as they come, in index order; counted are those from `start` on and below `upto`."""

    def __init__(self, start: int, upto: int) -> None:
        self._start = start
        self.upto = upto
        self._pages = 0
        """Those from record 0 on, as their leaves say."""
        self._pages_below: dict[int, int] = {}
        """So many were below an index that follows on an act: of such a size is the tree of a draw."""
        self._public: Counter[str] = Counter()
        self._opened: Counter[str] = Counter()
        self._acts: list[tuple[int, str]] = []
        """Index and kind of each, as its record says."""
        self._arms: Counter[str] = Counter()
        """Pages, by arm."""
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
        if index >= self.upto:
            return
        kind = leaf_kind(entry)
        self._pages += kind == "page"
        if kind in ACTS:
            self._pages_below[index + 1] = self._pages
        if index < self._start:
            return
        if kind in PUBLIC_KINDS:
            self._public[f"records {kind}"] += 1
            if record is None:
                with suppress(FormatError):
                    record = public_record(kind, KINDS[kind], entry)
            self._public_one(index, record)
            return
        self._public[f"records {kind if kind in PRIVATE_LEAVES else 'unknown'}"] += 1
        if record is None:
            self._opened["records unread"] += 1
        elif isinstance(record, Page):
            self._page(record)
        else:
            self._opened[f"records {KIND_OF[type(record)]}"] += 1

    def numbers(
        self, verification: Verification, standing: Standing, wrong: Collection[int], *, opened: bool
    ) -> tuple[Number, ...]:
        """All of them, in the order of a report; where not all was `opened` that could be, the public ones alone.

        `verification` says what came of re-running all pages below `upto`. `standing` is what the log's acts come to,
        judged again, after `upto` or later, and `wrong` are the indexes of those that were taken down as what they are
        not: what a record says of itself is not believed.
        """
        public = Counter(f"acts {'wrong' if index in wrong else kind}" for index, kind in self._acts)
        public["findings"] = sum(self._start <= one.index < self.upto for one in standing.findings)
        found = [*_listed(PUBLIC, self._public + public, ("records personal", "epochs", "findings", "refusals"))]
        found += [
            Number(PUBLIC, f"rerun {name}", str(getattr(verification, name)))
            for name in ("pages", "identical", "inconclusive", "differing")
        ]
        found += self._of_draws([one.act for one in standing.reveals if self._start <= one.index < self.upto])
        if opened:
            always = ("records unread", "pages personal", "pages plain", "pages baseline", "videos shown")
            named = _most(self._arms, ARMS)
            arms = {f"arm {arm} pages": self._arms[arm] for arm in named}
            arms["arms other pages"] = self._arms.total() - sum(arms.values())
            found += _listed(OPENED, {**self._opened, **arms}, always)
            found += self._of_orders(sum(one.index < self.upto for one in standing.orders))
        return tuple(found)

    def _public_one(self, index: int, record: Record | None) -> None:
        match record:
            case Act() | Order():
                self._acts.append((index, _kind(record)))
            case Decision():
                kind = "lifted" if record.effect == "lift" else record.restriction.replace("_", "-")
                self._public[f"decisions {kind}"] += 1
            case Refusal():
                self._public["refusals"] += 1
                self._public[f"refused {record.kind}"] += record.rows
            case Access():
                granted = "granted" if record.granted else "refused"
                self._public[f"accesses {record.purpose} {granted}"] += 1
                if record.granted:  # nothing in a log says that it ends after it begins
                    self._public[f"accesses {record.purpose} records"] += max(record.until - record.first, 0)
            case Epoch():
                self._public["epochs"] += 1
            case _:
                pass

    def _page(self, page: Page) -> None:
        day = page.time // DAY
        self._days[day] += 1
        mode = "baseline" if page.wanted != page.request.mode == "plain" else page.request.mode
        self._opened[f"pages {mode}"] += 1
        self._opened["videos shown"] += len(page.items)
        self._arms.update(page.arms)
        self._ordered[day] += any(item.selector == ORDERED for item in page.items)
        for number in set(page.orders):
            self._by_order.setdefault(number, Counter())[day] += 1
        self._shown.update(page.orders)

    def _of_draws(self, reveals: Sequence[Reveal]) -> Iterator[Number]:
        named = reveals[-DRAWS:]
        for one in named:
            values = {"pages": f"{one.pages}", "sampled": f"{one.sampled}", "differing": f"{one.differing}"}
            if one.sampled <= MOST_DRAWN and one.pages and one.pages == self._pages_below.get(one.size):
                most = most_tampered(one.pages, one.sampled, one.differing)
                values["tampered-at-most"] = f"{most}/{one.pages}"
            yield from (Number(PUBLIC, f"draw {one.number} {name}", value) for name, value in values.items())
        if others := reveals[:-DRAWS]:
            yield Number(PUBLIC, "draws other", f"{len(others)}")
            yield Number(PUBLIC, "draws other sampled", f"{sum(one.sampled for one in others)}")
            yield Number(PUBLIC, "draws other differing", f"{sum(one.differing for one in others)}")

    def _of_orders(self, given: int) -> Iterator[Number]:
        """Of those numbered from 1 to `given`, for there are no others."""
        yield from self._shares("pages ordered", self._ordered)
        videos = self._opened["videos shown"]
        pages = {number: days.total() for number, days in self._by_order.items() if 1 <= number <= given}
        named = _most(pages, ORDERS)
        for number in sorted(named):
            yield from self._shares(f"order {number} pages", self._by_order[number])
            yield Number(OPENED, f"order {number} videos", _ratio(self._shown[number], videos))
        for which, numbers in (("other", pages.keys() - set(named)), ("unknown", self._shown.keys() - pages.keys())):
            if numbers:
                placed = sum(self._shown[number] for number in numbers)
                yield Number(OPENED, f"orders {which} videos", _ratio(placed, videos))

    def _shares(self, name: str, days: Mapping[int, int]) -> Iterator[Number]:
        """Of all pages, and of those of the day on which it was most, the earliest of such."""
        yield Number(OPENED, name, _ratio(sum(days.values()), self._days.total()))
        some = [day for day, count in days.items() if count]
        if some:
            day = max(some, key=lambda day: (Fraction(days[day], self._days[day]), -day))
            yield Number(OPENED, f"{name} on {_date(day)}", _ratio(days[day], self._days[day]))


def _kind(record: Act | Order) -> str:
    if not record.counts:
        return "refused"
    try:
        return parse_act(parse_note(record.note.encode()).text).kind
    except (FormatError, UnicodeEncodeError):
        return "wrong"


def _most(counts: Mapping[_Key, int], limit: int) -> list[_Key]:
    """The `limit` that have most, of those with as many the first."""
    return sorted(counts, key=lambda one: (-counts[one], one))[:limit]


def _listed(mark: Mark, counts: Mapping[str, int], always: Iterable[str]) -> Iterator[Number]:
    """By name. What is none is left out, but for what is `always` there."""
    named = dict.fromkeys(always, 0) | {name: count for name, count in counts.items() if count}
    return (Number(mark, name, str(count)) for name, count in sorted(named.items()))


def _ratio(part: int, whole: int) -> str:
    return f"{part}/{whole}" if whole else "0"


def _date(day: int) -> str:
    return moment(day * DAY)[:10] if day * DAY <= TIME_LIMIT else f"day-{day}"
