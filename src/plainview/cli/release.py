"""`plainview release`: what is installed, whether it computes here as it must, and a builder's word for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from plainview.cli.errors import CommandError, told
from plainview.cli.home import at_home

release = typer.Typer(
    help="The installed release: what it is made of, and whether it computes here what it must.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@release.command()
def show(
    manifest: Annotated[
        bool, typer.Option("--manifest", help="Print the manifest itself, byte for byte: its SHA-256 is the digest.")
    ] = False,
) -> None:
    """Show the release's digest, and what it is made of."""
    from plainview.platform.releases import environment_digest, installed, installed_digest
    from plainview.records import encode

    if manifest:
        typer.echo(encode(installed()), nl=False)
        return
    made = installed()
    typer.echo(
        f"release      {installed_digest()}\n"
        f"  name       {made.configuration.name}\n"
        f"  source     {made.source}\n"
        f"  lock       {made.lock}\n"
        f"  parameters {made.parameters}\n"
        f"  golden     {made.golden}\n"
        f"environment  {environment_digest()}"
    )


@release.command()
def golden(
    text: Annotated[bool, typer.Option("--text", help="Print the vectors, to be compared with another's.")] = False,
) -> None:
    """Compute the golden vectors, and compare them with what the manifest names.

    Exit code: 0 where they are the same, 1 where this machine or installation computes something else.
    """
    with told():
        found, lines = _golden()
    if text:
        typer.echo(lines, nl=False)
    raise typer.Exit(_told(found, err=text))


@release.command()
def attest(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the signed act is to lie.", show_default=False)],
    key: Annotated[Path, typer.Option(metavar="FILE", help="A builder's private key.", show_default=False)],
    log: Annotated[str, typer.Option(metavar="ORIGIN", help="The log it is for.", show_default=False)],
) -> None:
    """Compute the golden vectors, and sign what they came to on this machine: a builder's act, for the log.

    Exit code: 0 where they are what the manifest names, 1 where not; the act says what came out either way.
    """
    with told():
        if os.path.lexists(file):
            raise CommandError(f"{file} is there already; give another name, or move it away")
        from plainview.keys.key_files import read_key
        from plainview.ledger.acts import Build
        from plainview.storage.filesystem import HostFileSystem, write_durable

        signer = read_key(key)
        found, _ = _golden()
        from plainview.platform.releases import environment, environment_digest, installed_digest
        from plainview.records.fields import to_bytes

        act = Build(
            log, to_bytes(installed_digest()), to_bytes(found), environment()["cpu"], to_bytes(environment_digest())
        )
        try:
            write_durable(HostFileSystem(), file, [signer.note(act.text())])
        except OSError as error:
            raise CommandError(f"{file}: cannot be written ({error.strerror})") from error
    typer.echo(f"{file}: signed by {signer.key.name}: what release {installed_digest()} came to on {act.cpu}")
    raise typer.Exit(_told(found))


def _golden() -> tuple[str, str]:
    """The digest of the golden vectors as computed here, and their text."""
    at_home(None)
    from plainview.feed.probe import probe
    from plainview.learning.golden import golden, golden_digest
    from plainview.platform.kernels import sound_cache
    from plainview.platform.releases import installed
    from plainview.records.fields import to_text

    with sound_cache():
        probe()
        lines = golden(installed().configuration)
    return to_text(golden_digest(lines)), lines


def _told(found: str, err: bool = False) -> int:
    from plainview.platform.releases import installed

    wanted = installed().golden
    if found == wanted:
        typer.echo(f"golden {found}: as the manifest says", err=err)
        return 0
    typer.echo(f"golden {found}: the manifest says {wanted}. This computes something else than the release", err=True)
    return 1
