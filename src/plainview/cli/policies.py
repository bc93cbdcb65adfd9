"""`plainview policies`: on what grounds a release lets videos be kept from viewers, and how far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from plainview.cli.bundle_files import ReleaseOption, release_in
from plainview.cli.errors import CommandError, told
from plainview.cli.home import HomeOption

if TYPE_CHECKING:
    from rich.console import Console

    from plainview.moderation.rules.pack import Allowed, Policy


def policies(
    code: Annotated[
        str | None, typer.Argument(metavar="CODE", help="One policy (default: all).", show_default=False)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the policies themselves, byte for byte.")] = False,
    home: HomeOption = None,
    file: ReleaseOption = None,
) -> None:
    """Show the policies of a release: for what a video may be kept from viewers, and from whom at most."""
    with told():
        from plainview.moderation.rules.pack import read_pack
        from plainview.platform.home import Home, default_home

        shown = Home(home or default_home()).release if file is None else release_in(file)
        pack, named = read_pack(shown.policies), shown.manifest.policies
        found = pack.policies if code is None else tuple(one for one in pack.policies if one.code == code)
        if not found and code is not None:
            raise CommandError(f"{code}: release {shown.digest} has no such policy; `plainview policies` lists them")
    if json:
        typer.echo(shown.policies, nl=False)
        return
    from plainview.cli.console import console

    out = console()
    out.print(f"release   {shown.digest}\npolicies  version {named.version}, {named.digest}", soft_wrap=True)
    out.print()
    _show(out, found)


def _show(out: Console, policies: tuple[Policy, ...]) -> None:
    from rich.table import Table
    from rich.text import Text

    from plainview.ledger.spelling import printable

    table = Table(box=None, padding=(0, 2, 1, 0), pad_edge=False)
    for heading, ratio in (("policy", None), ("what is not allowed", 2), ("how grave", None), ("may be", 1)):
        table.add_column(heading, ratio=ratio, overflow="fold")
    for one in policies:
        said = Text.assemble((printable(one.title), "bold"), "\n", printable(one.text), "\n", (one.category, "dim"))
        may = ", ".join(map(_allowed, one.allows)) or "nothing"
        table.add_row(one.code, said, one.severity, may + ("; sealed" if one.sealed else ""))
    out.print(table)


def _allowed(allowed: Allowed) -> str:
    """A restriction in plain words, and how far it may reach."""
    where = f" in {', '.join(allowed.regions)}" if allowed.regions else ""
    whom = f" for {', '.join(allowed.ages)}" if allowed.ages else ""
    return f"{_WORDS[allowed.restriction]}{where}{whom}"


_WORDS = {
    "removed": "removed",
    "fyf_ineligible": "not recommended",
    "geo_disabled": "kept from regions",
    "age_restricted": "kept from viewers below 18",
}
