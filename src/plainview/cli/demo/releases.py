"""What the licensor offers: releases of the installed code, each a bundle that everybody is given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from plainview.cli.bundle_files import bundle_in

if TYPE_CHECKING:
    from plainview.cli.demo.stage import Stage


class Offered(NamedTuple):
    """A release in a bundle."""

    file: Path
    name: str
    digest: str
    """43 characters of base64url."""
    golden: str
    """What its manifest says that its golden vectors come to."""


def offered(file: Path) -> Offered:
    """The release in a file. Raises CommandError and BundleError."""
    bundle = bundle_in(file)
    return Offered(file, bundle.name, bundle.release, bundle.outline.golden)


def configured(stage: Stage, name: str, **weights: int) -> Offered:
    """Have the licensor make a release of that name, with these weights of the value formula, in millionths."""
    from msgspec.structs import replace

    from plainview.platform.releases import installed
    from plainview.records import encode

    before = installed().configuration
    value = tuple(replace(one, weight=weights.get(one.head, one.weight)) for one in before.value)
    configuration = stage.licensor / f"{name}.json"
    configuration.write_bytes(encode(replace(before, name=name, value=value)))
    file = stage.releases / f"{name}.bundle"
    stage.run("plainview release bundle", "release", "bundle", str(file), "--configuration", str(configuration))
    return offered(file)
