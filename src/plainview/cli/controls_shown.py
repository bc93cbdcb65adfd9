"""Controls as `plainview controls` shows them: all in a table, one with its records, or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import typer

from plainview.cli.console import console
from plainview.ledger.charters import digest_text
from plainview.ledger.spelling import moment, printable
from plainview.oversight.controls.table import TOPICS, Row
from plainview.oversight.controls.verdicts import Cited, State, some

if TYPE_CHECKING:
    from rich.text import Text

    from plainview.oversight.controls.evidence import Evidence

LISTED, KINDS = 3, 2
"""In the table: indexes of one kind, and kinds."""
LOOKS = {
    State.MET: ("✔", "green"),
    State.NOT_MET: ("✘", "red"),
    State.NOT_APPLICABLE: ("○", "dim"),
}


def show_all(evidence: Evidence, rows: list[Row]) -> None:
    """The summary, a table for each topic, and the licence's obligations whose time has come."""
    from rich.table import Table
    from rich.text import Text

    out = console()
    out.print(Text(_summary(rows), style="bold"))
    out.print(_about(evidence), style="dim", soft_wrap=False)
    for topic in TOPICS:
        table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, title=topic, title_justify="left")
        table.title_style = "bold"
        table.add_column(justify="right", width=2)
        table.add_column(ratio=None, width=22)
        table.add_column(width=16)
        table.add_column(ratio=1)
        for row in (one for one in rows if one.control.topic == topic):
            table.add_row(str(row.control.number), row.control.title, _state(row), _told(row))
        out.print()
        out.print(table)
    if due := evidence.standing.obligations_due(evidence.time):
        out.print()
        out.print(Text("Obligations whose time has come", style="bold"))
        for one in due:
            said = f"licence {one.licence}, due {moment(one.obligation.due)}: {one.obligation.text}"
            out.print(Text(printable(said)))


def show_one(row: Row) -> None:
    """All about a control: what it comes to, every record that is named, and what is left open."""
    from rich.text import Text

    out, control, verdict = console(), row.control, row.verdict
    out.print(Text(f"{control.number}. {control.title}", style="bold"))
    out.print(_state(row))
    out.print(Text(_sentence(verdict.said)))
    for one in verdict.records:
        which = f", {one.which}" if one.which else ""
        out.print(Text(f"{one.kind}{which}: {listed(one, len(one.first))}"))
    for found in row.findings:
        about = "" if found.index is None else f", about record {found.index:,}"
        out.print(Text(printable(f"finding {found.file}{about}: {found.sentence}")))
    out.print()
    out.print(Text(f"Looked at: {control.looks_at}."))
    if control.leaves_open:
        out.print(Text(f"Left open: {control.leaves_open}."))
    out.print(Text(f"{control.topic}{f'; drawn from {control.source}' if control.source else ''}.", style="dim"))


def show_json(evidence: Evidence, rows: list[Row]) -> None:
    """One object; see docs/reference/controls.md."""
    said = {
        "charter": digest_text(evidence.charters[0].charter.digest()),
        "time": evidence.time,
        "records": evidence.size,
        "opened": evidence.opened,
        "met": _count(rows, State.MET),
        "not_met": _count(rows, State.NOT_MET),
        "not_applicable": _count(rows, State.NOT_APPLICABLE),
        "controls": [_object(row) for row in rows],
        "obligations": [
            {"licence": one.licence, "due": one.obligation.due, "text": one.obligation.text}
            for one in evidence.standing.obligations_due(evidence.time)
        ],
    }
    typer.echo(msgspec.json.format(msgspec.json.encode(said)).decode())


def listed(one: Cited, most: int = LISTED) -> str:
    """Records by their indexes, `most` at most: `records 12, 15, 19 and 3,204 more`; else how many."""
    if not one.first:
        return some(one.count, "record")
    shown = [f"{index:,}" for index in one.first[:most]]
    if left := one.count - len(shown):
        return f"records {', '.join(shown)} and {left:,} more"
    if len(shown) == 1:
        return f"record {shown[0]}"
    return f"records {', '.join(shown[:-1])} and {shown[-1]}"


def _summary(rows: list[Row]) -> str:
    return ", ".join(f"{_count(rows, state)} {state.value}" for state in State)


def _about(evidence: Evidence) -> str:
    last = evidence.standing.verifications
    rerun = f"re-run below record {last[-1].act.upto:,}" if last else "not re-run"
    name = printable(evidence.standing.charter.origin)
    return f"{name}: {evidence.size:,} records, {evidence.opened:,} of them opened; {rerun}"


def _count(rows: list[Row], state: State) -> int:
    return sum(row.verdict.state is state for row in rows)


def _state(row: Row) -> Text:
    from rich.text import Text

    icon, style = LOOKS[row.verdict.state]
    return Text(f"{icon} {row.verdict.state.value}", style=style)


def _told(row: Row) -> Text:
    from rich.text import Text

    text = Text(_sentence(row.verdict.said))
    if row.verdict.records:
        records = row.verdict.records
        more = ["and others"] if len(records) > KINDS else []
        text.append(f" ({'; '.join([*map(listed, records[:KINDS]), *more])})", style="dim")
    return text


def _sentence(said: str) -> str:
    return printable(said[:1].upper() + said[1:])


def _object(row: Row) -> dict[str, Any]:
    control, verdict = row.control, row.verdict
    return {
        "number": control.number,
        "topic": control.topic,
        "title": control.title,
        "source": control.source,
        "state": verdict.state.value,
        "said": verdict.said,
        "records": [msgspec.structs.asdict(one) for one in verdict.records],
        "findings": [{"file": one.file, "index": one.index, "sentence": one.sentence} for one in row.findings],
        "looks_at": control.looks_at,
        "leaves_open": control.leaves_open,
    }
