"""`plainview` of an operator who lies, as a module to be run: one of ATTACKS, from the moment that a file appears.

The attack is named by $BENCH_ATTACK. All is as it is for everybody until the file $BENCH_SIGNAL is there; then it
goes on for good. The first deed is written beside that file, as SIGNAL.deed (Unix seconds), so that whoever watches can
say how long it took to find out. What is patched is the operator's own program: the partner's sees only HTTP.
"""

from __future__ import annotations

import gzip
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

VIDEO_SHOWN = 0
"""Position of the video that is pushed or dropped."""


class Attack(NamedTuple):
    """One way to lie."""

    words: str
    """What the operator does."""
    arm: Callable[[Signal], None]
    """Patches the program, before anything of it runs."""


class Signal:
    """Whether the attack has begun, and when its first deed was."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._begun = False
        self._done = False

    @property
    def on(self) -> bool:
        self._begun = self._begun or self._path.exists()
        return self._begun

    def deed(self) -> None:
        """To be called where something dishonest is about to leave, or to stay."""
        if not self._done:
            self._done = True
            self._path.with_suffix(".deed").write_text(f"{time.time():.3f}\n")


def other_release(signal: Signal) -> None:
    """Another release ranks and says so; the operator's own fence is told to let it pass."""
    from plainview.journal.fence import Fence
    from plainview.platform.serving import Serving

    lax(Fence, signal, "_check_release", "_check_grounds")
    receipt = Serving._receipt

    def forged(self: Serving, *arguments: Any) -> Any:
        page = receipt(self, *arguments)
        if signal.on and page.request.mode == "personal":
            signal.deed()
            return changed(page, release="B" * 42 + "A")
        return page

    patch(Serving, "_receipt", forged)


def weight(signal: Signal) -> None:
    """What a like counts is trebled."""

    def lied(honest: Rank, pipeline: Any, *rest: Any) -> Any:
        weights = tuple(3 * one if place == 3 else one for place, one in enumerate(pipeline.weights))
        return honest(changed_pipeline(pipeline, weights=weights), *rest)

    ranking(signal, lied)


def parameter(signal: Signal) -> None:
    """One byte of what the rank weighs is another."""

    def lied(honest: Rank, pipeline: Any, release: bytes, world: Any, *rest: Any) -> Any:
        parameters = world.tables.ranking["value"].view("u1").reshape(-1)
        parameters[2] ^= 0x40
        try:
            return honest(pipeline, release, world, *rest)
        finally:
            parameters[2] ^= 0x40

    ranking(signal, lied)


def drop(signal: Signal) -> None:
    """The best video of every page is left out; nothing says why."""

    def lied(
        honest: Rank, pipeline: Any, release: bytes, world: Any, epoch: bytes, viewer: Any, asked: Any, *rest: Any
    ) -> Any:
        first = honest(pipeline, release, world, epoch, viewer, asked, *rest)
        if not first.items:
            return first
        banned = first.items[VIDEO_SHOWN].video

        def sifted(inputs: Any, rows: Any) -> Any:
            filters, reasons = pipeline.sift(inputs, rows)
            filters[inputs.tables.video["id"][rows] == banned] = 1
            return filters, reasons

        return honest(Proxy(pipeline, sift=sifted), release, world, epoch, viewer, asked, *rest)

    ranking(signal, lied)


def boost(signal: Signal) -> None:
    """One creator's videos get a hundred more of value, by nobody's order."""

    def lied(honest: Rank, pipeline: Any, release: bytes, world: Any, *rest: Any) -> Any:
        def scored(inputs: Any, rows: Any, *more: Any) -> Any:
            found = pipeline.score(inputs, rows, *more)
            creators = inputs.tables.video["creator"][rows]
            if len(creators):
                found.values[creators == creators[-1]] += 100
            return found

        return honest(Proxy(pipeline, score=scored), release, world, *rest)

    ranking(signal, lied)


