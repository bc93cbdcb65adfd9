"""How long a lying operator goes unnoticed: each attack against a server of its own, the partner seeing only HTTP.

`python -m bench.attacks [NAME ...]` prints what the operator does, what the partner found of it, and the seconds from
the first dishonest deed to that finding: what else it finds by then does not count. For each attack a town plays on an
honest server until the partner has re-run its pages and found them identical; then the operator begins to lie. Exit
code 1 where one was not found.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from bench.dishonest_server import ATTACKS
from bench.overseen import Overseen, Partner
from bench.serving import HOST, Server
from plainview.cli.demo.children import Said
from plainview.keys.key_files import read_key
from plainview.ledger import broken_promises
from plainview.ledger.acts import AnyAct, Approval, Revocation
from plainview.ledger.charters import BOUND_LIMIT
from plainview.ledger.scopes import MILLION, Scope
from plainview.oversight import findings
from plainview.oversight.findings import parse_finding
from plainview.platform.client import ClientError
from plainview.platform.log.opening import KEY
from plainview.platform.releases import CACHE, installed_digest
from plainview.platform.town import Size, Town
from plainview.records.fields import to_bytes

SEED = 4
DAY = 86_400_000
SIZE = Size(viewers=24, creators=20, videos=300)
FINDING = "FINDING: "
"""How a line begins that tells of one."""
PATIENCE = 90.0
"""Seconds that the partner has to find out."""


class Outcome(NamedTuple):
    """What came of one attack."""

    name: str
    seconds: float | None
    """From the first deed to the finding; None where there was none in time."""
    found: str
    """What the partner said."""


def play(town: Town, ending: threading.Event) -> None:
    """Have the town play until the end, whatever the server does."""
    while not ending.is_set():
        try:
            town.play(1.0, 3, lambda _: None)
        except (ClientError, KeyError, TypeError):  # what a lying server answers
            time.sleep(0.2)


def attack(name: str, directory: Path, cache: Path, kernels: Path) -> Outcome:
    """Run one."""
    overseen = Overseen(directory)
    overseen.begin()
    with Server(overseen.home, cache, kernels) as honest:
        honest.start()
        town = Town(f"http://{HOST}:{honest.port}", SEED, SIZE)
        town.prepare()
        port = honest.port
    signal = directory / "signal"
    os.environ |= {"BENCH_ATTACK": name, "BENCH_SIGNAL": str(signal)}
    server = Server(overseen.home, cache, kernels, program="bench.dishonest_server")
    server.port = port
    partner = Partner(overseen.partner, overseen.charter.digest(), f"http://{HOST}:{port}", kernels)
    overseen.watch(f"http://{HOST}:{partner.port}/witness/")
    ending = threading.Event()
    playing = threading.Thread(target=play, args=(town, ending))
    try:
        server.start()
        partner.start()
        playing.start()
        partner.hears("identical", 180)
        partner.hears("identical", 60, time.time() + 2)
        signal.touch()
        if name in SAID:
            _say(overseen, SAID[name](overseen), directory / "act")
        deed = _deed(signal, 60)
        found = _found(partner, COUNTS[name], PATIENCE, deed)
    except TimeoutError as error:
        said = " / ".join(one.line for one in partner.said[-3:])
        return Outcome(name, None, f"{error}; last: {said}")
    else:
        return Outcome(name, found.at - deed, found.line.removeprefix(FINDING))
    finally:
        ending.set()
        if playing.ident is not None:
            playing.join()
        partner.end()
        server.kill()


def _deed(signal: Path, seconds: float) -> float:
    end = time.monotonic() + seconds
    path = signal.with_suffix(".deed")
    while time.monotonic() < end:
        if path.exists() and (text := path.read_text()):
            return float(text)
        time.sleep(0.01)
    raise TimeoutError(f"the operator did nothing within {seconds:g} s")


def kind(line: str) -> str:
    """Of what a line tells: a finding's kind and stage, a proof's kind."""
    path = Path(line.rpartition("; ")[2].removeprefix("the proof is in "))
    if path.suffix == findings.SUFFIX:
        finding = parse_finding(path.read_bytes())
        return f"{finding.what} {finding.stage}".rstrip()
    proof = "broken promise" if path.suffix == broken_promises.SUFFIX else "misbehaviour"
    return f"{proof} {path.name.partition('-')[0]}"


def counts(line: str, found: tuple[str, ...]) -> bool:
    """Whether it is what finds that attack out, and not what else went wrong."""
    return line.startswith(FINDING) and kind(line.removeprefix(FINDING)).startswith(found)


def _found(partner: Partner, found: tuple[str, ...], seconds: float, deed: float) -> Said:
    """The first line since the deed that counts. Raises TimeoutError."""
    end, looked = time.monotonic() + seconds, 0
    others: list[str] = []
    while time.monotonic() < end:
        said = partner.said[looked:]
        looked += len(said)
        for one in said:
            if one.at >= deed and one.line.startswith(FINDING):
                if counts(one.line, found):
                    return one
                others.append(kind(one.line.removeprefix(FINDING)))
        time.sleep(0.02)
    missed, instead = " or ".join(found), ", ".join(dict.fromkeys(others)) or "nothing"
    raise TimeoutError(f"{missed} was not found within {seconds:g} s, but {instead}")


def _say(overseen: Overseen, act: AnyAct, path: Path) -> None:
    """The partner's people sign an act, and hand it in by the partner's own program."""
    path.write_bytes(read_key(overseen.parties / "partner" / KEY).note(act.text()))
    command = [sys.executable, "-m", "plainview.cli", "oversee", "submit", str(overseen.partner), str(path)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _revocation(overseen: Overseen) -> Revocation:
    return Revocation(overseen.charter.origin, to_bytes(installed_digest()), 1, "it pushes one creator")


def _backdated(overseen: Overseen) -> Approval:
    now = time.time_ns() // 1_000_000
    release, everywhere = to_bytes(installed_digest()), Scope(None, None, MILLION)
    return Approval(overseen.charter.origin, release, 1, 1, everywhere, now - DAY, now + DAY, 0, BOUND_LIMIT)


SAID: dict[str, Callable[[Overseen], AnyAct]] = {
    "revocation": _revocation,
    "swallow": _revocation,
    "backdate": _backdated,
}
"""What the partner's people say when the attack of that name begins."""

