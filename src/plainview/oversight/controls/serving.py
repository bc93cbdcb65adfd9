"""B. What was served (controls 11 to 20)."""

from __future__ import annotations

from plainview.oversight.controls.coverage import unverified, verified
from plainview.oversight.controls.evidence import Evidence
from plainview.oversight.controls.pages import EXPLANATION
from plainview.oversight.controls.verdicts import OWN_VIEWERS, Cited, Verdict, cited, met, not_applicable, not_met, some
from plainview.oversight.sampling import MOST_DRAWN, most_tampered

NO_PAGE = "no page was served"
UNOPENED = "no page was opened to the partner"
NO_CANARY = "the partner has no viewers of its own that were served: nobody here has seen what a client gets"
UNREVEALED = 86_400_000
"""Milliseconds of journal time in which a draw that was announced has to be revealed: re-running is not so far behind.
"""
BOUND = 20
"""Of the pages drawn from, the last draw must show that fewer than one in so many were tampered with: 5 %. A draw of
all of them shows it of each."""
LOST = 20
"""Of the pages in tallies' ranges, one in so many at most may be in a range of which the counts were lost: 5 %. A crash
loses those of a few seconds."""


def receipts(e: Evidence) -> Verdict:
    """11."""
    asked = e.pages.checks["bound"]
    if asked.broken.count:
        return not_met(asked.why, asked.broken)
    if not asked.kept.count:
        return _unseen(e)
    return met(
        f"{some(asked.kept.count, 'receipt')}, whose manifest, charter and epoch are those of the log",
        asked.kept,
    )


def handed_out(e: Evidence) -> Verdict:
    """12."""
    if not e.pages.all.indexes:
        return not_applicable(NO_PAGE)
    if not e.canaries.pages:
        return not_met(NO_CANARY)
    return met(
        f"{some(e.canaries.pages, 'page')} came to the partner's own viewers with receipt and promise",
        _of_canaries(e),
    )


def in_time(e: Evidence) -> Verdict:
    """13."""
    if not e.pages.all.indexes:
        return not_applicable(NO_PAGE)
    if e.canaries.late:
        return not_met(f"of what the log promised to the partner's own viewers it has {e.canaries.late:,} not in time")
    if not e.canaries.pages:
        return not_met(NO_CANARY)
    if e.witnessed is None:
        return not_met(f"whether in time nobody says: the checkpoint mirrored last does not count: {e.uncounted}")
    if not any(one.time for one in e.witnessed):
        return not_met("whether in time nobody says: no witness has cosigned the checkpoint mirrored last with a time")
    return met(
        f"{some(e.canaries.pages, 'page')}, each in a cosigned tree where and when the log had promised it",
        _of_canaries(e),
    )


def rerun(e: Evidence) -> Verdict:
    """14."""
    if not e.pages.all.indexes:
        return not_applicable(NO_PAGE)
    last = verified(e)
    if last is None or not last.act.pages:
        return not_met("the partner has not said yet that it re-ran any page")
    if short := unverified(e):
        return short
    act, record = last.act, cited("act", [last.index])
    said = f"of {some(act.pages, 'page')} below record {act.upto:,}"
    if act.differing or act.inconclusive:
        return not_met(f"{said} {act.differing:,} differ and {act.inconclusive:,} could not be re-run", record)
    return met(f"{said} all were re-run to the same bytes", record)


def drawn(e: Evidence) -> Verdict:
    """15."""
    if not e.pages.all.indexes:
        return not_applicable(NO_PAGE)
    reveals = e.standing.reveals
    if not reveals:
        return not_met("no random draw was revealed yet", cited("act", [one.index for one in e.standing.draws]))
    acts = cited("act", [*(one.index for one in e.standing.draws), *(one.index for one in reveals)])
    revealed = {one.act.number for one in reveals}
    for draw in e.standing.draws:
        if (number := draw.act.number) in revealed:
            continue
        if number < len(e.standing.draws):
            return not_met(f"draw {number} was never revealed, and later ones were announced", acts)
        if e.newest - e.times[draw.index] > UNREVEALED:
            said = f"draw {number} was announced by record {draw.index:,} more than a day ago, and is not revealed"
            return not_met(said, acts)
    for one in reveals:
        act = one.act
        if e.roots.get(act.size) != act.root or e.pages.all.below(act.size) != act.pages:
            return not_met(f"draw {act.number} is from another log, or of other pages, than this", acts)
        if act.differing:
            return not_met(f"{act.differing:,} of {act.sampled:,} pages of draw {act.number} differ", acts)
    last = reveals[-1].act
    if not last.sampled:
        return not_met(f"draw {last.number} was from no pages", acts)
    if last.sampled > MOST_DRAWN:
        return not_met(
            f"draw {last.number} was of {last.sampled:,} pages: no bound is told of over {MOST_DRAWN:,}", acts
        )
    most = most_tampered(last.pages, last.sampled, 0)
    said = (
        f"with 95 % confidence at most {most:,} of {some(last.pages, 'page')} below record {last.size:,} "
        f"({most / last.pages:.2%}) were tampered with"
    )
    if most * BOUND >= last.pages:
        return not_met(f"draw {last.number} was too small: {said}, and it has to be less than {1 / BOUND:.0%}", acts)
    return met(f"{some(len(reveals), 'draw')}, of whose pages none differs: {said}", acts)


