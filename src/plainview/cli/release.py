"""`plainview release`: what a data directory is computed with, as a bundle too; releases made, installed, built and
compared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plainview.cli.bundle_files import (
    ReleaseOption,
    bundle_in,
    check_new,
    check_runs,
    release_in,
    release_of,
    write_bundle,
)
from plainview.cli.errors import CommandError, told
from plainview.cli.golden import golden_vectors
from plainview.cli.home import HomeOption, at_home
from plainview.cli.release_diff import diff

if TYPE_CHECKING:
    from plainview.replay.installed import Installed

release = typer.Typer(
    help="Releases: what they are made of, which one a home has, whether one computes what it must, how two differ.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
release.command()(diff)
BundleFile = Annotated[Path, typer.Argument(metavar="BUNDLE", help="A bundle from anywhere.", show_default=False)]


@release.command()
def show(
    manifest: Annotated[
        bool, typer.Option("--manifest", help="Print the manifest itself, byte for byte: its SHA-256 is the digest.")
    ] = False,
    configuration: Annotated[
        bool, typer.Option("--configuration", help="Print the configuration, to be changed: `release bundle` takes it.")
    ] = False,
    policies: Annotated[
        bool, typer.Option("--policies", help="Print the policies, to be changed: `release bundle` takes them.")
    ] = False,
    home: HomeOption = None,
    file: ReleaseOption = None,
) -> None:
    """Show a release's digest, and what it is made of."""
    with told():
        from plainview.feed.configuration import MICRO
        from plainview.platform.home import Home, default_home
        from plainview.platform.releases import environment_digest
        from plainview.records import encode

        shown = Home(home or default_home()).release if file is None else release_in(file)
    made, has = shown.manifest, shown.configuration
    if manifest:
        typer.echo(encode(made), nl=False)
        return
    if configuration:
        from msgspec import json

        typer.echo(json.format(encode(has)).decode())
        return
    if policies:
        from msgspec import json

        typer.echo(json.format(shown.policies).decode())
        return
    was = made.training
    learned = f"by {was.base} from records {was.start} to {was.upto - 1} of {was.log}" if was else "not told"
    learned = learned if shown.parameters else "nothing"
    typer.echo(
        f"release      {shown.digest}\n"
        f"  name       {has.name}\n"
        f"  source     {made.source}\n"
        f"  lock       {made.lock}\n"
        f"  parameters {made.parameters}\n"
        f"  golden     {made.golden}\n"
        f"  app        {made.ui}\n"
        f"  policies   {made.policies.digest}, version {made.policies.version}\n"
        f"  learned    {learned}\n"
        f"  partner    {made.partner}\n"
        f"  sealed     {made.sealed}\n"
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
    configuration: Annotated[
        Path | None,
        typer.Option(
            metavar="JSON",
            help="Make another release of it, with this configuration (`release show --configuration`).",
            show_default=False,
        ),
    ] = None,
    policies: Annotated[
        Path | None,
        typer.Option(
            metavar="JSON",
            help="Make another release of it, with these policies (`release show --policies`).",
            show_default=False,
        ),
    ] = None,
    sealed: Annotated[
        Path | None,
        typer.Option(
            metavar="DEPOSIT",
            help="Make another release of it, which commits to this (`release seal`).",
            show_default=False,
        ),
    ] = None,
    home: HomeOption = None,
    of: ReleaseOption = None,
) -> None:
    """Write a release as one file: what its pages can be ranked again from, wherever it is not installed.

    The same bytes on every machine. With another configuration it is another release, whose golden vectors are
    computed first.
    """
    with told():
        check_new(file)
        from msgspec.structs import replace

        made = release_of(at_home(home), of)
        if configuration is not None:
            made = _configured(made, configuration)
        if policies is not None:
            made = _governed(made, policies)
        if sealed is not None:
            made = made._replace(manifest=replace(made.manifest, sealed=_commitment(sealed)))
        from plainview.platform.releases import bundle_of

        packed = bundle_of(made)
        write_bundle(file, packed)
    typer.echo(f"{file}: release {packed.release}, {packed.name}")


def _configured(base: Installed, file: Path) -> Installed:
    """The release that `base` is with the configuration in a file."""
    from msgspec.structs import replace

    from plainview.feed.configuration import Configuration
    from plainview.records import read

    data = read_file(file)
    try:
        configuration = read(Configuration, data)
        check_runs(configuration)
    except ValueError as error:  # RecordError too
        raise CommandError(f"{file}: no configuration of a release: {error}") from error
    made = base._replace(manifest=replace(base.manifest, configuration=configuration))
    found, _ = golden_vectors(made)
    return made._replace(manifest=replace(made.manifest, golden=found))


def _governed(base: Installed, file: Path) -> Installed:
    """The release that `base` is with the policies in a file."""
    from msgspec.structs import replace

    from plainview.moderation.rules.pack import Pack, check_pack, name_of
    from plainview.records import encode, read

    try:
        pack = read(Pack, read_file(file))
        check_pack(pack)
    except ValueError as error:  # RecordError too
        raise CommandError(f"{file}: no policies of a release: {error}") from error
    was, named = base.manifest.policies, name_of(pack)
    if named.version == was.version and named.digest != was.digest:
        raise CommandError(
            f"{file}: other policies than version {was.version} of release {base.digest}: number them anew"
        )
    return base._replace(manifest=replace(base.manifest, policies=named), policies=encode(pack))


