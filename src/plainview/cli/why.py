"""`plainview why`: why each video of a page is there, from the page's receipt alone.

Needs what plainview[verify] installs, and so neither Typer nor Rich. Nothing is fetched.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec.structs import replace

from plainview.cli.verify import FILE_LIMIT, Unreadable, parsed_receipt, read
from plainview.cli.why_shown import lines
from plainview.feed import experiments
from plainview.feed.configuration import Configuration, Manifest
from plainview.ledger.errors import FormatError, ProofError
from plainview.ledger.spelling import printable, shown
from plainview.oversight.explanations import explain
from plainview.oversight.orders import Given, parse_orders
from plainview.platform.releases import installed, installed_digest
from plainview.records import Page, RecordError, decode
from plainview.records.fields import to_text

_HELP = """\
Why each video of a page is there: how it was found, what was predicted, what each prediction counts, and how it came to
its place. All of it is taken from the page's receipt and the public manifest of the release that it names; nothing is
fetched. What of it cannot be so is a finding.
"""
_CODES = """\
Exit code: 0 explained, and all adds up; 1 something does not, or the receipt is not the one that was committed to; 2
not explained, because something cannot be read, or the program failed; 3 explained, but whether all adds up cannot be
told, because the release is not known here; 130 interrupted.
"""


class _NotCommitted(Exception):
    """A receipt whose record is not the one that its commitment is of."""


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    made = argparse.ArgumentParser("plainview why", description=_HELP, epilog=_CODES, allow_abbrev=False)
    made.add_argument(
        "file", type=Path, metavar="FILE", help="an answer of /v1/feed or /v1/pages/INDEX, or its receipt, as JSON"
    )
    made.add_argument(
        "video", type=int, nargs="?", metavar="VIDEO", help="the id of one video of the page: all that was predicted"
    )
    made.add_argument(
        "--manifest",
        type=Path,
        metavar="FILE",
        help="the manifest of the release that the receipt names, its exact bytes, where another is installed here",
    )
    made.add_argument(
        "--orders",
        type=Path,
        metavar="FILE",
        help="an answer of /v1/orders, as JSON: who gave the orders by which videos are on the page, and why",
    )
    made.add_argument("--json", action="store_true", dest="as_json", help="print one JSON object, with exact numbers")
    return made


def why(arguments: Sequence[str]) -> int:
    """Explain a page; the exit code. Usage errors raise SystemExit(2)."""
    options = parser().parse_args(arguments)
    try:
        return _explain(options)
    except Unreadable as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except _NotCommitted as error:
        print(f"Not explained: {error}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _explain(options: argparse.Namespace) -> int:
    name = printable(str(options.file))
    index, page = _page(options.file, name)
    ids = [item.video for item in page.items]
    if options.video is not None and options.video not in ids:
        there = f"there are {', '.join(map(str, ids))}" if ids else "it has none"
        raise Unreadable(f"{name}: video {options.video} is not on this page: {there}")
    configuration, unknown = _configuration(page.release, options.manifest)
    explanation = explain(page, configuration, {} if options.orders is None else _orders(options.orders))
    findings = len(explanation.page_findings) + sum(len(video.findings) for video in explanation.videos)
    if options.as_json:
        if options.video is not None:
            videos = tuple(one for one in explanation.videos if one.video == options.video)
            explanation = replace(explanation, videos=videos)
        said = {"index": index, "unknown": unknown, "findings": findings}
        print(msgspec.json.encode(said | msgspec.to_builtins(explanation)).decode())
    else:
        for line in lines(explanation, index, unknown, str(options.file), options.video):
            print(line)
    return 1 if findings else 0 if explanation.judged else 3


def _page(path: Path, name: str) -> tuple[int, Page]:
    """The page whose receipt is in the file, and the index that the receipt says."""
    with suppress(OSError):  # reading says what is wrong
        if path.is_fifo():
            raise Unreadable(f"{name}: is a pipe: save the answer to a file, and give that")
    data = read(path, FILE_LIMIT)
    try:
        receipt = parsed_receipt(data)
        receipt.entry()
        return receipt.index, decode(Page, receipt.body.encode())
    except FormatError as error:
        raise Unreadable(f"{name}: {error}") from error
    except ProofError as error:
        raise _NotCommitted(f"{name}: {error}") from error
    except RecordError as error:
        raise Unreadable(f"{name}: receipt: body is no page that can be read here: {shown(str(error))}") from error


def _orders(path: Path) -> dict[int, Given]:
    try:
        return parse_orders(read(path, FILE_LIMIT))
    except FormatError as error:
        raise Unreadable(f"{printable(str(path))}: {error}") from error


def _configuration(release: str, given: Path | None) -> tuple[Configuration | None, str]:
    """That of the release, if its code is what is installed here; else why it is not known."""
    here = installed().manifest
    manifest = here if given is None else _manifest(given, release)
    if given is None and release != installed_digest():
        return None, (
            f"release {release} is not the one that comes with the code here, {installed_digest()}: its manifest, "
            "which is public, can be given as --manifest FILE"
        )
    if manifest.source != here.source:
        return None, f"the code of release {release} is not what is installed here: install that release"
    return manifest.configuration, ""


def _manifest(path: Path, release: str) -> Manifest:
    name = printable(str(path))
    data = read(path, FILE_LIMIT)
    digest = to_text(hashlib.sha256(data).digest())
    if digest != release:
        raise Unreadable(f"{name}: is not the manifest of release {release}: its digest is {digest}")
    try:
        manifest = decode(Manifest, data)
    except RecordError as error:
        raise Unreadable(f"{name}: no manifest that can be read here: {shown(str(error))}") from error
    try:
        experiments.check(manifest.configuration)
    except ValueError as error:
        raise Unreadable(f"{name}: of no release that can be run: {error}") from error
    return manifest