def other_page(signal: Signal) -> None:
    """The viewer is shown the receipt's videos in another order."""
    from plainview.server import app

    honest = vars(app)["page_answer"]

    def lied(entry: Any, cards: list[Any], *rest: Any) -> Any:
        answer = honest(entry, cards, *rest)
        if signal.on and len(answer.videos) > 1:
            signal.deed()
            answer = changed(answer, videos=answer.videos[::-1])
        return answer

    patch(app, "page_answer", lied)


def skipped_receipt(signal: Signal) -> None:
    """A page is shown, and nothing of it is written down."""
    from plainview.journal import Entry
    from plainview.platform.serving import Served, Serving
    from plainview.records import encode
    from plainview.records.digests import commitment

    honest = Serving._append

    def lied(self: Serving, page: Any) -> Any:
        if not signal.on:
            return honest(self, page)
        signal.deed()
        journal, salt = self._journal, os.urandom(32)
        record = changed(page, time=page.now)
        owner = f"viewer:{page.viewer}"
        committed = commitment(salt, encode(record))
        return Served(Entry(journal.size, page.now, "page", owner, record, salt, committed), True)

    patch(Serving, "_append", lied)


def unsigned_receipts(signal: Signal) -> None:
    """Pages are promised by another key than the log's: what is handed out binds nobody."""
    from plainview.ledger.notes import parse_note
    from plainview.ledger.schemes import ED25519
    from plainview.ledger.signers import Signer
    from plainview.platform.log.log import Log

    honest = Log.promise

    def lied(self: Log, entry: Any) -> bytes:
        promise = honest(self, entry)
        if not signal.on or not promise:
            return promise
        signal.deed()
        return Signer(self._signer.key.name, ED25519, bytes(32)).note(parse_note(promise).text)

    patch(Log, "promise", lied)


def unlogged_pages(signal: Signal) -> None:
    """Viewers who were there before, and so are none of the partner's, are shown pages that are not written down. Their
    apps keep no receipts."""
    from plainview.journal import Entry
    from plainview.platform.serving import Served, Serving
    from plainview.records import encode
    from plainview.records.digests import commitment

    honest_page, honest_append, honest_earlier = Serving.page, Serving._append, Serving._earlier
    known: set[int] = set()
    begun: set[str] = set()

    def page(self: Serving, ask: Any) -> Any:
        if not signal.on:
            known.add(ask.viewer)
        elif ask.n == 0 and ask.viewer in known:
            begun.add(ask.session)
        return honest_page(self, ask)

    def earlier(self: Serving, ask: Any, turn: Any) -> Any:
        return None if ask.session in begun else honest_earlier(self, ask, turn)

    def append(self: Serving, page: Any) -> Any:
        if page.session not in begun:
            return honest_append(self, page)
        signal.deed()
        record, salt = changed(page, time=page.now), os.urandom(32)
        committed = commitment(salt, encode(record))
        entry = Entry(self._journal.size, page.now, "page", f"viewer:{page.viewer}", record, salt, committed)
        return Served(entry, True)

    patch(Serving, "page", page)
    patch(Serving, "_earlier", earlier)
    patch(Serving, "_append", append)


def counter_reused(signal: Signal) -> None:
    """Who asks for a page again is given another one, under the same number, and the journal keeps the first."""
    from plainview.platform.serving import Served, Serving
    from plainview.records import encode
    from plainview.records.digests import commitment

    honest = Serving.page

    def lied(self: Serving, ask: Any) -> Any:
        served: Any = honest(self, ask)
        if signal.on and not served.fresh and len(served.entry.record.items) > 1:
            signal.deed()
            page, salt = served.entry.record, os.urandom(32)
            page = changed(page, items=page.items[::-1])
            committed = commitment(salt, encode(page))
            return Served(changed(served.entry, record=page, salt=salt, commitment=committed), False)
        return served

    patch(Serving, "page", lied)


def after_revocation(signal: Signal) -> None:
    """A release goes on ranking when the partner has stopped it: the program forgets who said so."""
    from plainview.journal.fence import Fence
    from plainview.replay.judged import Judged

    lax(Fence, signal, "_check_grounds")
    honest = Judged.grounds
    last: dict[str, Any] = {}

    def remembered(self: Judged, release: str, *rest: Any) -> Any:
        found = honest(self, release, *rest)
        if isinstance(found, tuple):
            last[release] = found
        elif signal.on and release in last:
            signal.deed()
            return last[release]
        return found

    patch(Judged, "grounds", remembered)


