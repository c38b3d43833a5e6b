"""Measure how fast the course is on this machine: `make bench`.

    python scripts/bench [--only PART] [--turns 5] [--out FILE]

Prints a table and writes JSON with machine, versions and date of each part; parts that are not
measured stay as they are in the file. The parts are overhead, gain, augmentation, around, memory,
sweeps, practicals and tests. Whatever trains is a ratio of two sides that took turns; the rest is
seconds on this machine, beside the budget that the course sets itself.

All of it but `tests` is measured by default, which takes more than an hour on two cores and should
have them for itself. It needs the real data (`LABKIT_DATA`, or a filled cache). The page "How fast"
shows `book/how_fast.json`.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import around
import memory
import sweeps
import training

Rows = Iterator[dict[str, Any]]
OUT = around.ROOT / "_build" / "bench.json"


def parts(turns: int) -> dict[str, Callable[[], Rows]]:
    """Return what can be measured, by name."""
    return {
        "overhead": lambda: training.overhead(turns),
        "gain": lambda: training.gain(turns),
        "augmentation": lambda: training.augmentation(turns),
        "around": lambda: (row for part in around.PARTS for row in part()),
        "memory": memory.rows,
        "sweeps": lambda: sweeps.rows(turns),
        "practicals": around.practicals,
        "tests": around.tests,
    }


def line(row: dict[str, Any]) -> str:
    """Return a row as a person reads it."""
    if "median" in row:
        low, high, (first, second) = row["low"], row["high"], row["seconds"]
        text = f"{row['name']:18} {row['median']:5.2f}  ({low:.2f} to {high:.2f})"
        return f"{text}  {first:.1f} s ÷ {second:.1f} s"
    budget = f"of {row['budget']:g}" if row["budget"] else ""
    more = ", ".join(f"{name} {row[name]}" for name in row if name.endswith("megabytes"))
    return f"{row['what']:44} {row['seconds']:8.2f} s {budget:8} {more}".rstrip()


def geometric_mean(rows: Sequence[dict[str, Any]]) -> float:
    """Return the geometric mean of the rows' ratios."""
    return statistics.geometric_mean(row["median"] for row in rows)


def write(path: Path, parts: dict[str, Any]) -> None:
    """Write parts into the file, beside those that it has already."""
    there = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(there | parts, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Measure, print as it goes, and write; return the exit code."""
    from labkit.records import provenance

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=list(parts(1)), help="one part")
    parser.add_argument("--turns", type=int, default=training.TURNS, help="ratios a row")
    parser.add_argument("--out", type=Path, default=OUT, help="the JSON file")
    options = parser.parse_args(arguments)
    chosen = parts(options.turns)
    names = [options.only] if options.only else [name for name in chosen if name != "tests"]
    for name in names:
        print(f"\n{name}", flush=True)
        rows = []
        for row in chosen[name]():
            rows.append(row)
            print(line(row), flush=True)
            part: dict[str, Any] = {"machine": dict(provenance.collect()), "rows": rows}
            if name in ("overhead", "gain"):
                part["geometric_mean"] = round(geometric_mean(rows), 3)
            write(options.out, {name: part})
        if "geometric_mean" in part:
            print(f"{'geometric mean':18} {part['geometric_mean']:5.2f}")
    print(f"\n{options.out}")
    return 0
