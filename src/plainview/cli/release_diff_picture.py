"""`plainview release diff --picture`: who gains and who loses, as one file of HTML without script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader

from plainview.cli.release_diff_words import LIMIT, fields, likeness, others, sections, sentences, served

if TYPE_CHECKING:
    from plainview.replay.comparison import ReleaseDiff

DRAWN = 12
"""Bars of a kind."""


def drawn(found: ReleaseDiff) -> str:
    """The page. It fetches nothing, and is the same for the same comparison. `found` has one."""
    assert found.comparison is not None
    made = found.comparison
    return _templates.get_template("release_diff.html").render(
        a=found.a,
        b=found.b,
        served=served(found, made),
        sentences=sentences(made),
        sections=[section for section in sections(made, DRAWN) if section.bars],
        viewers=[(one.region, *likeness(one.likeness)) for one in made.viewers],
        fields=fields(found),
        others=others(found),
        limit=LIMIT,
    )


_templates = Environment(loader=PackageLoader("plainview.cli"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
