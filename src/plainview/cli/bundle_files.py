"""Bundles of releases, in files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plainview.cli.errors import CommandError

if TYPE_CHECKING:
    from plainview.feed.configuration import Configuration
    from plainview.platform.home import Home
    from plainview.replay.bundled import Bundles
    from plainview.replay.bundles import Bundle
    from plainview.replay.installed import Installed

BundlesOption = Annotated[
    Path | None,
    typer.Option(
        "--bundles",
        metavar="DIR",
        help="Bundles of releases that are not installed (`plainview release bundle`), under any names. One of other "
        "code than is installed runs in a process of its own.",
        show_default=False,
    ),
]


ReleaseOption = Annotated[
    Path | None,
    typer.Option(
        "--release",
        metavar="BUNDLE",
        help="A release in a file (default: the one that the data directory is computed with).",
        show_default=False,
    ),
]


def bundle_in(path: Path) -> Bundle:
    """The bundle in a file. Raises CommandError where it cannot be read, BundleError where it is none."""
    from plainview.replay.bundles import read_bundle, unpack

    try:
        data = read_bundle(path)
    except OSError as error:
        raise CommandError(f"{path}: cannot be read ({error.strerror})") from error
    return unpack(data)


def check_new(file: Path) -> None:
    """Raises CommandError where something lies there."""
    if os.path.lexists(file):
        raise CommandError(f"{file} is there already; give another name, or move it away")


def write_bundle(file: Path, bundle: Bundle) -> None:
    """Put it there. Raises CommandError."""
    from plainview.replay.bundles import pack
    from plainview.storage.filesystem import HostFileSystem, write_durable

    try:
        write_durable(HostFileSystem(), file, [pack(bundle)])
    except OSError as error:
        raise CommandError(f"{file}: cannot be written ({error.strerror})") from error


def release_of(home: Home, path: Path | None) -> Installed:
    """The release in a file, or else the home's, to be computed: it imports kernels. Raises CommandError, HomeError."""
    if path is None:
        return home.release
    found = release_in(path)
    try:
        check_runs(found.configuration)
    except ValueError as error:
        raise CommandError(f"{path}: release {found.digest} cannot be run: {error}") from error
    return found


def release_in(path: Path) -> Installed:
    """The release in a file, whose code is what is installed. Raises CommandError."""
    from plainview.platform.releases import OtherCode, opened
    from plainview.replay.bundles import BundleError

    try:
        return opened(bundle_in(path))
    except BundleError as error:
        raise CommandError(f"{path}: no release's bundle: {error}") from error
    except OtherCode as error:
        raise CommandError(f"{path}: {error}") from error


def check_runs(configuration: Configuration) -> None:
    """Raises ValueError for one that no page or world can be computed with."""
    from plainview.feed.actions import Reader
    from plainview.feed.pipeline import Pipeline

    Pipeline.of(configuration)
    Reader(configuration.regions)


def opened_here(bundle: Bundle) -> Installed | None:
    """The release in a bundle whose code is what is installed; None for any other."""
    from plainview.platform.releases import OtherCode, opened

    try:
        return opened(bundle)
    except OtherCode:
        return None


def read_bundles(directory: Path | None, left_out: Callable[[str], None]) -> Bundles | None:
    """What lies in the directory, now and later. Of a file that is no bundle it is told why it is left out.

    Raises CommandError where the directory cannot be read now.
    """
    if directory is None:
        return None
    from plainview.platform.releases import own_kernels
    from plainview.replay.bundled import Bundles

    def come() -> list[Bundle]:
        try:
            return _bundles_in(directory, left_out)
        except CommandError as error:
            left_out(str(error))
            return []

    return Bundles(_bundles_in(directory, left_out), own_kernels(), opened=opened_here, come=come)


def _bundles_in(directory: Path, left_out: Callable[[str], None]) -> list[Bundle]:
    from plainview.replay.bundles import BundleError

    found = []
    try:
        paths = sorted(path for path in directory.iterdir() if path.is_file())
    except OSError as error:
        raise CommandError(f"{directory}: cannot be read ({error.strerror})") from error
    for path in paths:
        try:
            found.append(bundle_in(path))
        except BundleError as error:
            left_out(f"{path}: no release's bundle: {error}")
    return found
