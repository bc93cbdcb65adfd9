"""`plainview oversee page`: a page that its viewer asks about, re-run from the partner's copy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plainview.cli.bundle_files import BundlesOption
from plainview.cli.console import console
from plainview.cli.errors import CommandError, told

if TYPE_CHECKING:
    from rich.console import Console

    from plainview.journal import JournalReader
    from plainview.oversight.charters import Charters
    from plainview.oversight.partner.following import Mirrored
    from plainview.oversight.partner.page_requests import Answer
    from plainview.replay.findings import Difference

CODES = {"identical": 0, "differs": 1, "broken": 1, "waiting": 2, "inconclusive": 3}
"""Exit code by verdict."""


def page(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The partner's directory.", show_default=False)],
    receipt: Annotated[
        Path,
        typer.Argument(
            metavar="RECEIPT", help="What the viewer was answered: by /v1/feed, or its receipt.", show_default=False
        ),
    ],
    bundles: BundlesOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as one JSON object.")] = False,
) -> None:
    """Re-run the page that a viewer asks about: is it what the log has, and does it come out again?

    Checked is the receipt first, then that the log as it was mirrored has it; then the page is computed again from
    the partner's copy, alone, with all that it rests on. What differs becomes a finding. `plainview oversee run` may
    run meanwhile; it holds the log to a promise that is still open.

    Exit codes:

    0: it is the same, bit for bit.
    1: it differs, or the log has another record than it promised.
    2: it cannot be told: this is no receipt of the log, or its page is not here yet.
    3: it could not be judged: its release is not installed, and its bundle was not given or could not be run.
    """
    with told():
        answer = _answer(console(stderr=True), directory, receipt, bundles)
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(answer).decode())
    else:
        typer.echo(f"{answer.verdict}: {answer.said}")
    if code := CODES[answer.verdict]:
        raise typer.Exit(code)


def _answer(out: Console, directory: Path, file: Path, bundles: Path | None) -> Answer:
    from contextlib import closing

    from plainview.cli.home import at_home
    from plainview.oversight.mirror.copies import CHECKPOINT
    from plainview.oversight.mirror.files import MirrorFiles
    from plainview.oversight.partner.directory import CANARIES, JOURNAL, MIRROR, read_keys
    from plainview.oversight.receipts import RECEIPT_LIMIT

    read_keys(directory)  # or it is no partner's
    try:
        with file.open("rb") as opened:
            data = opened.read(RECEIPT_LIMIT + 1)
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from error
    home = at_home(directory / JOURNAL)  # before any kernel is imported
    from plainview.cli.replay import run
    from plainview.ledger.errors import LedgerError
    from plainview.ledger.notes import parse_note
    from plainview.oversight.partner.following import Mirrored
    from plainview.oversight.partner.page_requests import claim, hand_over, hold, judge

    files = MirrorFiles(directory / MIRROR)
    checkpoint = files.read(CHECKPOINT)
    if checkpoint is None or not home.begun():
        raise CommandError(f"{directory}: nothing of the log is here yet; `plainview oversee run` fetches it")
    mirrored = Mirrored(files, parse_note(checkpoint))
    with closing(home.read()) as journal:
        charters = _charters(journal, mirrored)
        try:
            receipt = claim(data, charters)
        except LedgerError as error:
            raise CommandError(f"{file}: this is no receipt that the log has signed: {error}") from error
        answer, upto = hold(receipt, mirrored), journal.size
        if answer is not None:
            return hand_over(answer, receipt, MirrorFiles(directory / CANARIES))
        if receipt.index >= upto:
            raise CommandError(
                f"{file}: record {receipt.index:,} is in the log, and opened to the partner are those below {upto:,}; "
                "`plainview oversee run` asks for the others"
            )
        report = run(out, home, bundles, receipt.index, 1)
        for one in report.differing:
            if one.index == receipt.index:
                _find(directory, one, journal, mirrored, charters)
        return judge(receipt, report, upto)


def _charters(journal: JournalReader, mirrored: Mirrored) -> Charters:
    """Those that the partner's copy has, each with its entry in the log."""
    from plainview.ledger.charters import parse_charter
    from plainview.ledger.notes import parse_note
    from plainview.oversight.charters import Charters
    from plainview.records import Charter

    found: Charters | None = None
    for entry in journal.of_kind("charter"):
        assert isinstance(entry.record, Charter)
        if found is None:
            found = Charters(parse_charter(parse_note(entry.record.note.encode()).text).digest())
        found.take(entry.index, next(mirrored.entries(entry.index, entry.index + 1)))
    if found is None:
        raise CommandError("the partner's copy has no charter")
    return found


def _find(directory: Path, one: Difference, journal: JournalReader, mirrored: Mirrored, charters: Charters) -> None:
    """Keep it as a finding, and announce that, where it is not known."""
    from plainview.oversight.acts import judged
    from plainview.oversight.partner.announcing import announce_finding
    from plainview.oversight.partner.directory import FINDINGS, LOG, read_keys
    from plainview.oversight.partner.keeping import Findings, finding, in_charge, related
    from plainview.oversight.partner.log import OwnLog

    keys = read_keys(directory)
    standing = judged(mirrored.entries(0, mirrored.checkpoint.size)).last
    records = related(one.index, journal, standing) | {entry.index for entry in journal.of_kind("charter")}
    release = in_charge(one.index, journal)
    made = finding("re-run", one.index, one.stage, one.detail, mirrored, records, journal, release)
    path = Findings(directory / FINDINGS).keep(made)
    if path is not None:
        assert charters.last is not None
        announce_finding(OwnLog(directory / LOG, keys.log), keys.auditor, charters.last.origin, made)
        typer.secho(f"FINDING: {made.sentence()}; {path}", fg="red", err=True)
