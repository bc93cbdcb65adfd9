"""Releases whose code is installed here, measured: manifest, digest, and the environment they run in.

Imports no kernel and not Numba, so that it can say where compiled kernels are kept before either is imported.
"""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import shlex
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryFile

import plainview
from plainview.feed.configuration import DEFAULT, GOLDEN, Manifest
from plainview.learning.parameters import NONE, read_parameters
from plainview.learning.provenance import read_tier
from plainview.ledger.spelling import printable
from plainview.moderation.rules.pack import Pack, name_of, read_pack
from plainview.records.arrays import pack_floats
from plainview.records.codec import decode, encode, read
from plainview.records.digests import arrays_digest
from plainview.records.fields import DASHES, to_text
from plainview.replay.bundles import Bundle, code_digest, source_digest, source_of, ui_digest, ui_of
from plainview.replay.installed import Installed
from plainview.replay.locks import LOCKED, LOWERED, departures, lock_of

CACHE = "NUMBA_CACHE_DIR"
_PACKAGE = Path(plainview.__file__).parent
_NUMBERS = {"family": "cpu family", "model": "model", "stepping": "stepping"}
"""Of a CPU, and how Linux calls them."""


@functools.cache
def installed() -> Installed:
    """The release that comes with the code. A data directory may have another of the same code: `Home.release`."""
    return Installed(
        Manifest(
            configuration=DEFAULT,
            source=to_text(source_digest(source_of(_PACKAGE))),
            lock=to_text(hashlib.sha256(lock()).digest()),
            parameters=to_text(arrays_digest(NONE)),
            golden=GOLDEN,
            ui=to_text(ui_digest(installed_ui())),
            policies=name_of(read_pack(installed_policies())),
            training=None,
            partner=DASHES,
            sealed=DASHES,
        ),
        installed_policies(),
        ui=installed_ui(),
    )


@functools.cache
def installed_digest() -> str:
    """The digest of the release that comes with the code."""
    return installed().digest


@functools.cache
def installed_ui() -> dict[str, bytes]:
    """The files of the viewers' app by their path, as they were when they were first read: what is served is what
    was measured."""
    return ui_of(_PACKAGE)


@functools.cache
def installed_policies() -> bytes:
    """The exact bytes of the policies that come with the code."""
    return encode(read(Pack, (_PACKAGE / "moderation" / "policies.json").read_bytes()))


def installed_code() -> str:
    """The digest of the code that is installed, whichever release of it is computed (`bundles.code_digest`)."""
    return code_digest(installed().manifest.source, installed().manifest.lock)


@functools.cache
def program_digest() -> str:
    """The digest of all code that is installed, the algorithm's and the rest, and of the lock it runs with."""
    paths = (*_PACKAGE.rglob("*.py"), _PACKAGE / "lock.txt")
    return to_text(source_digest({path.relative_to(_PACKAGE).as_posix(): path.read_bytes() for path in paths}))


def bundle_of(release: Installed) -> Bundle:
    """All of a release, to be written down and run elsewhere."""
    parameters = pack_floats(release.parameters) if release.parameters else b""
    source = source_of(_PACKAGE)
    return Bundle(encode(release.manifest), lock(), source, release.ui, release.policies, parameters, release.partner)


class OtherCode(Exception):
    """A bundle that cannot be computed, or served, with what is installed here, and why."""

    def __init__(self, why: str) -> None:
        super().__init__(printable(why))


def opened(bundle: Bundle) -> Installed:
    """The release in a bundle, to be computed here. Raises OtherCode."""
    here = installed().manifest
    outline = bundle.outline
    for what, there, wanted in (("source", outline.source, here.source), ("lock", outline.lock, here.lock)):
        _check_same(bundle.release, what, there, wanted)
    try:
        if bundle.partner:
            read_tier(bundle.partner)
        manifest, parameters = decode(Manifest, bundle.manifest), read_parameters(bundle.parameters)
        return Installed(manifest, bundle.policies, parameters, bundle.partner, bundle.ui)
    except ValueError as error:
        raise OtherCode(f"release {bundle.release} is none that its own code runs: {error}") from error


def check_app(release: Installed) -> None:
    """Raises OtherCode where another app than the release's would be served with it."""
    _check_same(release.digest, "app", release.manifest.ui, installed().manifest.ui)


