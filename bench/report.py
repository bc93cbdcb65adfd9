"""The one face of all benches: what a figure carries, how figures are printed, and on which machine they were taken."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from plainview.platform.releases import installed_digest


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One published number beside the best peer measured in the same run."""

    figure: str
    """Dotted name, stable across versions: `append.1000.records_per_second`."""
    value: float | None
    """None where it could not be measured; `protocol` then says why."""
    unit: str
    peer: str
    """The best peer's name; empty for none."""
    peer_value: float | None
    protocol: str
    """How it was measured, short enough for one line."""
    data_digest: str
    release_digest: str
    seed: int


class Figures(list[Figure]):
    """The figures of one run of one bench: what they have in common is given once."""

    def __init__(self, bench: str, data_digest: str, seed: int) -> None:
        """`bench` begins every figure's name; empty for none."""
        super().__init__()
        self._bench = bench
        self._data_digest = data_digest
        self._seed = seed

    def add(
        self, name: str, value: float | None, unit: str, protocol: str, peer: str = "", peer_value: float | None = None
    ) -> None:
        """One more figure, see `Figure`."""
        self.append(
            Figure(
                figure=f"{self._bench}.{name}" if self._bench else name,
                value=value,
                unit=unit,
                peer=peer,
                peer_value=peer_value,
                protocol=protocol,
                data_digest=self._data_digest,
                release_digest=installed_digest(),
                seed=self._seed,
            )
        )


def arguments(description: str, seed: int = 0) -> argparse.ArgumentParser:
    """A parser with what every bench takes: `data` (Path or None), `json` (bool) and `seed` (int)."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, metavar="DIR", help="directory to read from or to work in")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line instead of a table")
    parser.add_argument("--seed", type=int, default=seed, help="seed of every random choice (default: %(default)s)")
    return parser


def print_figures(figures: Sequence[Figure], as_json: bool) -> None:
    """Print `figures` on standard output: one JSON object a line, or a table.

    The machine's line goes below the table, or with JSON to standard error, so that every line of output is a figure.
    """
    line = "machine: " + ", ".join(f"{name} {value}" for name, value in machine().items())
    if as_json:
        for figure in figures:
            sys.stdout.write(msgspec.json.encode(figure).decode() + "\n")
        sys.stdout.flush()
        print(line, file=sys.stderr)
        return
    protocols = {protocol: number for number, protocol in enumerate(dict.fromkeys(f.protocol for f in figures), 1)}
    table = Table(show_edge=False, pad_edge=False)
    for heading in ("figure", "value", "unit", "peer", "peer value", "protocol"):
        table.add_column(heading, justify="right" if "value" in heading else "left", overflow="fold")
    for figure in figures:
        numbers = _number(figure.value), _number(figure.peer_value)
        protocol = str(protocols[figure.protocol])
        table.add_row(figure.figure, numbers[0], figure.unit, figure.peer, numbers[1], protocol)
    console = Console()
    console.print(table)
    for protocol, number in protocols.items():
        console.print(f"protocol {number}: {protocol}", highlight=False, soft_wrap=True)
    for name in ("data_digest", "release_digest", "seed"):
        values = dict.fromkeys(str(getattr(figure, name)) for figure in figures)
        console.print(f"{name.replace('_', ' ')}: {', '.join(values)}", highlight=False, soft_wrap=True)
    console.print(line, highlight=False, soft_wrap=True)


def machine() -> dict[str, str | int]:
    """What a figure depends on besides the code: CPU, cores this process may use, memory, versions."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "memory": f"{memory:.1f} GiB",
        "python": platform.python_version(),
        "numpy": _version("numpy"),
        "numba": _version("numba"),
    }


def percentile(samples: Sequence[float], percent: float) -> float:
    """The smallest sample that at least `percent` of 100 samples do not exceed (nearest rank)."""
    if not samples:
        raise ValueError("a percentile needs at least one sample")
    rank = max(1, -(-len(samples) * percent // 100))
    return sorted(samples)[int(rank) - 1]


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
