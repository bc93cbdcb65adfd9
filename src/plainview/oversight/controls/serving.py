"""B. What was served (controls 11 to 20)."""

from __future__ import annotations

from plainview.ledger.acts import Verification
from plainview.ledger.standing import Placed
from plainview.oversight.controls.evidence import Evidence
from plainview.oversight.controls.pages import EXPLANATION
from plainview.oversight.controls.verdicts import Verdict, cited, met, not_applicable, not_met, some
from plainview.oversight.sampling import most_tampered

NO_PAGE = "no page was served"
NO_CANARY = "the partner has no viewers of its own that were served: nobody here has seen what a client gets"


def receipts(e: Evidence) -> Verdict:
    """11."""
    asked = e.pages.checks["bound"]
    if asked.broken.count:
        return not_met(asked.why, asked.broken)
    if not asked.kept.count:
        return not_applicable(NO_PAGE)
    return met(
        f"{some(asked.kept.count, 'receipt')}, whose manifest, charter and epoch are those of the log",
        asked.kept,
    )


def handed_out(e: Evidence) -> Verdict:
    """12."""
    if not len(e.pages.indexes):
        return not_applicable(NO_PAGE)
    if not e.canaries.pages.count:
        return not_met(NO_CANARY)
    return met(
        f"{some(e.canaries.pages.count, 'page')} came to the partner's own viewers with receipt and promise",
        e.canaries.pages,
    )


def in_time(e: Evidence) -> Verdict:
    """13."""
    if not len(e.pages.indexes):
        return not_applicable(NO_PAGE)
    if e.canaries.late:
        late = e.canaries.late
        return not_met(f"the log promised {len(late):,} entries and has them not: {late[0]:,} is the first")
    if not e.canaries.pages.count:
        return not_met(NO_CANARY)
    return met(
        f"{some(e.canaries.pages.count, 'page')}, each in a cosigned tree where and when the log had promised it",
        e.canaries.pages,
    )


def rerun(e: Evidence) -> Verdict:
    """14."""
    if not len(e.pages.indexes):
        return not_applicable(NO_PAGE)
    last = verified(e)
    if last is None:
        return not_met("the partner has not said yet that it re-ran any")
    act, record = last.act, cited("act", [last.index])
    if e.roots.get(act.upto) != act.root:
        return not_met(f"record {last.index:,} verifies another log than this", record)
    said = f"of {some(act.pages, 'page')} below record {act.upto:,}"
    if act.differing or act.inconclusive:
        return not_met(f"{said} {act.differing:,} differ and {act.inconclusive:,} could not be re-run", record)
    if not act.identical:
        return not_met("the partner has not said yet that it re-ran any", record)
    return met(f"{said} all were re-run to the same bytes", record)


def drawn(e: Evidence) -> Verdict:
    """15."""
    if not len(e.pages.indexes):
        return not_applicable(NO_PAGE)
    reveals = e.standing.reveals
    if not reveals:
        return not_met("no random draw was revealed yet", cited("act", [one.index for one in e.standing.draws]))
    acts = cited("act", [*(one.index for one in e.standing.draws), *(one.index for one in reveals)])
    revealed = {one.act.number for one in reveals}
    if silent := set(range(1, max(revealed))) - revealed:
        return not_met(f"draw {min(silent)} was never revealed, and later ones were", acts)
    for one in reveals:
        act = one.act
        if e.roots.get(act.size) != act.root or e.pages.below(act.size) != act.pages:
            return not_met(f"draw {act.number} is from another log, or of other pages, than this", acts)
        if act.differing:
            return not_met(f"{act.differing:,} of {act.sampled:,} pages of draw {act.number} differ", acts)
    last = reveals[-1].act
    if not last.sampled:
        return not_met(f"draw {last.number} was from no pages", acts)
    most = most_tampered(last.pages, last.sampled, 0)
    return met(
        f"{some(len(reveals), 'draw')}, of whose pages none differs: with 95 % confidence at most {most:,} of "
        f"{last.pages:,} ({most / last.pages:.2%}) were tampered with",
        acts,
    )


def complete(e: Evidence) -> Verdict:
    """16."""
    if not len(e.pages.indexes):
        return not_applicable(NO_PAGE)
    asked = e.pages.checks["in_turn"]
    if asked.broken.count:
        return not_met(asked.why, asked.broken)
    if not e.canaries.pages.count:
        return not_met(NO_CANARY, asked.kept)
    return met(
        f"{some(asked.kept.count, 'page')} without a gap in their sessions; of the partner's own "
        f"{some(e.canaries.viewers, 'viewer')} the journal has just what they were shown and did",
        asked.kept,
        e.canaries.pages,
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
    share = e.pages.ordered.count / max(len(e.pages.indexes), 1)
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
    if not asked.kept.count:
        return not_applicable(NO_PAGE)
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


def verified(e: Evidence) -> Placed[Verification] | None:
    """How far the partner has re-run all pages, as it said last."""
    return e.standing.verifications[-1] if e.standing.verifications else None
