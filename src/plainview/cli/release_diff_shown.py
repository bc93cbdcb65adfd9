"""`plainview release diff` in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from plainview.cli.release_diff_words import LIMIT, Section, fields, likeness, others, sections, sentences, served

if TYPE_CHECKING:
    from rich.console import Console

    from plainview.replay.comparison import Comparison, ReleaseDiff

LISTED = 8
"""Rows of a kind; `--json` gives all."""
HALF = 10
"""Cells of a bar to either side."""


def show(out: Console, found: ReleaseDiff) -> None:
    """Print what was found."""
    for side, one in (("A", found.a), ("B", found.b)):
        out.print(f"{side}  release {one.release}  {escape(one.name)}", soft_wrap=True)
    if found.a.release == found.b.release:
        out.print("[bold]They are one release.[/bold]")
        return
    out.print()
    _changes(out, found)
    if found.comparison is not None:
        out.print()
        _comparison(out, found, found.comparison)


def _changes(out: Console, found: ReleaseDiff) -> None:
    told = fields(found)
    if told:
        table = _table("What is another")
        for heading in ("", "A", "B", "field"):
            table.add_column(heading, overflow="fold")
        for one in told:
            table.add_row(*map(escape, (one.words, one.before, one.after, one.field)))
        out.print(table)
    for line in others(found):
        out.print(escape(line), soft_wrap=True)


def _comparison(out: Console, found: ReleaseDiff, made: Comparison) -> None:
    for text, well in served(found, made):
        out.print(escape(text) if well else f"[red]{escape(text)}[/red]", soft_wrap=True)
    for text in sentences(made):
        out.print(escape(text), soft_wrap=True)
    out.print()
    table = _table("Viewers' regions")
    table.add_column("region")
    for heading in ("pages", "differ", "overlap"):
        table.add_column(heading, justify="right")
    for one in made.viewers:
        table.add_row(one.region, *likeness(one.likeness))
    out.print(table)
    for section in sections(made, LISTED):
        if section.bars:
            out.print()
            _bars(out, section)
    out.print()
    out.print(f"[bold]{LIMIT}[/bold]", soft_wrap=True)


def _bars(out: Console, section: Section) -> None:
    table = _table(f"{section.title}, {section.note}")
    table.add_column("", overflow="fold")
    table.add_column("points", justify="right", no_wrap=True)
    table.add_column(f"{'loses':>{HALF}}│gains", no_wrap=True)
    table.add_column("A → B", no_wrap=True)
    for bar in section.bars:
        cells = max(1, round(bar.part * HALF))
        drawn = f"[green]{'█' * cells}[/green]" if bar.gains else f"[yellow]{'█' * cells}[/yellow]"
        line = f"{' ' * HALF}│{drawn}" if bar.gains else f"{' ' * (HALF - cells)}{drawn}│"
        table.add_row(escape(bar.label), f"{'+' if bar.gains else '-'}{bar.points}", line, bar.shares)
    out.print(table)
    if section.left:
        out.print(f"and {section.left:,} more (--json)")


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", show_edge=False, pad_edge=False, box=None)
