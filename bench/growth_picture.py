"""The growth of the log as a picture: SVG, both axes logarithmic, one panel a question."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10
from typing import NamedTuple
from xml.sax.saxutils import escape

from bench.report import Figure

PANEL, TALL, GAP, TOP = 260, 190, 70, 64


class Line(NamedTuple):
    """One figure of every size."""

    figure: str
    """Its name, with {} for the size."""
    label: str


PANELS = (
    ("A proof of any record, ms", (Line("log.proof.{}.p50", "median"), Line("log.proof.{}.p99", "99th in 100"))),
    ("A checkpoint over 1,000 new records, ms", (Line("log.publishing.{}", "median"),)),
    (
        "A start, s",
        (Line("log.start.whole.{}", "from the journal alone"), Line("log.start.kept.{}", "from what was kept")),
    ),
)
_STYLE = """
    .paper { fill: #fbfaf7 }
    .axis { stroke: #14171a; stroke-opacity: .18 }
    text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #14171a }
    .title { font-weight: 600 }
    .soft { fill-opacity: .7; font-size: 12px }
    .a { stroke: #0b7a53; fill: none; stroke-width: 2 }
    .b { stroke: #b4581a; fill: none; stroke-width: 2; stroke-dasharray: 6 4 }
    .dot-a { fill: #0b7a53 } .dot-b { fill: #b4581a }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #0e1113 } text { fill: #eef1f3 } .axis { stroke: #eef1f3; stroke-opacity: .3 }
      .a { stroke: #3ddc97 } .b { stroke: #ffab66 } .dot-a { fill: #3ddc97 } .dot-b { fill: #ffab66 }
    }
"""


def draw(figures: Sequence[Figure], sizes: Sequence[int]) -> str:
    """The picture, of figures of `bench.log` at `sizes`. Raises KeyError where one is missing."""
    values = {figure.figure: figure.value for figure in figures}
    panels = []
    for place, (title, lines) in enumerate(PANELS):
        series = [[_positive(values[line.figure.format(size)]) for size in sizes] for line in lines]
        panels.append(_panel(title, [line.label for line in lines], series, sizes, GAP + place * (PANEL + GAP)))
    width, height = GAP + len(PANELS) * (PANEL + GAP), TOP + TALL + 92
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-labelledby="title">\n  <title id="title">What the log costs as it grows</title>\n'
        f'  <style>{_STYLE}  </style>\n  <rect class="paper" width="{width}" height="{height}" rx="8"/>\n'
        + "".join(panels)
        + "</svg>\n"
    )


def _panel(title: str, labels: list[str], series: list[list[float]], sizes: Sequence[int], left: int) -> str:
    low = floor(min(log10(value) for line in series for value in line))
    high = max(ceil(max(log10(value) for line in series for value in line)), low + 1)
    first, last = log10(sizes[0]), log10(sizes[-1])

    def across(size: int) -> float:
        return left + PANEL * (log10(size) - first) / max(last - first, 1e-9)

    def up(value: float) -> float:
        return TOP + TALL * (high - log10(value)) / (high - low)

    parts = [f'  <text class="title" x="{left}" y="34">{escape(title)}</text>\n']
    for power in range(low, high + 1):
        y = up(10.0**power)
        parts.append(f'  <line class="axis" x1="{left}" x2="{left + PANEL}" y1="{y:.1f}" y2="{y:.1f}"/>\n')
        parts.append(f'  <text class="soft" x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g}</text>\n')
    for size in sizes:
        name = f"{size // 1_000_000} M" if size >= 1_000_000 else f"{size // 1_000} k"
        parts.append(
            f'  <text class="soft" x="{across(size):.1f}" y="{TOP + TALL + 20}" text-anchor="middle">{name}</text>\n'
        )
    for number, (label, line) in enumerate(zip(labels, series, strict=True)):
        kind = "ab"[number]
        points = [(across(size), up(value)) for size, value in zip(sizes, line, strict=True)]
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'  <polyline class="{kind}" points="{drawn}"/>\n')
        parts += [f'  <circle class="dot-{kind}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>\n' for x, y in points]
        y = TOP + TALL + 48 + 20 * number
        parts.append(f'  <line class="{kind}" x1="{left}" x2="{left + 28}" y1="{y - 4}" y2="{y - 4}"/>\n')
        parts.append(f'  <text class="soft" x="{left + 36}" y="{y}">{escape(label)}</text>\n')
    return "".join(parts)


def _positive(value: float | None) -> float:
    assert value is not None
    return max(value, 1e-6)
