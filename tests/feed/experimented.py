"""Experiments for tests."""

from __future__ import annotations

from plainview.feed.configuration import Arm, Experiment, Weight
from plainview.records.fields import to_text


def experiment(
    name: str, *arms: tuple[str, int, dict[str, int]], begins: int = 0, until: int = 2**52, salt: bytes = bytes(16)
) -> Experiment:
    """Of arms with their names, shares and weights."""
    return Experiment(
        name=name,
        salt=to_text(salt),
        begins=begins,
        until=until,
        arms=tuple(
            Arm(name=arm, share=share, value=tuple(Weight(head=head, weight=weight) for head, weight in value.items()))
            for arm, share, value in arms
        ),
    )
