"""A journal in this process and a learner that goes on when it is told to: what comes in between, a test decides."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path

from plainview.journal import Ack, Draft, Journal
from plainview.ledger.acts import Admission, AnyAct
from plainview.platform.acts import Acts
from plainview.platform.home import Home
from plainview.platform.learner import Learner
from plainview.platform.lineage import Lineage
from plainview.platform.releases import installed_digest
from plainview.records import Decision, Epoch, Impression, Origin, Record, Video, outcome_bits
from plainview.records.fields import to_bytes, to_text
from tests.platform.homes import begun
from tests.platform.parties import DAY, Parties
from tests.platform.towns import QUICK
from tests.records.decisions import restricting

RELEASE = to_bytes(installed_digest())
ORIGIN = Origin(time=0, origin="town", licence="ours", source="made up", digest=to_text(bytes(32)))


class Clock:
    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


class Platform:
    """A journal that is written, with a learner that goes on when it is told to."""

    def __init__(self, home: Home, journal: Journal, clock: Clock) -> None:
        self.journal = journal
        self.clock = clock
        self.parties = Parties(home.path)
        self.acts = Acts(journal, clock)
        self.learner = Learner(
            journal,
            home.epochs,
            Lineage(journal, home.epochs, home.release),
            self.acts.judged,
            home.release.digest,
            home.release.configuration,
            lambda *_: None,
            clock=clock,
            residents=64,
            cadence=QUICK,
        )
        self.learner.catch_up()
        journal.watch(self.acts.observe)

    def append(self, *records: Record) -> None:
        for outcome in self.journal.append([Draft(record) for record in records]):
            assert isinstance(outcome, Ack), outcome

    def say(self, act: AnyAct, *by: str) -> str:
        return self.acts.submit(self.parties.signed(act, *by)).reason

    def license(self) -> None:
        """All that an approval takes, but the approval."""
        self.parties.now = self.clock.now
        for note in self.parties.history(RELEASE)[:-1]:
            assert not self.acts.submit(note).reason

    def approve(self, least: int, most: int, lasts: int = DAY, begins: int = 0) -> None:
        self.parties.now = self.clock.now + begins
        seen = self.journal.size
        reason = self.say(self.parties.approval(RELEASE, seen=seen, until=lasts, epochs=(least, most)), "partner")
        assert not reason or "stands at index" in reason, reason

    def admit(self, rows: int) -> None:
        """Let ORIGIN in."""
        act = Admission(self.parties.origin, ORIGIN.origin, to_bytes(ORIGIN.digest), ORIGIN.licence, rows)
        assert not self.say(act, "partner")

    def order(self, about: int) -> None:
        """Have a video put on pages, where a licence lets anybody be served."""
        number, now = len(self.acts.standing.orders) + 1, self.clock.now
        given = self.parties.order(number, about, begins=now, until=now + DAY)
        closed = self.acts.standing.why_closed(now)
        assert self.acts.submit(given).reason == (f"order: {closed}" if closed else "")

    def revoke(self) -> None:
        assert not self.say(self.parties.revocation(RELEASE, seen=self.journal.size), "partner")

    @property
    def behind(self) -> int:
        return self.learner._wanted - self.learner._epoch.upto

    @property
    def spans(self) -> list[int]:
        """How many records each epoch took up."""
        uptos = [entry.record.upto for entry in self.journal.of_kind("epoch") if isinstance(entry.record, Epoch)]
        return [upto - before for before, upto in pairwise(uptos)]


def video(number: int) -> Video:
    return Video(
        time=0, video=number, creator=number % 5, created=0, duration=10_000, tags=(number % 3,), sound=0, form=0,
        region="US", audience="unknown", origin="upload", caption="",
    )  # fmt: skip


def decision(number: int, about: int) -> Decision:
    return restricting(number, about)


def impression(row: int, origin: str = ORIGIN.origin, **fields: int) -> Impression:
    """Of one of few viewers and videos, every third a long view."""
    given = {"viewer": 500 + row % 7, "video": row % 11, "at": 1_700_000_000_000 + row * 1000}
    outcomes = outcome_bits("long_view") if row % 3 == 0 else 0
    return Impression(time=0, origin=origin, row=row, surface=1, watched=9_000, outcomes=outcomes, **(given | fields))


@contextmanager
def platform(path: Path, clock: Clock | None = None) -> Iterator[Platform]:
    """As it stands in `path`; stopped at the end."""
    home = begun(path, licensed=False)
    clock = clock or Clock(Parties(path).now)
    journal = home.write()
    journal._clock = clock
    with closing(journal):
        running = Platform(home, journal, clock)
        yield running
        running.learner.close()
