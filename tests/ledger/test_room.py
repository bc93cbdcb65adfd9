"""The room stands alone: it imports nothing of ours but itself, and of others only what a verifier installs."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import pytest

import plainview.ledger
from plainview.ledger.errors import LedgerError

MODULES = sorted(module.name for module in pkgutil.iter_modules(plainview.ledger.__path__))

INSTALLED = {"plainview", "msgspec", "cryptography", "cffi", "typing_extensions"}
"""Of what `plainview[verify]` installs, the ledger's part. msgspec takes typing_extensions where it finds it."""

ALONE = """
import importlib, sys
before = set(sys.modules)
for name in sys.argv[1:]:
    importlib.import_module(f"plainview.ledger.{name}")
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(" ".join(sorted(new - set(sys.stdlib_module_names))))
print(" ".join(sorted(name for name in sys.modules if name.startswith("plainview.") and "ledger" not in name)))
"""


def imported(*modules: str) -> list[list[str]]:
    ran = subprocess.run([sys.executable, "-c", ALONE, *modules], check=True, capture_output=True, text=True)
    return [line.split() for line in ran.stdout.split("\n")[:2]]


def test_it_needs_what_verify_installs_and_nothing_else_of_ours() -> None:
    packages, rooms = imported(*MODULES)
    assert {name for name in packages if not name.startswith("_")} <= INSTALLED
    assert rooms == []


def test_hashing_needs_no_cryptography() -> None:
    assert "cryptography" not in imported("hashing")[0]


@pytest.mark.parametrize("name", ["FormatError", "ProofError", "SignatureError", "PolicyError"])
def test_one_error_stands_for_all(name: str) -> None:
    kind = getattr(plainview.ledger.errors, name)
    assert issubclass(kind, LedgerError)
    assert issubclass(kind, ValueError)