def swallowed(signal: Signal) -> None:
    """What the partner sends is answered as if it had been taken down, and is not."""
    from plainview.platform.acts import Acts, Taken

    honest = Acts.submit

    def lied(self: Acts, new: Any) -> Any:
        if not signal.on:
            return honest(self, new)
        signal.deed()
        return Taken(self._journal.size, True, "")

    patch(Acts, "submit", lied)


def edited(signal: Signal) -> None:
    """An event of long ago is made another, with leaf and hash to match."""
    from plainview.journal.reader import JournalReader
    from plainview.ledger.hashing import leaf_hash
    from plainview.platform.log.publisher import Publisher
    from plainview.records import Event, encode
    from plainview.records.digests import commitment
    from plainview.records.leaf import personal_leaf

    honest = Publisher.publish
    done: list[int] = []

    def lied(self: Publisher) -> bool:
        if signal.on and not done:
            import sqlite3

            journal: JournalReader = self._journal
            entry = next((one for one in journal.of_kind("event") if isinstance(one.record, Event)), None)
            if entry is not None:
                signal.deed()
                done.append(entry.index)
                record = changed(entry.record, watched=entry.record.watched + 60_000)  # type: ignore[attr-defined]
                salt, body = os.urandom(32), encode(record)
                leaf = personal_leaf("event", commitment(salt, body))
                with sqlite3.connect(self._path.parent.parent / "journal.sqlite", timeout=30) as store:
                    store.execute(
                        "UPDATE records SET leaf = ?, hash = ?, body = ? WHERE idx = ?",
                        (leaf, leaf_hash(leaf), salt + body, entry.index),
                    )
                store.close()
                self._tree.restore(b"")
        return honest(self)

    patch(Publisher, "publish", lied)


def forked(signal: Signal) -> None:
    """Whoever follows the log is shown another tree than the witness has signed."""
    from plainview.ledger.checkpoints import Checkpoint
    from plainview.ledger.hashing import leaf_hash
    from plainview.platform.log.log import Log

    honest = Log.resource

    def lied(self: Log, path: str, gzipped: bool = False) -> Any:
        found = honest(self, path, gzipped)
        if not signal.on or path != "checkpoint" or found is None:
            return found
        signal.deed()
        published = self._publisher.published
        assert published is not None
        text = Checkpoint(self._signer.key.name, published.checkpoint.size, leaf_hash(b"another")).text()
        note = type(published.note)(text, (self._signer.sign(text),))
        return found._replace(data=note.encode())

    patch(Log, "resource", lied)


def forged_events(signal: Signal) -> None:
    """Likes that no viewer gave are written down in viewers' names."""
    from plainview.journal import Draft, Journal
    from plainview.keys.client_session import ClientSession
    from plainview.platform.serving import Serving
    from plainview.records import Event

    honest = Serving._append

    def lied(self: Serving, page: Any) -> Any:
        served: Any = honest(self, page)
        if signal.on and hasattr(served, "entry") and page.items:
            signal.deed()
            journal: Journal = self._journal
            said = {
                "viewer": page.viewer, "id": "A" * 21 + "Q", "page": served.entry.index, "position": 0,
                "video": page.items[0].video, "action": "like", "watched": 0, "at": page.now,
            }  # fmt: skip
            event = ClientSession(os.urandom(32)).signed(said)
            journal.submit([Draft(Event(time=0, creator=0, **event))])
        return served

    patch(Serving, "_append", lied)


def forged_settings(signal: Signal) -> None:
    """Viewers block a creator who never did: it is written down in their names."""
    from plainview.journal import Draft, Journal
    from plainview.keys.client_viewer import ClientViewer
    from plainview.platform.serving import Serving
    from plainview.records import Setting

    honest = Serving._append

    def lied(self: Serving, page: Any) -> Any:
        served: Any = honest(self, page)
        if signal.on and hasattr(served, "entry"):
            signal.deed()
            journal: Journal = self._journal
            block = ClientViewer(page.viewer, os.urandom(32)).chosen("A" * 21 + "Q", "block", 1)
            journal.submit([Draft(Setting(time=0, **block))])
        return served

    patch(Serving, "_append", lied)


