"""`plainview release`: what is installed, as a bundle too, whether it computes here as it must, a builder's word."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from plainview.cli.bundle_files import read_bundle
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
    from plainview.feed.configuration import MICRO
    from plainview.platform.releases import environment_digest, installed, installed_digest
    from plainview.records import encode

    if manifest:
        typer.echo(encode(installed()), nl=False)
        return
    made = installed()
    has = made.configuration
    typer.echo(
        f"release      {installed_digest()}\n"
        f"  name       {has.name}\n"
        f"  source     {made.source}\n"
        f"  lock       {made.lock}\n"
        f"  parameters {made.parameters}\n"
        f"  golden     {made.golden}\n"
        f"  app        {made.ui}\n"
        f"  sources    {', '.join(f'{one.name} {one.limit}' for one in has.sources)}; {has.candidates} scored\n"
        f"  filters    {', '.join(has.filters)}\n"
        f"  scorer     {has.scorer}\n"
        f"  value      {', '.join(f'{one.head} {one.weight / MICRO:g}' for one in has.value)}\n"
        f"  selectors  {', '.join(has.selectors)}\n"
        f"  learning   {has.learning.daily_cap} acts of a viewer a day\n"
        f"  max lag    {has.max_lag} records\n"
        f"environment  {environment_digest()}"
    )


@release.command()
def bundle(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the bundle is to lie.", show_default=False)],
) -> None:
    """Write the installed release as one file: what its pages can be ranked again from, wherever it is not installed.

    The same bytes on every machine.
    """
    with told():
        if os.path.lexists(file):
            raise CommandError(f"{file} is there already; give another name, or move it away")
        from plainview.platform.releases import installed_bundle
        from plainview.replay.bundles import pack
        from plainview.storage.filesystem import HostFileSystem, write_durable

        made = installed_bundle()
        try:
            write_durable(HostFileSystem(), file, [pack(made)])
        except OSError as error:
            raise CommandError(f"{file}: cannot be written ({error.strerror})") from error
    typer.echo(f"{file}: release {made.release}, {made.name}")


@release.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A bundle from anywhere.", show_default=False)],
) -> None:
    """Compute every digest of a bundle again, and say which release it is. Nothing in it is run.

    Exit code: 0 a release's bundle, 1 none, and the first thing that is wrong with it; 2 it cannot be read.
    """
    with told():
        from plainview.replay.bundles import BundleError, unpack

        try:
            found = unpack(read_bundle(file))
        except BundleError as error:
            typer.echo(f"{file}: no release's bundle: {error}", err=True)
            raise typer.Exit(1) from error
    typer.echo(f"{file}: release {found.release}, {found.name}")


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