@release.command()
def seal(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What is to be sealed.", show_default=False)],
    deposit: Annotated[Path, typer.Argument(metavar="DEPOSIT", help="Where it is to lie.", show_default=False)],
) -> None:
    """Seal a file: a release can commit to the deposit, and nobody can tell what is in it until it is opened to them.

    Keep the deposit: without it nothing can be opened.
    """
    with told():
        import secrets

        from plainview.replay import deposits
        from plainview.storage.filesystem import HostFileSystem, write_durable

        check_new(deposit)
        made = deposits.deposit(read_file(file), secrets.token_bytes(32))
        try:
            write_durable(HostFileSystem(), deposit, [made])
        except OSError as error:
            raise CommandError(f"{deposit}: cannot be written ({error.strerror})") from error
    typer.echo(f"{deposit}: sealed, commitment {deposits.sealed(made)}")


@release.command("open")
def open_(
    manifest: Annotated[
        Path, typer.Argument(metavar="MANIFEST", help="A release's manifest, its exact bytes.", show_default=False)
    ],
    deposit: Annotated[
        Path, typer.Argument(metavar="DEPOSIT", help="What is said to be sealed by it.", show_default=False)
    ],
) -> None:
    """Tell whether a deposit is the one that a release commits to. What it holds is what follows its first line.

    Exit code: 0 it is; 1 it is not; 2 something cannot be read.
    """
    with told():
        import hashlib

        from plainview.feed.configuration import Manifest
        from plainview.records import RecordError, decode
        from plainview.records.fields import to_text

        data = read_file(manifest)
        try:
            committed = decode(Manifest, data).sealed
        except RecordError as error:
            raise CommandError(f"{manifest}: no manifest that can be read here: {error}") from error
        found = _commitment(deposit)
    of = f"release {to_text(hashlib.sha256(data).digest())}"
    if found != committed:
        typer.echo(f"{deposit}: not what {of} commits to: {found}, and {committed} in its manifest", err=True)
        raise typer.Exit(1)
    typer.echo(f"{deposit}: what {of} commits to")


def _commitment(deposit: Path) -> str:
    from plainview.replay.deposits import sealed

    try:
        return sealed(read_file(deposit))
    except ValueError as error:
        raise CommandError(f"{deposit}: no deposit: {error}") from error


def read_file(path: Path) -> bytes:
    """What is in a file. Raises CommandError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path}: cannot be read ({error.strerror})") from error


@release.command()
def install(file: BundleFile, home: HomeOption = None) -> None:
    """Have a data directory be computed with this release from the next start of `plainview serve` on.

    Its code must be what is installed here. Its golden vectors are not computed again: `release golden` does.
    """
    with told():
        from plainview.platform.releases import bundle_of

        directory = at_home(home)
        found = bundle_of(release_of(directory, file))
        directory.install(found)
    typer.echo(
        f"{directory.path}: release {found.release}, {found.name}, from the next `plainview serve` on, which takes the "
        "journal over where the release may"
    )


@release.command()
def check(
    file: BundleFile,
) -> None:
    """Compute every digest of a bundle again, and say which release it is. Nothing in it is run.

    Exit code: 0 a release's bundle, 1 none, and the first thing that is wrong with it; 2 it cannot be read.
    """
    with told():
        from plainview.replay.bundles import BundleError

        try:
            found = bundle_in(file)
        except BundleError as error:
            typer.echo(f"{file}: no release's bundle: {error}", err=True)
            raise typer.Exit(1) from error
    typer.echo(f"{file}: release {found.release}, {found.name}")


@release.command()
def golden(
    text: Annotated[bool, typer.Option("--text", help="Print the vectors, to be compared with another's.")] = False,
    home: HomeOption = None,
    file: ReleaseOption = None,
) -> None:
    """Compute the golden vectors, and compare them with what the manifest names.

    Exit code: 0 where they are the same, 1 where this machine or installation computes something else.
    """
    with told():
        computed = release_of(at_home(home), file)
        found, lines = golden_vectors(computed)
    if text:
        typer.echo(lines, nl=False)
    raise typer.Exit(_told(computed, found, err=text))


@release.command()
def attest(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the signed act is to lie.", show_default=False)],
    key: Annotated[Path, typer.Option(metavar="FILE", help="A builder's private key.", show_default=False)],
    log: Annotated[str, typer.Option(metavar="ORIGIN", help="The log it is for.", show_default=False)],
    home: HomeOption = None,
    of: ReleaseOption = None,
) -> None:
    """Compute the golden vectors, and sign what they came to on this machine: a builder's act, for the log.

    Exit code: 0 where they are what the manifest names, 1 where not; the act says what came out either way.
    """
    with told():
        check_new(file)
        from plainview.keys.key_files import read_key
        from plainview.ledger.acts import Build
        from plainview.storage.filesystem import HostFileSystem, write_durable

        signer = read_key(key)
        built = release_of(at_home(home), of)
        found, _ = golden_vectors(built)
        from plainview.platform.releases import environment, environment_digest
        from plainview.records.fields import to_bytes

        act = Build(log, to_bytes(built.digest), to_bytes(found), environment()["cpu"], to_bytes(environment_digest()))
        try:
            write_durable(HostFileSystem(), file, [signer.note(act.text())])
        except OSError as error:
            raise CommandError(f"{file}: cannot be written ({error.strerror})") from error
    typer.echo(f"{file}: signed by {signer.key.name}: what release {built.digest} came to on {act.cpu}")
    raise typer.Exit(_told(built, found))


def _told(release: Installed, found: str, err: bool = False) -> int:
    wanted = release.manifest.golden
    if found == wanted:
        typer.echo(f"golden {found}: as the manifest says", err=err)
        return 0
    typer.echo(f"golden {found}: the manifest says {wanted}. This computes something else than the release", err=True)
    return 1