def complete(e: Evidence) -> Verdict:
    """16."""
    if not e.pages.all.indexes:
        return not_applicable(NO_PAGE)
    asked = e.pages.checks["in_turn"]
    if asked.broken.count:
        return not_met(asked.why, asked.broken)
    tallies, counts = e.kind("tally"), e.counts
    if counts.off:
        first = counts.off[0]
        kind = "page" if first.stage == "overdue" else "tally"
        return not_met(f"record {first.index:,}: {first.detail}", cited(kind, [first.index]))
    if counts.lost * LOST > counts.lost + counts.counted:
        said = (
            f"of {some(counts.lost, 'page')} the operator's counts were lost, and only {counts.counted:,} are counted"
        )
        return not_met(said, tallies)
    if not counts.counted:
        return not_met("no tally counts how often pages were ranked, and requests answered with one", tallies)
    if not e.canaries.pages:
        return not_met(NO_CANARY, asked.kept)
    lost = f"; of {some(counts.lost, 'page')} the counts were lost" if counts.lost else ""
    lost += f"; {some(counts.before, 'page')} came before the first that counts" if counts.before else ""
    return met(
        f"{some(asked.kept.count, 'page')} without a gap in their sessions; {some(counts.counted, 'page')} in "
        f"{some(tallies.count, 'tally', 'tallies')}, by which each ranking made one or came to nothing for a reason, "
        f"and none was shown beside them{lost}; of the partner's own {some(e.canaries.viewers, 'viewer')} the journal "
        "has just what they were shown and did",
        asked.kept,
        tallies,
        _of_canaries(e),
    )


def ordered(e: Evidence) -> Verdict:
    """17."""
    asked, orders = e.pages.checks["by_order"], e.standing.orders
    if asked.broken.count:
        return not_met(asked.why, asked.broken)
    if not orders:
        return not_applicable("nothing was put on pages by order")
    for one in orders:
        if len(one.keys) < 2:
            said = f"order {one.act.number} was signed by {len(one.keys)}, and takes two"
            return not_met(said, cited("order", [one.index]))
    share = e.pages.ordered.count / max(len(e.pages.all.indexes), 1)
    return met(
        f"{some(len(orders), 'order')} by two keys each, with reason, cap, end and label; on "
        f"{some(e.pages.ordered.count, 'page')} ({share:.1%}) a video was placed by one, which is named there",
        e.kind("order"),
        asked.kept,
    )


def experimental(e: Evidence) -> Verdict:
    """18."""
    asked = e.pages.checks["assigned"]
    if asked.broken.count:
        return not_met(asked.why, asked.broken)
    if e.pages.unread.count:
        return not_met(
            f"of {some(e.pages.unread.count, 'page')} the release's configuration cannot be read here", e.pages.unread
        )
    if not asked.kept.count:
        return not_applicable("no experiment ran on any page")
    return met(
        f"{some(asked.kept.count, 'page')}, with the arms that the manifest's table and salt give the viewer",
        e.kind("release"),
        asked.kept,
    )


def explained(e: Evidence) -> Verdict:
    """19."""
    asked = e.pages.checks[EXPLANATION]
    if asked.broken.count:
        return not_met(asked.why, asked.broken)
    if e.pages.unexplained:
        return not_met(
            f"of {e.pages.unexplained:,} of the newest {some(e.pages.unexplained + asked.kept.count, 'page')} the "
            "release's configuration cannot be read here",
            e.pages.unread,
        )
    if not asked.kept.count:
        return _unseen(e)
    return met(
        f"the newest {some(asked.kept.count, 'page')}, explained by the receipt alone, without contradiction",
        asked.kept,
    )


def unprofiled(e: Evidence) -> Verdict:
    """20."""
    asked = e.pages.checks["without_profile"]
    if asked.broken.count:
        return not_met(asked.why, asked.broken)
    if not asked.kept.count:
        return not_applicable("nobody has asked for a page without profiling")
    return met(
        f"{some(asked.kept.count, 'page')} asked for without profiling, for which nothing was predicted",
        asked.kept,
    )


def _unseen(e: Evidence) -> Verdict:
    """Of a control that asks all pages that were opened, where none was."""
    return not_met(UNOPENED) if e.pages.all.indexes else not_applicable(NO_PAGE)


def _of_canaries(e: Evidence) -> Cited:
    """By their number alone: who knows the indexes knows the viewers, and can serve them otherwise."""
    return Cited("page", e.canaries.pages, (), OWN_VIEWERS)
