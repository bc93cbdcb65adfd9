"""The 44 controls: what each promises, where that was promised, what is looked at, and what that leaves open."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from plainview.oversight.controls import algorithm, custody, moderation, overseeing, serving
from plainview.oversight.controls.bearing import bears_on
from plainview.oversight.controls.evidence import Evidence, Found
from plainview.oversight.controls.verdicts import State, Verdict, not_met

TOPICS = ("The algorithm", "Served pages", "Viewers' data", "Moderation", "Oversight")
EO, JV, PT, DSA, GDPR = "EO 14352", "joint venture", "Project Texas", "DSA", "GDPR"


class Control(NamedTuple):
    """One of them."""

    number: int
    topic: str
    """One of TOPICS."""
    title: str
    source: str
    """The published terms that say it; empty where it follows from what these ask for."""
    looks_at: str
    """What makes it met, in words."""
    leaves_open: str
    """What may be otherwise all the same; empty where nothing is to be said."""
    judge: Callable[[Evidence], Verdict]


class Row(NamedTuple):
    """What a control comes to."""

    control: Control
    verdict: Verdict
    findings: tuple[Found, ...]
    """Those of the partner's that bear on it."""


def rows(evidence: Evidence) -> list[Row]:
    """All of them, by their numbers. With a finding that bears on it none is met."""
    return [_row(control, evidence) for control in CONTROLS]


def _row(control: Control, evidence: Evidence) -> Row:
    verdict = control.judge(evidence)
    bearing = tuple(one for one in evidence.found if control.number in bears_on(one))
    if bearing and verdict.state is not State.NOT_MET:
        others = f", and {len(bearing) - 1:,} more" if len(bearing) > 1 else ""
        verdict = not_met(f"the partner found: {bearing[0].sentence} ({bearing[0].file}{others})", *verdict.records)
    return Row(control, verdict, bearing)


def _topic(number: int) -> str:
    return TOPICS[sum(number > last for last in (10, 20, 29, 37))]


def _control(
    number: int, title: str, source: str, judge: Callable[[Evidence], Verdict], looks_at: str, leaves_open: str = ""
) -> Control:
    return Control(number, _topic(number), title, source, looks_at, leaves_open, judge)