def stale(signal: Signal) -> None:
    """Pages are ranked as if the viewer had done nothing of late."""
    from plainview.platform.serving import Serving

    honest = Serving._attempt
    first: dict[int, Any] = {}

    def lied(self: Serving, ask: Any, standing: Any, turn: Any) -> Any:
        earlier = first.setdefault(ask.viewer, standing)
        if signal.on and earlier.upto < standing.upto:
            signal.deed()
            standing = type(standing)(earlier.row.copy(), earlier.upto)
        return honest(self, ask, standing, turn)

    patch(Serving, "_attempt", lied)


def stale_world(signal: Signal) -> None:
    """Pages are ranked on the world as it was, and say that it is the newest."""
    worlds: list[Any] = []

    def lied(honest: Rank, pipeline: Any, release: bytes, world: Any, *rest: Any) -> Any:
        if not worlds:
            worlds.append(world.copy())
        return honest(pipeline, release, worlds[0], *rest)

    ranking(signal, lied)


def foreign_rows(signal: Signal) -> None:
    """Rows of a data set that nobody let in teach the model."""
    from plainview.journal import Draft
    from plainview.journal.origins import OriginGate
    from plainview.platform.serving import Serving
    from plainview.records import Impression, outcome_bits

    check, append = OriginGate.check, Serving._append
    rows = iter(range(10**9))

    def lets_through(self: OriginGate, record: Any) -> str:
        return "" if signal.on else check(self, record)

    def lied(self: Serving, page: Any) -> Any:
        served = append(self, page)
        if signal.on and page.items:
            signal.deed()
            liked = outcome_bits("long_view", "like")
            row = Impression(
                time=0, origin="bought", row=next(rows), viewer=page.viewer, video=page.items[0].video, surface=0,
                at=page.now, watched=60_000, outcomes=liked,
            )  # fmt: skip
            self._journal.submit([Draft(row)])
        return served

    patch(OriginGate, "check", lets_through)
    patch(Serving, "_append", lied)


def beyond_policy(signal: Signal) -> None:
    """By a policy that keeps videos from minors they are kept from everybody; the operator's gate lets that pass."""
    from plainview.journal import Draft
    from plainview.journal.decisions import DecisionGate
    from plainview.platform.releases import installed
    from plainview.platform.serving import Serving
    from plainview.records import Decision

    check, append = DecisionGate.check, Serving._append
    numbers = iter(range(1, 10**9))

    def lets_through(self: DecisionGate, decision: Any) -> str:
        return "" if signal.on else check(self, decision)

    def lied(self: Serving, page: Any) -> Any:
        served = append(self, page)
        if signal.on and page.items:
            signal.deed()
            decision = Decision(
                time=0, decision=next(numbers), effect="restrict", pack=installed().manifest.policies.digest,
                policy="suggestive", restriction="age_restricted", video=page.items[0].video, regions=(), ages=(),
                ground="it would arouse children",
            )  # fmt: skip
            self._journal.submit([Draft(decision)])
        return served

    patch(DecisionGate, "check", lets_through)
    patch(Serving, "_append", lied)


def backdated(signal: Signal) -> None:
    """An approval that says to hold since yesterday is taken down as one that counts."""
    from plainview.ledger import licensing

    honest = licensing._check_span

    def lets_through(standing: Any, act: Any, time: int) -> None:
        if signal.on and act.begins < time - 3_600_000:
            signal.deed()
            return
        honest(standing, act, time)

    patch(licensing, "_check_span", lets_through)


def clock(signal: Signal) -> None:
    """The machine's clock is set an hour ahead."""
    import time as clocks

    honest = clocks.time_ns

    def lied() -> int:
        if signal.on:
            signal.deed()
            return honest() + 3_600_000_000_000
        return honest()

    patch(clocks, "time_ns", lied)


