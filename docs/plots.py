"""docs/plots/*.svg: the charts of docs/benchmarks.md, drawn from the tables in bench/README.md."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).resolve().parent
BENCH = DOCS.parent / "bench" / "README.md"

WIDTH, LEFT, RIGHT, BAR, GAP = 760, 190, 90, 16, 14
COLOURS = {"memcairn": "#1f6f8b", "floor": "#a9b4bd", "memtomem": "#d08c3c"}
UNITS = {"ms": 1.0, "s": 1000.0, "MB": 1.0}


class Bar(NamedTuple):
    """One bar: which program, how long it is, and the text beside it."""

    program: str
    value: float
    label: str


def charts() -> dict[Path, str]:
    """Each chart's file and content."""
    rows = _rows(BENCH.read_text(encoding="utf-8"))
    whole = ("enqueue", "first-index", "index-again", "search-process")
    warm = ("search-warm, median", "search-warm, p95", "meaning-warm, median", "meaning-warm, p95")
    return {
        DOCS / "plots" / "processes.svg": _chart(
            "Time of one command, milliseconds, logarithmic", {name: rows[name] for name in whole}
        ),
        DOCS / "plots" / "searches.svg": _chart(
            "Time of one search in a running process, milliseconds, logarithmic",
            {name: rows[name] for name in warm},
        ),
    }


def _rows(page: str) -> dict[str, list[Bar]]:
    """The rows of the table of measured speeds, with a bar for each program that was measured."""
    lines = page.splitlines()
    (first,) = (
        n for n, line in enumerate(lines) if line.startswith("| row | memcairn | floor | ratio")
    )
    head = _cells(lines[first])
    rows = {}
    for line in lines[first + 2 :]:
        if not line.startswith("|"):
            break
        cells = dict(zip(head, _cells(line), strict=True))
        rows[cells["row"]] = [
            Bar(program, value, cells[program])
            for program in COLOURS
            if (value := _value(cells[program])) is not None
        ]
    return rows


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _value(cell: str) -> float | None:
    found = re.fullmatch(r"([\d.,]+) (ms|s|MB)", cell)
    return float(found[1].replace(",", "")) * UNITS[found[2]] if found else None


def _chart(title: str, groups: dict[str, list[Bar]]) -> str:
    """Horizontal bars on a logarithmic scale, one group for each row."""
    values = [bar.value for bars in groups.values() for bar in bars]
    low, high = math.floor(math.log10(min(values))), math.log10(max(values))
    scale = (WIDTH - LEFT - RIGHT) / (high - low)
    parts, y = [], 76
    for name, bars in groups.items():
        middle = y + len(bars) * BAR / 2 + 4
        parts.append(f'<text x="{LEFT - 12}" y="{middle:g}" text-anchor="end">{name}</text>')
        for bar in bars:
            width = max(2.0, (math.log10(bar.value) - low) * scale)
            parts.append(
                f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR - 2}" '
                f'fill="{COLOURS[bar.program]}"/>'
                f'<text x="{LEFT + width + 6:.1f}" y="{y + 11}" class="value">{bar.label}</text>'
            )
            y += BAR
        y += GAP
    used = dict.fromkeys(bar.program for bars in groups.values() for bar in bars)
    legend = [
        f'<rect x="{LEFT + 120 * n}" y="44" width="12" height="12" fill="{COLOURS[program]}"/>'
        f'<text x="{LEFT + 120 * n + 18}" y="54">{program}</text>'
        for n, program in enumerate(used)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" role="img">',
            f"<title>{title}</title>",
            "<style>text { font: 13px sans-serif; fill: #222 } .value { font-size: 11px }</style>",
            f'<rect width="{WIDTH}" height="{y}" fill="#fff"/>',
            f'<text x="{LEFT}" y="26" font-weight="bold">{title}</text>',
            *legend,
            *parts,
            "</svg>",
            "",
        ]
    )