COUNTS: dict[str, tuple[str, ...]] = {
    "other-release": ("re-run bounds: release",),
    "weight": ("re-run selection: order", "re-run scoring"),
    "parameter": ("re-run scoring",),
    "drop": ("re-run selection: order",),
    "boost": ("re-run selection: order", "re-run scoring"),
    "other-page": ("canary shown: the partner's viewer was shown",),
    "skipped-receipt": ("broken promise",),
    "no-receipt": ("canary shown: no receipt that holds",),
    "unlogged": ("tally",),
    "counter": ("canary shown: page",),
    "revocation": ("re-run bounds: licence",),
    "swallow": ("swallowed",),
    "edit": ("rewritten",),
    "fork": ("misbehaviour split",),
    "events": ("re-run event: key",),
    "settings": ("re-run setting: signature",),
    "stale": ("re-run viewer state",),
    "stale-world": ("re-run selection: order", "re-run scoring"),
    "rows": ("re-run bounds: origin",),
    "policy": ("re-run bounds: decision",),
    "backdate": ("act",),
    "clock": ("clock",),
    "ui": ("ui",),
}
"""What finds the attack of that name out: how a finding's kind and stage begin, or a proof's kind."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[[], *ATTACKS], help="attacks to run (default: all)")
    names = parser.parse_args().names or list(ATTACKS)
    outcomes = []
    with tempfile.TemporaryDirectory() as made:
        for name in names:
            directory = Path(made) / name
            directory.mkdir()
            outcome = attack(name, directory, Path(made) / "cache", Path(os.environ[CACHE]))
            took = "not found" if outcome.seconds is None else f"{outcome.seconds:6.1f} s"
            print(f"{name:<16} {took:>10}  {ATTACKS[name].words}\n{'':<28}  {outcome.found[:160]}", flush=True)
            outcomes.append(outcome)
            shutil.rmtree(directory, ignore_errors=True)
    missed = [outcome.name for outcome in outcomes if outcome.seconds is None]
    print(f"{len(outcomes) - len(missed)} of {len(outcomes)} found")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