def other_app(signal: Signal) -> None:
    """One file of the app is another: it would not check what it shows."""
    from plainview.server import ui

    honest: Callable[[], dict[str, bytes]] = vars(ui)["installed_ui"]

    def lied() -> dict[str, bytes]:
        files = honest()
        if not signal.on:
            return files
        signal.deed()
        return files | {"seal.js": files["seal.js"] + b"\n// and all is well\n"}

    patch(ui, "installed_ui", lied)
    patch(ui, "_compressed", lambda name: gzip.compress(lied()[name]))


ATTACKS: dict[str, Attack] = {
    "other-release": Attack("serves another release", other_release),
    "weight": Attack("changes a weight", weight),
    "parameter": Attack("alters one parameter byte", parameter),
    "drop": Attack("drops a video silently", drop),
    "boost": Attack("boosts a creator without an order", boost),
    "other-page": Attack("shows the viewer another page than the receipt says", other_page),
    "skipped-receipt": Attack("skips a receipt", skipped_receipt),
    "no-receipt": Attack("hands out receipts that the log's key has not signed", unsigned_receipts),
    "unlogged": Attack("shows pages without receipts to viewers who keep none, and counts them", unlogged_pages),
    "counter": Attack("reuses a counter", counter_reused),
    "revocation": Attack("keeps serving after revocation", after_revocation),
    "swallow": Attack("swallows the partner's revocation", swallowed),
    "edit": Attack("edits an old event", edited),
    "fork": Attack("forks the log", forked),
    "events": Attack("forges viewer events", forged_events),
    "settings": Attack("forges a viewer's setting", forged_settings),
    "stale": Attack("picks a stale viewer state", stale),
    "stale-world": Attack("picks a stale world", stale_world),
    "rows": Attack("feeds rows that were not let in into learning", foreign_rows),
    "policy": Attack("restricts beyond its policy", beyond_policy),
    "backdate": Attack("backdates an approval", backdated),
    "clock": Attack("sets the clock", clock),
    "ui": Attack("serves another UI bundle", other_app),
}

Rank = Callable[..., Any]


class Proxy:
    """Something with a few of its attributes replaced."""

    def __init__(self, real: Any, **replaced: Any) -> None:
        self.__dict__.update(replaced)
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def ranking(signal: Signal, lied: Callable[..., Any]) -> None:
    """Have personal pages that are served ranked by `lied`, which is given the honest `rank` first."""
    from plainview.platform import serving

    honest: Rank = vars(serving)["rank"]

    def rank(pipeline: Any, release: bytes, world: Any, epoch: bytes, viewer: Any, asked: Any, *rest: Any) -> Any:
        if not signal.on or asked.request.mode != "personal":
            return honest(pipeline, release, world, epoch, viewer, asked, *rest)
        signal.deed()
        return lied(honest, pipeline, release, world, epoch, viewer, asked, *rest)

    patch(serving, "rank", rank)


def lax(fence: Any, signal: Signal, *checks: str) -> None:
    """Have a fence let everything through that these checks of it would refuse."""
    for name in checks:
        honest = getattr(fence, name)

        def lets_through(self: Any, *arguments: Any, honest: Any = honest) -> Any:
            return None if signal.on else honest(self, *arguments)

        setattr(fence, name, lets_through)


def patch(owner: Any, name: str, new: Any) -> None:
    """Put something else in the place of a function of the program's."""
    setattr(owner, name, new)


def changed(struct: Any, **fields: Any) -> Any:
    """A frozen struct with other fields."""
    from msgspec.structs import replace

    return replace(struct, **fields)


def changed_pipeline(pipeline: Any, **fields: Any) -> Any:
    """A pipeline with other fields."""
    from dataclasses import replace

    return replace(pipeline, **fields)


def main() -> None:
    ATTACKS[os.environ["BENCH_ATTACK"]].arm(Signal(Path(os.environ["BENCH_SIGNAL"])))
    from plainview.cli import main as plainview

    plainview()


if __name__ == "__main__":
    main()