NOT_BUILT = "nothing: this version does not do it"
CONTROLS: tuple[Control, ...] = (
    _control(
        1, "Manifest names everything", f"{EO}; {JV}", algorithm.manifest,
        "each release's manifest has the release's digest and is one of this version, strictly read, with all that "
        "such a one names; its record brings the policies that it names by their digest; each page names a release "
        "that the log has",
    ),
    _control(
        2, "Unapproved code does not rank", "", algorithm.approved,
        "each personal page's release, request and index against the acts that count before it; pages of the baseline "
        "that were served because nothing might rank; that re-running finds no page that its release does not compute",
    ),
    _control(
        3, "Independent builds", PT, algorithm.builds,
        "before each approval, builders on CPUs of their own with the manifest's golden vectors; none that says it is "
        "pretended",
        "whether the builders are two, and used the machines that they name",
    ),
    _control(
        4, "Emergencies are bounded", "", algorithm.emergencies,
        "length and share of each emergency, its review once it is over, the pages on it and that they were re-run",
    ),
    _control(
        5, "Approvals have a scope", "", algorithm.scoped,
        "each personal page's region, surface, share and time against what it rests on",
    ),
    _control(
        6, "Revocation stops a release", "", algorithm.stopped,
        "pages after each revocation, and the last one before it that rests on what it ended",
        "how long the operator took to write the revocation down, which a swallowed act shows",
    ),
    _control(
        7, "Licensor only submits", "PAFACA", algorithm.licensor,
        "the roles of the licensor's keys in all charters, its submissions, and accesses by its keys",
        "what licensor and operator say to each other outside the log",
    ),
    _control(
        8, "Training can be repeated", EO, algorithm.training,
        "that the partner has folded the epochs again from record 0, by its last verification, whose reach is asked as "
        "in 14; that parameters which a release brings say from which records of this log they were learned",
        "whether learning these again gives the parameters, which whoever has the records can try",
    ),
    _control(
        9, "Only admitted data teaches", "", algorithm.origins,
        "each data set's admission before its first record, its number of records, and refusals",
        "whether a data set is what its name and licence say",
    ),
    _control(
        10, "Tests before approval", "", algorithm.tested,
        "before each approval, tests that passed, signed by the auditor with a key that had not ended then, whose "
        "suites have the words quality, amplification and suppression in their names",
        "what a suite tests",
    ),
    _control(
        11, "Every page has a receipt", "", serving.receipts,
        "that the manifest, charter and epoch of each receipt that was opened are those of the log",
        "whether viewers keep theirs, which our app lets them",
    ),
    _control(
        12, "Clients get the receipt", "", serving.handed_out,
        "pages of the partner's own viewers, of which the receipt and the log's promise were checked as they came; "
        "that none came without, and promises were not empty again and again, which is a finding",
        "what other viewers get, who have to look themselves",
    ),
    _control(
        13, "Promises are kept in time", "", serving.in_time,
        "what the log promised to the partner's own viewers, against the checkpoint mirrored last and the times at "
        "which witnesses cosigned it",
        "what was promised to other viewers, who have to look themselves",
    ),
    _control(
        14, "Pages can be re-run", "", serving.rerun,
        "the partner's last verification: that it is of this log and of all its pages below that record, each "
        "identical; that the copy of the journal is no more than 1,000 records, or a tenth of the log, behind the "
        "mirror, and no page or epoch has stood above that record for more than 2 hours of journal time",
        "pages after that record",
    ),
    _control(
        15, "Random audits", "", serving.drawn,
        "each draw's announcement and its reveal within a day, that it is from this log's tree and all its pages, that "
        "none differs, and that by the last less than 5 % of them can have been tampered with",
        "one viewer treated otherwise, whom no draw finds, but who can have any of their own pages re-run",
    ),
    _control(
        16, "No page is missing", "", serving.complete,
        "each session's page numbers and the page that each names before it; what the journal has of the partner's own "
        "viewers; the operator's tallies, of answers where they go out and of rankings where they are made, against "
        "the pages in their ranges: that they cover them in time, and that no more than 5 % of these pages are in "
        "ranges of which it says that the counts were lost",
        "pages before the first tally; pages shown without a receipt, by an operator who does not count them either, "
        "to viewers who keep none; files fetched, which this version does not serve",
    ),
    _control(
        17, "Boosts exist only as orders", "", serving.ordered,
        "each order's two keys, and each video that was placed by order against the order it names; that re-running "
        "finds no page that its release does not compute",
    ),
    _control(
        18, "Experiments are assigned openly", "", serving.experimental,
        "each page's arms, computed again from the manifest's table, its salt and the viewer; that the manifest of "
        "each can be read here",
    ),
    _control(
        19, "Why this video", f"{DSA} 27", serving.explained,
        "the newest 100 pages, explained from their receipts and held against their release, which can be read here",
        "whether the app that a viewer is served shows just that, as ours does",
    ),
    _control(
        20, "A feed without profiling", f"{DSA} 38", serving.unprofiled,
        "pages that were asked for without profiling; that their viewer state has no history shows by re-running them",
        "whether the app that a viewer is served offers it, as ours does in the tab itself",
    ),
    _control(
        21, "Declared data only", PT, custody.inventory,
        "each opened record's kind and fields, read strictly; that all but the newest are opened, as in 14",
        "what is kept outside the journal",
    ),
    _control(22, "One gateway a boundary", PT, custody.gateways, NOT_BUILT),
    _control(23, "Access needs a purpose", "", custody.purposes, NOT_BUILT),
    _control(24, "Reads are written down", "", custody.reads, NOT_BUILT),
    _control(25, "Excepted flows are capped", PT, custody.exceptions, NOT_BUILT),
    _control(26, "Data has a residence", "", custody.residency, NOT_BUILT),
    _control(27, "Erasure", f"{GDPR} 17", custody.erasure, NOT_BUILT),
    _control(28, "Export for its owner", f"{GDPR} 15, 20", custody.export, NOT_BUILT),
    _control(29, "Keys are the custodian's", "", custody.split_keys, NOT_BUILT),
    _control(
        30, "Policies are versioned", f"{DSA} 14", moderation.policies,
        "each release's record has the policies that its manifest names, can be read here, and was approved or is a "
        "charter's baseline; no version of the policies stands for two; each decision has a number of its own and "
        "names a policy of the release in charge where it stands, with a restriction that this policy allows for these "
        "regions and ages, and regions that the release names, not disabled in all of them",
        "whether the policies are good ones; classifiers and their thresholds, of which there are none",
    ),
    _control(31, "Decisions are signed", "", moderation.decisions, NOT_BUILT),
    _control(
        32, "No silent filter", "", moderation.restrictions,
        "control 14, since re-running shows by what each video was kept out; that each decision is within a policy, as "
        "in 30, and what is lifted was decided on that video",
        "whether a decision's policy and ground are the true ones; pages after the last verification",
    ),
    _control(33, "Statements of reasons", f"{DSA} 17, 24", moderation.statements, NOT_BUILT),
    _control(34, "Notices by anyone", f"{DSA} 16, 22", moderation.notices, NOT_BUILT),
    _control(35, "Complaints", f"{DSA} 20", moderation.complaints, NOT_BUILT),
    _control(36, "Blind second reviews", "", moderation.second_reviews, NOT_BUILT),
    _control(37, "Governments' requests apart", "", moderation.takedowns, NOT_BUILT),
    _control(
        38, "Duties are divided", "", overseeing.duties,
        "every key's roles in all charters; that somebody witnesses; that enough keys of partner and auditor last",
        "whose hands the keys are in; the keeping of data keys, which nobody's duty is",
    ),
    _control(
        39, "The watcher is watched", "", overseeing.watched,
        "each act of the partner's own log in the operator's, each act and charter judged again, and accesses by the "
        "auditor's key against what its program asked for",
        "what the partner does with what was opened to it",
    ),
    _control(
        40, "Tiers of disclosure", "", overseeing.tiers,
        "that each release's manifest commits by a digest to what is for the partner and to what is sealed, if "
        "anything is",
        "whether these were opened to whom they are for",
    ),
    _control(
        41, "Independent witnesses", "", overseeing.witnesses,
        "how few witnesses can cosign what counts by the charter in force, and who has cosigned the last checkpoint",
        "whether the witnesses are independent of each other",
    ),
    _control(
        42, "Monitors work offline", f"{DSA} 37, 40", overseeing.offline,
        "that this very command could check every entry from the mirror's files",
    ),
    _control(
        43, "Incidents leave proofs", "", overseeing.incidents,
        "each file among the findings, by itself, and each finding that the log announces; files that prove the "
        "records that they are about, and not what was found, are counted apart",
        "what was found where that takes computing again, all of the log, or is the partner's word",
    ),
    _control(
        44, "Recomputable reports", f"{DSA} 15", overseeing.reports,
        "each report that the partner's own log announces and the operator's has: that its file is here, signed by an "
        "auditor, and of this log, and each of its numbers, computed again; that each page older than 31 days, by "
        "journal time, is in a report, whoever announced that",
        "what the reports of others say, which are only counted; what a report does not count; what re-running came "
        "to, which is as the auditor's acts say",
    ),
)  # fmt: skip
