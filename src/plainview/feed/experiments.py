"""Experiments: into which arm a viewer comes, and what each head then counts. Imports no kernel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from plainview.feed.configuration import MICRO, Arm, Configuration, Experiment
from plainview.feed.heads import HEADS
from plainview.records.digests import arm_draw
from plainview.records.fields import to_bytes

CONTROL = "control"
"""The arm of whoever is in no other."""
IDLE, IN_CONTROL = 0, 1
"""Places of an experiment that does not run, and of its control; its arms follow, in their order."""
MILLION = 1_000_000


def places(configuration: Configuration, viewer: int, now: int) -> tuple[int, ...]:
    """For each experiment where that viewer stands at that time (Unix ms)."""
    return tuple(_place(one, viewer, now) for one in configuration.experiments)


def names(configuration: Configuration, assigned: Sequence[int]) -> tuple[str, ...]:
    """The arms at such places as a receipt lists them: of all experiments that run."""
    return tuple(
        f"{one.name}:{CONTROL if arm is None else arm.name}" for one, arm in treatments(configuration, assigned)
    )


def treatments(configuration: Configuration, assigned: Sequence[int]) -> Iterator[tuple[Experiment, Arm | None]]:
    """The experiments that run, and the arm of each at such a place, None for its control; without places none runs."""
    for one, place in zip(configuration.experiments, assigned, strict=False):
        if place != IDLE:
            yield one, None if place == IN_CONTROL else one.arms[place - 2]


def weights(configuration: Configuration, assigned: Sequence[int] = ()) -> tuple[np.float32, ...]:
    """What each head counts, in the order of HEADS, with the arms at such places; the release's own without any."""
    terms = {one.head: one.weight for one in configuration.value}
    for _, arm in treatments(configuration, assigned):
        terms |= {} if arm is None else {one.head: one.weight for one in arm.value}
    return tuple(np.float32(terms.get(head, 0) / MICRO) for head in HEADS)


def check(configuration: Configuration) -> None:
    """Raises ValueError for a value formula or a table of experiments that cannot be followed."""
    _check_heads([one.head for one in configuration.value], "configuration")
    if len({one.name for one in configuration.experiments}) != len(configuration.experiments):
        raise ValueError("configuration: an experiment is named twice")
    for at, one in enumerate(configuration.experiments):
        where = f"configuration: experiment {one.name}"
        arms = [CONTROL, *(arm.name for arm in one.arms)]
        if len(set(arms)) != len(arms):
            raise ValueError(f"{where}: an arm is named twice, or {CONTROL}, which is who is in no arm")
        if len(to_bytes(one.salt)) != 16:
            raise ValueError(f"{where}: its salt has {len(to_bytes(one.salt))} bytes, not 16")
        if one.begins >= one.until:
            raise ValueError(f"{where}: it ends at {one.until}, and begins at {one.begins}")
        if sum(arm.share for arm in one.arms) > MILLION:
            raise ValueError(f"{where}: its arms have more than {MILLION} millionths of the viewers")
        for arm in one.arms:
            _check_heads([weight.head for weight in arm.value], f"{where}, arm {arm.name}")
        for other in configuration.experiments[:at]:
            both = _heads(one) & _heads(other)
            if both and one.begins < other.until and other.begins < one.until:
                raise ValueError(
                    f"{where}: it weighs {min(both)}, and so does {other.name} at the same time: "
                    "what came of which could not be told"
                )


def _place(experiment: Experiment, viewer: int, now: int) -> int:
    if not experiment.begins <= now < experiment.until:
        return IDLE
    draw = arm_draw(to_bytes(experiment.salt), experiment.name, viewer)
    bound = 0
    for place, arm in enumerate(experiment.arms, IN_CONTROL + 1):
        bound += arm.share
        if draw < bound:
            return place
    return IN_CONTROL


def _heads(experiment: Experiment) -> set[str]:
    return {weight.head for arm in experiment.arms for weight in arm.value}


def _check_heads(named: Sequence[str], where: str) -> None:
    for head in named:
        if head not in HEADS:
            raise ValueError(f"{where}: no head is called {head!r}; there are {', '.join(sorted(HEADS))}")
    if len(set(named)) != len(named):
        raise ValueError(f"{where}: a head is named twice")
