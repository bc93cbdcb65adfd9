"""The release in charge at the place that replay has come to, at work: here if it is the installed one, else by its
bundle. Where it fails at something it works no more, and says why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

import msgspec

from plainview.journal import JournalDamaged, JournalReader
from plainview.learning.ranker import Outcome, Served
from plainview.learning.rerun import TAKE, Answers, Cut, Parent, Stand
from plainview.records import Epoch, Record
from plainview.records.fields import DASHES
from plainview.replay.bounds import Reign
from plainview.replay.bundled import BundleFailed, Bundles, Running
from plainview.replay.installed import Installed
from plainview.replay.past import JournalPast


class Incumbent:
    """One release after another. Whoever asks one that does not work gets nothing."""

    def __init__(
        self,
        journal: JournalReader,
        installed: Installed,
        bundles: Bundles | None,
        residents: int,
        cores: int,
    ) -> None:
        self._journal = journal
        self._installed = installed
        self._digest = installed.digest
        self._bundles = bundles
        self._residents = residents
        self._cores = cores
        self.reign: Reign | None = None
        """Whose world stands here."""
        self.why = ""
        """Why it does not work, where it does not."""
        self.upto = 0
        """Where its next epoch ends: what is below can be folded."""
        self._past = JournalPast(journal)
        self._running: Running | None = None
        self._golden: dict[str, str] = {}
        """By release, what they came to here."""
        self._fed = 0
        """One past the last record that it was given."""

    def leave_out_damaged(self) -> None:
        """It is known that a record is damaged: nothing that rests on one is asked for, and it is left out."""
        self._past.damaged = True

    @property
    def works(self) -> bool:
        """Whether it does."""
        return self._running is not None

    def begin(self, reign: Reign, stand: Stand | None = None) -> None:
        """Have the release of `reign` work, from record 0 on or from where it stood.

        Raises ValueError for a stand that is none of its own.
        """
        self.close()
        start = 0 if stand is None else stand.upto
        self.reign, self._fed, self.upto, self.why = reign, start, max(start, self.upto), ""
        if reign.release == self._digest:
            self._running = self._installed.at_work(self._past, self._residents, self._cores, stand)
        elif self._bundles is None or reign.release not in self._bundles:
            self.why = "it is not installed, and its bundle was not given"
        else:
            with self._watched():
                self._running = self._bundles.start(reign.release, self._past, self._residents, self._cores, stand)

    def stand(self) -> Stand | None:
        """Where it stands between two epochs; None where it does not work, or in a process of its own."""
        return None if self._running is None else self._running.stand()

    def close(self) -> None:
        """End what runs."""
        if self._running is not None:
            self._running.close()
            self._running = None

    def sound(self) -> bool:
        """Whether it computes here what its golden vectors say; where it does not, it works no more.

        They are computed once: until then nothing that differs need be the fault of who served it, for its bits may
        depend on the machine.
        """
        if self._running is None or self.reign is None:
            return False
        release = self.reign.release
        if release not in self._golden:
            with self._watched():
                self._golden[release] = self._running.golden()
        if self._running is not None:
            try:
                wanted = msgspec.json.decode(self.reign.manifest, type=_Manifest).golden
            except (msgspec.DecodeError, RecursionError):
                wanted = "nothing"
            if (found := self._golden[release]) != wanted:
                self.close()
                self.why = f"its golden vectors come to {found} on this machine, and by its manifest to {wanted}"
        return self.works

    def feed(self, read: list[tuple[int, Record]], stop: int) -> None:
        """Give it all records below `stop`, which were read before; `read` are the last of those."""
        if self._running is None or self._fed >= stop:
            return
        have = read[0][0] if read else stop
        if self._fed < have:
            again = self._again(self._fed, min(have, stop))
            while part := list(islice(again, TAKE)):
                if not self._give(part):
                    return
        self._give(read if not read or read[-1][0] < stop else [one for one in read if one[0] < stop])

    def cut(self, before: Epoch | None, epoch: Epoch) -> Cut | None:
        """The epoch as it computes it, where the one before is `before`."""
        if self._running is None:
            return None
        parent = None if before is None else Parent(before.epoch, before.digest)
        found: list[Cut] = []
        with self._watched():
            found.append(self._running.cut(parent, epoch.upto, epoch.state != DASHES))
        return found[0] if found else None

    def draw(self, regions: Iterable[str]) -> None:
        """Have it draw plain lists from the epoch that it cut last."""
        if self._running is not None:
            with self._watched():
                self._running.draw(regions)

    def drop(self, lists: Iterable[tuple[int, str]]) -> None:
        """Have it forget plain lists."""
        if self._running is not None:
            with self._watched():
                self._running.drop(lists)

    def rank(self, pages: Sequence[Served]) -> Answers[Outcome]:
        """What waits for its word on the first of `pages`: on all, unless it fails."""
        begun: list[Answers[Outcome]] = []
        if self._running is not None:
            with self._watched():
                begun.append(self._running.rank(pages))

        def outcomes() -> list[Outcome]:
            found: list[Outcome] = []
            with self._watched():
                for answers in begun:
                    for page, outcome in zip(pages, answers(), strict=True):
                        if not outcome.stage and outcome.trace != page.page.trace:
                            raise BundleFailed(
                                f"it finds nothing that differs in record {page.index}, and another trace"
                            )
                        found.append(outcome)
            return found

        return outcomes

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except BundleFailed as error:
            self.close()
            self.why = f"its bundle cannot be run: {error}"

    def _again(self, start: int, stop: int) -> Iterator[tuple[int, Record]]:
        """Records that were read before, by this replay or the one that it goes on from. Raises JournalDamaged for one
        of which nothing is known yet."""
        while start < stop:
            try:
                for entry in self._journal.read(start, stop):
                    start = entry.index + 1
                    yield entry.index, entry.record
            except JournalDamaged as error:
                if not self._past.damaged:
                    raise
                start = max(start, error.after)

    def _give(self, part: list[tuple[int, Record]]) -> bool:
        """False where it works no more."""
        if part and self._running is not None:
            with self._watched():
                self._running.take(part, self.upto)
            self._fed = part[-1][0] + 1
        return self.works


class _Manifest(msgspec.Struct):
    """What of a manifest is asked for here, whatever release it is of."""

    golden: str
