from __future__ import annotations

import threading
import time
from typing import Any, cast

import pytest

from plainview.feed.world import World
from plainview.platform.published import Published
from plainview.records import Epoch
from plainview.records.fields import DASHES


def epoch(number: int) -> Epoch:
    return Epoch(time=0, epoch=number, upto=number, parent="A" * 43, delta="A" * 43, digest="A" * 43, state=DASHES)


class TwoHalves:
    """A world that is changed in two steps, with time between them for somebody to look."""

    def __init__(self) -> None:
        self.left = self.right = 0
        self.failing = False

    def apply(self, delta: Any) -> None:
        if self.failing:
            raise ValueError("delta does not fit")
        self.left += 1
        time.sleep(0.001)
        self.right += 1


def published() -> tuple[Published, TwoHalves]:
    world = TwoHalves()
    return Published(cast(World, world), epoch(0), 0), world


def test_no_reader_sees_half_an_epoch_and_neither_side_starves() -> None:
    copy, world = published()
    stop = threading.Event()
    torn: list[tuple[int, int]] = []
    reads = [0] * 4

    def read(place: int) -> None:
        while not stop.is_set():
            with copy as edition:
                left = world.left
                time.sleep(0.0005)
                if left != world.right or edition.epoch.epoch != left:
                    torn.append((left, world.right))
            reads[place] += 1

    threads = [threading.Thread(target=read, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for number in range(1, 101):
        copy.apply({}, epoch(number), number)
    while min(reads) < 20:
        time.sleep(0.001)
    stop.set()
    for thread in threads:
        thread.join()
    assert torn == []
    assert copy.epoch.epoch == 100


def test_a_delta_waits_for_the_page_and_later_pages_wait_for_the_delta() -> None:
    copy, world = published()
    order: list[str] = []
    copy.__enter__()
    writer = threading.Thread(target=lambda: (copy.apply({}, epoch(1), 1), order.append("delta")))
    writer.start()
    while not copy._waiting:
        time.sleep(0.001)

    def late() -> None:
        with copy as edition:
            order.append(f"page on {edition.epoch.epoch}")

    reader = threading.Thread(target=late)
    reader.start()
    time.sleep(0.02)
    assert order == []
    assert world.left == 0
    copy.__exit__()
    writer.join()
    reader.join()
    assert "page on 1" in order


def test_a_delta_that_does_not_fit_leaves_the_edition() -> None:
    copy, world = published()
    world.failing = True
    with pytest.raises(ValueError, match="does not fit"):
        copy.apply({}, epoch(1), 1)
    assert copy.epoch.epoch == 0
    with copy as edition:
        assert edition.policy == 0


def test_waiting_for_an_epoch() -> None:
    copy, _ = published()
    assert not copy.wait_beyond(0, 0.01)
    threading.Timer(0.02, copy.apply, ({}, epoch(1), 1)).start()
    assert copy.wait_beyond(0, 60)
    assert copy.epoch.epoch == 1
