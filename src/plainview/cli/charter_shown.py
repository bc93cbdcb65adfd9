"""How a charter is shown: what it says, its digest, and whose signatures it has and lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plainview.ledger.charters import Charter, Missing
    from plainview.ledger.notes import NoteSignature

_UNITS = {
    "clock_tolerance": "ms",
    "now_tolerance": "ms",
    "merge_delay": "ms",
    "replay_window": "days",
    "retention": "days",
}


def show_charter(shown: Charter, signatures: tuple[NoteSignature, ...], before: Charter | None) -> bool:
    """Print it. Whether it is in force after `before`, None before the first."""
    from rich.markup import escape
    from rich.table import Table

    from plainview.cli.console import console
    from plainview.ledger.charters import ROLES, Bounds, digest_text, missing
    from plainview.ledger.errors import PolicyError, SignatureError
    from plainview.ledger.notes import Note
    from plainview.ledger.opening import verified_signatures
    from plainview.ledger.policy_files import encode_policy

    out = console()
    out.print(
        f"[bold]charter {shown.number}[/bold] of {escape(shown.origin)}, digest {digest_text(shown.digest())}",
        soft_wrap=True,
    )
    wrong = "" if signatures else "nobody has signed it"
    signed: set[object] = set()
    lacking: list[Missing] = []
    if signatures:
        note = Note(shown.text(), signatures)
        parties = {party.key for one in (shown, before) if one is not None for party in one.parties}
        try:
            signed = {one.key for one in verified_signatures(note, parties)}
            lacking = missing(note, shown, before)
        except (PolicyError, SignatureError) as error:
            wrong = str(error)
    table = Table(show_edge=False, pad_edge=False)
    for heading in ("role", "must sign", "key", "signed"):
        table.add_column(heading, overflow="fold")
    for role, quorum in zip(ROLES, shown.quorums, strict=True):
        for place, held in enumerate(shown.keys_of(role)):
            of = f"{quorum} of {len(shown.keys_of(role))}" if place == 0 else ""
            table.add_row(role if place == 0 else "", of, escape(held.vkey()), "yes" if held in signed else "")
    out.print(table)
    for name in Bounds.__struct_fields__:
        out.print(f"{name.replace('_', ' ')}: {getattr(shown.bounds, name):,} {_UNITS[name]}")
    out.print(f"baseline: {digest_text(shown.baseline)}")
    out.print(f"policy:\n{escape(encode_policy(shown.policy).decode())}", soft_wrap=True, end="")
    if wrong:
        out.print(f"[yellow]Not in force:[/yellow] {escape(wrong)}.", soft_wrap=True)
    for one in lacking:
        names = ", ".join(held.name for held in one.keys)
        out.print(
            f"[yellow]Not in force:[/yellow] {one.number} more of {one.role} must sign: {escape(names)}", soft_wrap=True
        )
    if wrong or lacking:
        return False
    out.print("[green]In force.[/green]")
    return True
