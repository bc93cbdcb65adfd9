"""A small world lived through from a seed, and the digests of all that came of it: run by tests in other processes.

`python -m tests.exactness.digests THREADS` prints JSON. Pages are ranked on several threads, become records, are
watched and learned from: one bit that differs anywhere changes everything after it.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from plainview.feed.configuration import DEFAULT
from plainview.feed.kernels.codes import BLOCK, best, scan
from plainview.feed.pipeline import Pipeline
from plainview.feed.plain import Pinned, pin
from plainview.feed.probe import probe
from plainview.feed.ranking import Asked, Ranked, rank
from plainview.feed.tables import CODE, CODES
from plainview.feed.viewers import digest
from plainview.learning import epochs
from plainview.learning.fold import Fold, empty_world
from plainview.records import Event, Item, Page, Record, Request
from plainview.records.fields import DASHES, to_bytes, to_text
from plainview.records.viewer import Action
from tests.feed.towns import START, nothing, town

RELEASE = bytes(range(32))
CUT = 400
"""Records of the town between two epochs."""
VIEWERS = 30
ACTS: tuple[tuple[Action, ...], ...] = (("view",), ("view", "like"), ("view", "not_interested"), ())
Lived = dict[str, list[str]]


def lived(threads: int, seed: int = 5) -> Lived:
    """Digests of epochs, worlds, viewers and pages, in order, and of what is retrieved among more than the town has."""
    found: Lived = {"epochs": [], "worlds": [], "viewers": [], "pages": []}
    found["retrieved"] = [retrieved(rows, chance) for chance, rows in enumerate((BLOCK - 1, 3 * BLOCK, 5 * BLOCK + 7))]
    chance = random.Random(seed)
    pipeline = Pipeline.of(DEFAULT)
    fold = Fold(DEFAULT, empty_world(), 1000, nothing)
    epoch = epochs.first(fold.world).record
    records = [record for _, record in town()]
    index = 0
    pinned: Pinned | None = None
    with ThreadPoolExecutor(threads, initializer=probe) as pool:
        for start in range(0, len(records), CUT):
            batch = records[start : start + CUT]
            fold.take(list(enumerate(batch, index)))
            index += len(batch)
            closed = epochs.close(fold.world, epoch, index, snapshot=True)
            epoch = closed.record
            found["epochs"].append(epoch.digest)
            found["worlds"].append(epoch.state)
            pinned = pinned or pin(fold.world, epoch.epoch, 1)
            asked = [_asked(viewer, epoch.epoch) for viewer in range(VIEWERS)]
            rows = [fold.residents.row(viewer) for viewer in range(VIEWERS)]
            found["viewers"] += [to_text(digest(row)) for row in rows]
            place = to_bytes(epoch.digest)

            def ranked(viewer: int) -> Ranked:
                mine = pinned if asked[viewer].request.mode == "plain" else None  # noqa: B023 - used within the round
                return rank(pipeline, RELEASE, fold.world, place, rows[viewer], asked[viewer], mine)  # noqa: B023

            pages = list(pool.map(ranked, range(VIEWERS)))
            found["pages"] += [to_text(page.trace.digest()) + str(hash_of(page)) for page in pages]
            follows: list[Record] = []
            for viewer, page in enumerate(pages):
                at = index + len(follows)
                follows.append(_receipt(viewer, asked[viewer], page, epoch.digest, epoch.epoch))
                follows += watched(viewer, at, page.items, chance)
            fold.take(list(enumerate(follows, index)))
            index += len(follows)
    return found


def retrieved(rows: int, seed: int) -> str:
    """Digest of the scores of so many drawn codes for three interests, and of the best 700 of them with their ties."""
    chance = random.Random(seed)
    codes = np.array([chance.randrange(-127, 128) for _ in range(CODE * rows)], np.int8).reshape(CODE, rows)
    queries = np.array([chance.randrange(-127, 128) for _ in range(3 * CODE)], np.int16).reshape(3, CODE)
    priors = np.array([chance.randrange(2**20) for _ in range(rows)], np.int32)
    table = np.zeros(rows, CODES)
    table["id"] = chance.sample(range(10 * rows), rows)
    scores = np.zeros(rows, np.int32)
    scan(codes, priors, rows, queries, 3, scores)
    found = hashlib.sha256(scores.tobytes())
    for rounded in (1, 2**14):
        places = np.zeros(700, np.int64)
        count = best((scores // rounded).astype(np.int32), table, rows, places)
        found.update(places[:count].tobytes())
    return found.hexdigest()


def hash_of(page: Ranked) -> list[tuple[int, ...]]:
    """All numbers of the page's items."""
    return [(item.video, item.value, item.propensity, *item.parts) for item in page.items]


def _asked(viewer: int, n: int) -> Asked:
    request = Request(
        surface=viewer % 3, region="US", age="18+", mode="plain" if viewer % 7 == 0 else "personal", limit=10,
        nonce=to_text(bytes([viewer, n]) * 8), acknowledged=0,
    )  # fmt: skip
    return Asked(request, to_text(bytes([viewer]) * 16), n, START + 100_000_000 + n, 0)


def _receipt(viewer: int, asked: Asked, page: Ranked, digest: str, epoch: int) -> Page:
    return Page(
        time=asked.now, viewer=viewer, session=asked.session, n=asked.n, previous=DASHES, release=to_text(RELEASE),
        charter=0, policy=0, epoch=epoch, epoch_digest=digest, pinned=epoch, cursor=page.cursor, viewer_upto=0,
        viewer_digest=to_text(RELEASE), request=asked.request, now=asked.now, arms=(), orders=(), items=page.items,
        trace=to_text(page.trace.digest()), environment=to_text(RELEASE),
    )  # fmt: skip


def watched(viewer: int, page: int, items: tuple[Item, ...], chance: random.Random) -> list[Event]:
    """What `viewer` did with the page at index `page`."""
    return [
        Event(
            time=START + 100_000_000, viewer=viewer, id=to_text(chance.randbytes(16)), page=page, position=position,
            video=item.video, creator=item.video % 17, action=action,
            watched=chance.randrange(40_000) if action == "view" else 0, at=START,
        )
        for position, item in enumerate(items)
        for action in chance.choice(ACTS)
    ]  # fmt: skip


def _main() -> None:
    probe()
    json.dump(lived(int(sys.argv[1])), sys.stdout)


if __name__ == "__main__":
    _main()