def _check_same(release: str, what: str, there: str, wanted: str) -> None:
    if there != wanted:
        raise OtherCode(
            f"release {release} has {what} {there}, and what is installed here has {wanted}: install the version of "
            "Plainview that it was made with; `--bundles` re-runs its pages without"
        )


@functools.cache
def lock() -> bytes:
    """What of the lock file is the release's: the entries of LOCKED."""
    return lock_of((_PACKAGE / "lock.txt").read_bytes())


class NotAsLocked(Exception):
    """What is installed here is not what the release's lock names, and what to do."""

    def __init__(self, wrong: str) -> None:
        super().__init__(
            f"{wrong}: the release computes with what its lock names and with nothing else; install that: "
            f"`python -m pip install --require-hashes -r {shlex.quote(str(_PACKAGE / 'lock.txt'))}`"
        )


def check_locked() -> None:
    """Raises NotAsLocked where a page would be computed with other versions than the release's."""
    if wrong := departures(lock(), _version):
        raise NotAsLocked(wrong)


@functools.cache
def environment_digest() -> str:
    """What the bits of a page could depend on besides the release: CPU, Python, NumPy, Numba and LLVM.

    43 characters of base64url. llvmlite's version stands for LLVM's, which is built into it.
    """
    state = hashlib.sha256(b"plainview/environment/v1\x00")
    for name, value in environment().items():
        state.update(f"{name}={value}\n".encode())
    return to_text(state.digest())


@functools.cache
def environment() -> dict[str, str]:
    """What `environment_digest` is made of."""
    model, flags = _cpu()
    facts = {"machine": platform.machine(), "cpu": model, "flags": flags, "python": platform.python_version()}
    facts |= {name: _version(name) for name in LOCKED}
    return facts | {name: os.environ.get(name, "") for name in LOWERED}


class CacheUnusable(Exception):
    """Compiled kernels cannot be kept where they are to be kept, why, and what to do."""

    def __init__(self, directory: Path, cause: OSError) -> None:
        super().__init__(
            f"{directory}: compiled kernels cannot be kept there ({cause.strerror}); mend that, or set {CACHE} to a "
            "directory of your own that can be written to"
        )


def own_kernels() -> Path:
    """Where the kernels that this user compiled are kept: in $XDG_CACHE_HOME, or ~/.cache.

    Never in a data directory. Whoever loads kernels runs them, and an auditor's come from nobody who is audited.
    """
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "plainview" / "kernels"


def kernel_cache(kernels: Path) -> Path:
    """Have Numba keep what it compiles in a directory private to the installed code, and make it.

    It lies in `kernels`, or where NUMBA_CACHE_DIR says if that is set. Call it before anything of `feed` or `learning`
    but their configuration is imported; raises RuntimeError where Numba is there already and looks elsewhere, and
    CacheUnusable where the directory cannot be made or written to.
    """
    private = installed_code()
    base = Path(os.environ.get(CACHE) or kernels)
    directory = base if base.name == private else base / private
    if "numba" in sys.modules:
        if Path(sys.modules["numba"].config.CACHE_DIR or os.devnull) != directory:
            raise RuntimeError(f"Numba was imported before its cache could be set to {directory}")
        return directory
    try:
        directory.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=directory).close()  # where none can be made, Numba would keep them elsewhere
    except OSError as error:
        raise CacheUnusable(directory, error) from error
    os.environ[CACHE] = str(directory)
    return directory


def compiled(directory: Path) -> int:
    """How many kernels (index files of Numba's cache) `directory` holds."""
    return sum(1 for _ in directory.rglob("*.nbi"))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


def _cpu() -> tuple[str, str]:
    """Model and flags of the first CPU, as Linux tells them; what `platform` knows elsewhere."""
    facts: dict[str, str] = {}
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        name, _, value = line.partition(":")
        facts.setdefault(name.strip(), value.strip())
    flags = facts.get("flags", facts.get("Features", ""))
    # A virtual machine may call every model by one name; its numbers tell them apart.
    numbers = [f"{name} {facts[line]}" for name, line in _NUMBERS.items() if line in facts]
    model = ", ".join((facts.get("model name", platform.processor()), *numbers))
    return model, " ".join(sorted(flags.split()))
