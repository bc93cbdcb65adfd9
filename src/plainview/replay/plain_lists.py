"""Which plain lists the release at work holds, and for how long they are needed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from plainview.records import Page

LISTS = 1_024
"""Plain lists held for pages that may still come."""


class PlainLists:
    """By epoch and region."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[int, str], None] = OrderedDict()
        """Those that were drawn, the last used at the end."""
        self._needs: dict[tuple[int, str], int] = {}
        """The last epoch whose pages are known to go on in a list, drawn or not yet."""
        self._regions: dict[int, set[str]] = {}
        """Epoch to regions whose lists are to be drawn from it."""
        self._trimming = 2 * LISTS

    def __len__(self) -> int:
        """How many are held."""
        return len(self._held)

    def __contains__(self, listed: tuple[int, str]) -> bool:
        """Whether that one is."""
        return listed in self._held

    def need(self, page: Page) -> None:
        """A page was seen that goes on in a list which is held, or can still be drawn."""
        listed = (page.pinned, page.request.region)
        self._needs[listed] = max(self._needs.get(listed, 0), page.epoch)
        if listed in self._held:
            self._held.move_to_end(listed)
        else:
            self._regions.setdefault(page.pinned, set()).add(page.request.region)

    def to_draw(self, epoch: int) -> list[str]:
        """The regions whose lists are to be drawn from that epoch, now: they are held from here on."""
        regions = sorted(self._regions.pop(epoch, ()))
        self._held.update(dict.fromkeys((epoch, region) for region in regions))
        return regions

    def forget(self, before: int) -> None:
        """Another release is at work, whose first epoch is `before`: it holds none, and draws none from older ones."""
        self._held.clear()
        self._needs = {listed: last for listed, last in self._needs.items() if listed[0] >= before}

    def spare(self, epoch: int) -> list[tuple[int, str]]:
        """Those that no page of that epoch or a later one is known to need, but the ones used last: now and then, and
        they are held no longer."""
        if len(self._held) <= self._trimming:
            return []
        spare = [listed for listed in self._held if self._needs[listed] <= epoch][:-LISTS]
        for listed in spare:
            del self._held[listed], self._needs[listed]
        self._trimming = max(2 * LISTS, 2 * len(self._held))
        return spare

    def kept(self) -> list[tuple[int, str, int]]:
        """Those that are held, the last used at the end: epoch, region, and the last epoch that is known to need it."""
        return [(*listed, self._needs[listed]) for listed in self._held]

    def hold(self, kept: Iterable[tuple[int, str, int]]) -> None:
        """Hold those."""
        for epoch, region, needed in kept:
            self._held[epoch, region] = None
            self._needs[epoch, region] = needed
        self._trimming = max(2 * LISTS, 2 * len(self._held))
