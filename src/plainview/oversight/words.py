"""What the algorithm's components do, in words for the viewer of a page.

A name that has none here, a later release's perhaps, is given as it is.
"""

from __future__ import annotations

from plainview.feed.configuration import Configuration
from plainview.records import Item, Request

DAY = 86_400

HEADS = {
    "rank": "its rank by what you watch long (score)",
    "long_view": "that you watch it long",
    "complete": "that you watch all of it",
    "like": "that you like it",
    "follow": "that you follow its creator",
    "share": "that you share it",
    "comment": "that you comment on it",
    "not_interested": "that you are not interested",
    "report": "that you report it",
    "watched": "how long you watch it, of two minutes",
}
"""What is predicted; a probability where it begins with `that`."""

SOURCES = {
    "followed": "one of the latest videos of a creator you follow",
    "similar": "it is like what you watched long or liked",
    "co-watched": "often watched together with what you watched long or liked",
    "fresh": "new{few}: drawn by chance, to find out who likes it",
    "popular": "popular {where}: watched long or liked by many of late{half_life}",
    "ordered": "an order asks for it, and nothing else found it",
}
PLAIN_SOURCES = SOURCES | {"fresh": "one of the newest videos"}
"""On a page of the non-profiling mode."""

SELECTORS = {
    "value": "where its value alone puts it",
    "diversity": "moved, up or down, as videos that resemble one above them (tags, sound) were made to count less",
    "spacing": "moved, up or down, as each further video of one creator was made to count less",
    "exploration": "drawn by chance{chance} among new videos, for one of which this place is kept",
    "ordered": "put there by order{order}, whatever its value: somebody decided that it be shown",
    "list": "the next one in a list that knows nothing of you",
}

COSTS = {
    "diversity": "for being like a video above it (diversity)",
    "spacing": "for being a further video of its creator (spacing)",
}
"""What a selector takes off a value."""

FILTERS = {
    "ineligible": "a moderation decision keeps it from your region ({region}) or age ({age})",
    "age": "its creator made it for older viewers (your age: {age})",
    "blocked-creator": "you blocked its creator",
    "muted-tag": "you muted one of its tags",
    "seen": "it was on one of your earlier pages",
}
"""Why one keeps a video out."""


def found(item: Item, request: Request, configuration: Configuration | None) -> str:
    """How the video was found, as far as its source says. `configuration` is the release's, if it is known."""
    few = half_life = ""
    where = "in your region or everywhere"
    if configuration is not None:
        few = f", shown less than {configuration.exploration.newcomers:,} times"
        half_life = f" (halved every {_duration(configuration.learning.popular_half_life)})"
        listed = request.region in configuration.regions[1:]  # the first stands for everywhere
        where = f"in {request.region} or everywhere" if listed else "everywhere"
    words = PLAIN_SOURCES if request.mode == "plain" else SOURCES
    return words.get(item.source, f"found by {item.source}").format(few=few, half_life=half_life, where=where)


def placed(item: Item, among: int | None, order: int | None) -> str:
    """How it came to its place; `among` how many it was drawn and by which `order`, as far as that is so and known."""
    chance = "" if among is None else f", 1 in {among:,},"
    number = "" if order is None else f" {order}"
    return SELECTORS.get(item.selector, f"placed by {item.selector}").format(chance=chance, order=number)


def kept_out(name: str, request: Request) -> str:
    """Why that filter keeps a video out."""
    return FILTERS.get(name, f"kept out by {name}").format(region=request.region, age=request.age)


def _duration(seconds: int) -> str:
    for unit, length in (("day", DAY), ("hour", 3600), ("minute", 60)):
        if seconds >= length and seconds % length == 0:
            count = seconds // length
            return f"{count:,} {unit}s" if count != 1 else unit
    return f"{seconds:,} seconds"
