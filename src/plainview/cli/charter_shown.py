"""How a charter is shown: what it says, its digest, and whose signatures it has and lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plainview.ledger.charters import Charter
    from plainview.ledger.notes import NoteSignature
    from plainview.ledger.quorums import Asked

_UNITS = {
    "clock_tolerance": "ms",
    "now_tolerance": "ms",
    "merge_delay": "ms",
    "replay_window": "days",
    "retention": "days",
    "emergency_limit": "ms",
    "emergency_share": "millionths",
}


def warn_of_ends(held: Charter) -> None:
    """Say, beside what is asked for, which of its keys end soon by this machine's clock, or have."""
    import typer

    from plainview.journal.journal import now
    from plainview.ledger.key_ends import key_ends

    for line in key_ends(held, now()):
        typer.secho(f"note: {line}", fg="yellow", err=True)


def show_charter(
    shown: Charter, signatures: tuple[NoteSignature, ...], before: Charter | None, at: int | None = None
) -> bool:
    """Print it. Whether all have signed who must to bring it into force after `before`, None before the first.

    Where it was put into a journal, at that journal time; a file has none, and is held against the end of no key.
    What it says was written by others, and is printed as it is: no markup, nothing that a terminal would obey.
    """
    from rich.text import Text

    from plainview.cli.console import console
    from plainview.ledger.charters import ROLES, Bounds, digest_text, missing
    from plainview.ledger.errors import PolicyError, SignatureError
    from plainview.ledger.notes import Note
    from plainview.ledger.opening import verified_signatures
    from plainview.ledger.policy_files import encode_policy
    from plainview.ledger.spelling import moment, printable

    out = console()
    title = f" of {printable(shown.origin)}, digest {digest_text(shown.digest())}"
    out.print(Text.assemble((f"charter {shown.number}", "bold"), title), soft_wrap=True)
    wrong = "" if signatures else "nobody has signed it"
    stay = {party.key for party in shown.parties}
    go = [] if before is None else [party.key for party in before.parties if party.key not in stay]
    signed: set[object] = set()
    lacking: list[Asked] = []
    if signatures:
        note = Note(shown.text(), signatures)
        try:
            signed = {one.key for one in verified_signatures(note, [*stay, *go])}
            lacking = missing(note, shown, before, at=at)
        except (PolicyError, SignatureError) as error:
            wrong = str(error)
            if before is None and isinstance(error, PolicyError):
                wrong += ": give it as --previous"
    some_end = any(party.until is not None for party in shown.parties)
    rows = [("role", "quorum", "signed", "until" if some_end else "", "key")]
    for role, quorum in zip(ROLES, shown.quorums, strict=True):
        of = f"{quorum} of {len(shown.keys_of(role))}"
        for place, party in enumerate(party for party in shown.parties if party.role == role):
            first = (role, of) if place == 0 else ("", "")
            until = moment(party.until) if party.until is not None else "no end" if some_end else ""
            rows.append((*first, "yes" if party.key in signed else "no", until, printable(party.key.vkey())))
    rows += [("goes", "", "yes" if held in signed else "no", "", printable(held.vkey())) for held in go]
    wide = max(len(row[3]) for row in rows) + 2 if some_end else 0
    for at_row, (who, of, has, ends, vkey) in enumerate(rows):
        # The key last, and whole: it is copied from here, and a table would fold it.
        out.print(Text(f"{who:<8}  {of:<8}  {has:<6}  {ends:<{wide}}{vkey}", "" if at_row else "bold"), soft_wrap=True)
    for name in Bounds.__struct_fields__:
        out.print(f"{name.replace('_', ' ')}: {getattr(shown.bounds, name):,} {_UNITS[name]}")
    out.print(f"baseline: {digest_text(shown.baseline)}")
    out.print("policy:")
    for line in encode_policy(shown.policy).decode().removesuffix("\n").split("\n"):
        out.print(Text(printable(line)), soft_wrap=True)
    reasons = [f"{wrong}."] if wrong else []
    for one in lacking:
        names = ", ".join(printable(key.name) for key in one.keys)
        reasons += [f"{one.number} more of {one.role} must sign: {names}"]
    for reason in reasons:
        out.print(Text.assemble(("Not in force:", "yellow"), f" {reason}"), soft_wrap=True)
    if not reasons:
        out.print("[green]Signed by all who must.[/green]")
    return not reasons
