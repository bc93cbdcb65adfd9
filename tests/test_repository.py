"""What must be true of the repository as a whole."""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import plainview
from plainview.replay.bundles import UI

TOP = Path(__file__).parents[1]
FOLDERS = (".ci", "bench", "docs", "requirements", "src", "tests")

MACHINE = re.compile(
    r"(?<![\w.])/(?:root|work|home/\w+|Users/\w+)/"  # somebody's home or checkout
    r"|https?://\S+(?:/simple/|\.whl\b|/pool/)"  # where one machine fetches its packages
    r"|--(?:extra-)?index-url|--find-links|--trusted-host"
)


def files() -> Iterator[Path]:
    """Every text file of the repository, without asking git: a source archive has none."""
    # In a worktree of git's, .git is a file, and names a machine.
    yield from (path for path in TOP.iterdir() if path.is_file() and path.name != ".git")
    for folder in FOLDERS:
        for path in (TOP / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def test_no_file_names_a_machine_or_a_package_host() -> None:
    found = []
    for path in files():
        if path == Path(__file__):
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        here = len(TOP.parts) > 2 and str(TOP) in text  # a checkout in /src, say, has a name that occurs everywhere
        if here or MACHINE.search(text):
            found.append(str(path.relative_to(TOP)))
    assert found == []


def modules() -> list[str]:
    return [module.name for module in pkgutil.walk_packages(plainview.__path__, "plainview.")]


@pytest.mark.parametrize("name", modules())
def test_module_imports(name: str) -> None:
    module = importlib.import_module(name)
    missing = [public for public in getattr(module, "__all__", ()) if not hasattr(module, public)]
    assert missing == []


def test_rooms_are_those_of_the_architecture() -> None:
    text = (TOP / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = set(re.findall(r"^\| `(\w+)/` \|", text, flags=re.MULTILINE))
    packages = {module.name for module in pkgutil.iter_modules(plainview.__path__)}
    assert table == packages | {UI}


def project() -> dict[str, list[str]]:
    with (TOP / "pyproject.toml").open("rb") as file:
        extras: dict[str, list[str]] = tomllib.load(file)["project"]["optional-dependencies"]
    return extras


def pins(lock: str) -> dict[str, list[tuple[Version, str]]]:
    """Name -> (version, text of the whole entry) for each entry: one for each marker."""
    entries = re.split(r"^(?=[a-z0-9])", (TOP / "requirements" / lock).read_text(encoding="utf-8"), flags=re.MULTILINE)
    found: dict[str, list[tuple[Version, str]]] = {}
    for entry in filter(None, entries):
        name, _, rest = entry.partition("==")
        found.setdefault(canonicalize_name(name), []).append((Version(rest.split()[0]), entry))
    return found


@pytest.mark.parametrize(
    ("lock", "extras"),
    [
        ("verify.txt", ["verify"]),
        ("serve.txt", ["verify", "learn", "serve"]),
        ("dev.txt", ["verify", "learn", "serve", "dev"]),
    ],
)
def test_lock_holds_what_the_project_asks_for(lock: str, extras: list[str]) -> None:
    locked = pins(lock)
    for text in (text for extra in extras for text in project()[extra]):
        wanted = Requirement(text)
        if wanted.name == "plainview":
            continue
        versions = locked.get(canonicalize_name(wanted.name), [])
        assert versions, f"{wanted.name} is not in requirements/{lock}: make lock"
        assert all(version in wanted.specifier for version, _ in versions), f"{text}: make lock"


def test_every_pin_has_a_hash() -> None:
    for lock in ("verify.txt", "serve.txt", "dev.txt"):
        for name, entries in pins(lock).items():
            assert all("--hash=sha256:" in text for _, text in entries), f"{name} in requirements/{lock}: make lock"


def test_locks_agree() -> None:
    everything = {name: {version for version, _ in entries} for name, entries in pins("dev.txt").items()}
    for lock in ("verify.txt", "serve.txt"):
        for name, entries in pins(lock).items():
            assert {version for version, _ in entries} == everything[name], f"{name} in requirements/{lock}: make lock"


def test_a_wheel_has_the_lock_file(tmp_path: Path) -> None:
    """By which an installation knows its release."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with ZipFile(wheel) as archive:
        assert archive.read("plainview/lock.txt") == (TOP / "requirements" / "verify.txt").read_bytes()
