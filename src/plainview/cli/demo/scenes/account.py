"""What was served, computed again from the journal alone, and held against what it must be."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Collection
from contextlib import closing
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from plainview.cli.demo.children import end_with_parent
from plainview.cli.demo.stage import Missed, Stage, Stretch

if TYPE_CHECKING:
    from rich.table import Table

    from plainview.replay.findings import Report

PROJECTIONS = ("objects", "projections")


class Part(NamedTuple):
    """What a stretch came to."""

    stretch: Stretch
    ends: int
    """One past its last record."""
    pages: Counter[str]
    """`personal`; `baseline` where that was wanted and not given; `plain` where nobody wanted it."""
    differing: int
    """Pages that are not what computing them again gives."""


def play(stage: Stage) -> None:
    """Compute everything again in a fresh process, and see that each stretch is what it must be."""
    stage.begin("An account", "all is stopped; a fresh process computes every page again, from the journal alone")
    stage.caught_up()
    stage.partner.end()
    stage.stop_serving()
    for name in PROJECTIONS:
        shutil.rmtree(stage.home / name, ignore_errors=True)
    report = replayed(stage)
    differing = {one.index for one in report.differing}
    parts = parts_of(stage, differing)
    stage.out.print(table_of(parts))
    stage.tell(
        f"{report.records:,} records read, {report.epochs:,} epochs folded, {report.pages:,} pages re-run in "
        f"{report.seconds:.1f} s: {report.identical:,} identical, {len(differing):,} not"
    )
    stage.require(not (report.inconclusive or report.unreached or report.missing), "not everything could be re-run")
    stage.require(len(differing) == sum(part.differing for part in parts), "what differs is not only pages")
    found = found_by_partner(stage)
    stage.require(differing == found, f"the partner found the records {sorted(found)}, and replay {sorted(differing)}")
    stage.tell("They are the very pages that the partner's program had found while it could see only HTTP")
    for part in parts:
        check(part)


def check(part: Part) -> None:
    """Raises Missed where a stretch is not what it must be."""
    stretch, personal, baseline = part.stretch, part.pages["personal"], part.pages["baseline"]
    if not (personal if stretch.ranked else baseline):
        raise Missed(f"{stretch.name}: nobody was served what should have been")
    if wrong := baseline if stretch.ranked else personal:
        raise Missed(f"{stretch.name}: {wrong:,} pages are {'the baseline' if stretch.ranked else 'personal'}")
    if bool(part.differing) == stretch.honest:
        raise Missed(f"{stretch.name}: {part.differing:,} pages differ")


def replayed(stage: Stage) -> Report:
    """What a fresh process says of the journal."""
    import msgspec

    from plainview.replay.findings import Report

    command = [
        sys.executable, "-m", "plainview.cli", "replay", "--all", "--json", "--home", str(stage.home),
        "--bundles", str(stage.releases),
    ]  # fmt: skip
    # Its progress is for the terminal that this is for.
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, preexec_fn=end_with_parent)
    try:
        return msgspec.json.decode(done.stdout, type=Report)
    except msgspec.DecodeError as error:
        raise Missed(f"plainview replay ended with code {done.returncode}, without a report") from error


def found_by_partner(stage: Stage) -> set[int]:
    """The records of which the partner's program has kept that they are not what computing them again gives."""
    from plainview.oversight.findings import SUFFIX, parse_finding
    from plainview.oversight.partner.directory import FINDINGS

    kept = [parse_finding(path.read_bytes()) for path in (stage.overseer / FINDINGS).glob(f"*{SUFFIX}")]
    # A draw that had such a page in it is found as a whole, too.
    if others := sorted(one.sentence() for one in kept if one.what not in ("re-run", "draw")):
        raise Missed(f"the partner's program found something else, too: {others[0]}")
    return {one.index for one in kept if one.what == "re-run"}


def parts_of(stage: Stage, differing: Collection[int]) -> list[Part]:
    """What each stretch came to, of whose records those differ."""
    from plainview.platform.home import Home
    from plainview.records import Page

    with closing(Home(stage.home).read()) as journal:
        bounds = [*(stretch.begins for stretch in stage.stretches), journal.size]
        parts = []
        for stretch, (begins, ends) in zip(stage.stretches, pairwise(bounds), strict=True):
            counts: Counter[str] = Counter()
            wrong = 0
            for entry in journal.of_kind("page", begins, ends):
                page = entry.record
                assert isinstance(page, Page)
                counts["baseline" if page.request.mode != page.wanted else page.wanted] += 1
                wrong += entry.index in differing
            parts.append(Part(stretch, ends, counts, wrong))
    return parts


def table_of(parts: list[Part]) -> Table:
    """The stretches, one a row."""
    from rich.table import Table

    table = Table(show_edge=False, pad_edge=False, box=None, padding=(0, 2))
    table.add_column("   what was served")
    for name in ("records", "personal", "baseline instead", "plain", "identical", "not"):
        table.add_column(name, justify="right")
    for part in parts:
        stretch, pages = part.stretch, part.pages
        differing = f"[red]{part.differing:,}[/red]" if part.differing else "0"
        counts = (f"{pages[name]:,}" for name in ("personal", "baseline", "plain"))
        identical = f"{pages.total() - part.differing:,}"
        table.add_row(f"   {stretch.name}", f"{stretch.begins:,}-{part.ends - 1:,}", *counts, identical, differing)
    return table
