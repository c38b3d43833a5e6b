"""What the page "How fast" shows, from the measurements in ``book/how_fast.json``.

``make bench`` measures; nothing on the page is typed. Each part becomes substitutions: ``gain``
is the geometric mean, ``gain_rows`` the table, ``gain_machine`` where and when it was measured;
so with the other parts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MEASURED = Path(__file__).resolve().parent.parent / "how_fast.json"
ROUNDED = "mixed_bfloat16"
NO_BREAK = "\N{NO-BREAK SPACE}"

Rows = Sequence[Mapping[str, Any]]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; the first column is text, the others are numbers."""
    sides = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, sides, *rows))


def ratio(row: Mapping[str, Any]) -> str:
    """Return a ratio with its range over the turns, e.g. "1.45 (1.38 to 1.60)", on one line."""
    return unbroken(f"{row['median']:.2f} ({row['low']:.2f} to {row['high']:.2f})")


def percent(row: Mapping[str, Any]) -> str:
    """Return what a ratio adds to one, with its range, e.g. "5 % (−2 to 9 %)"."""
    added, low, high = (round(100 * (row[name] - 1)) for name in ("median", "low", "high"))
    return f"{added} % ({low} to {high} %)".replace("-", "−")


def difference(row: Mapping[str, Any]) -> str:
    """Return a difference of accuracy with its spread over seeds, e.g. "+0.0002 ± 0.0011"."""
    mean, spread = row["difference"]
    return unbroken(f"{mean:+.4f} ± {spread:.4f}".replace("-", "−"))


def unbroken(text: str) -> str:
    """Return a text that no line ends within."""
    return text.replace(" ", NO_BREAK)


def seconds(value: float) -> str:
    """Return seconds with as many digits as mean something."""
    digits = 2 if value < 1 else 1 if value < 100 else 0
    return f"{value:.{digits}f}"


def trainings(rows: Rows, first: str, second: str, ratio_of: str) -> str:
    """Return the table of networks that were trained in two ways, the two sides in seconds."""
    sides = (unbroken(f"{side}, s") for side in (first, second))
    return table(
        ("network", *sides, ratio_of, "difference of accuracy"),
        [
            (
                row["name"] + r"\*" * (ROUNDED in row["how"]),
                *map(seconds, row["seconds"]),
                ratio(row),
                difference(row),
            )
            for row in rows
        ],
    )


def timed(rows: Rows) -> str:
    """Return the table of everything but loading: seconds, and the limit where there is one."""
    return table(
        ("what", "seconds", "limit, seconds"),
        [
            (subject(row), seconds(row["seconds"]), limit(row))
            for row in rows
            if "megabytes" not in row
        ],
    )


def subject(row: Mapping[str, Any]) -> str:
    """Return what a row is about; a command as code, whose hyphens stay as they are."""
    what = row["what"]
    is_command = what.startswith(("import ", "labkit ", "make ")) and "," not in what
    return f"`{what}`" if is_command else what


def limit(row: Mapping[str, Any]) -> str:
    """Return a row's limit, and whether it is missed, e.g. "20, missed"; nothing without one."""
    if not row["budget"]:
        return ""
    return f"{row['budget']:g}" + ", missed" * (row["seconds"] > row["budget"])


def loading(rows: Rows) -> str:
    """Return the table of datasets: seconds, megabytes held, and at the most while loading."""
    return table(
        ("what", "seconds", "its arrays, MB", "at most, MB"),
        [
            (
                row["what"].removeprefix("load "),
                seconds(row["seconds"]),
                f"{row['megabytes']:.1f}",
                f"{row['peak_megabytes']:.1f}",
            )
            for row in rows
            if "megabytes" in row
        ],
    )


def machine(part: Mapping[str, Any]) -> str:
    """Return where and when a part was measured."""
    found = part["machine"]
    return (
        f"{found['device']}, Python {found['python']}, Keras {found['keras']} on TensorFlow "
        f"{found['tensorflow']}, {found['finished'][:10]}"
    )


def substitutions(measured: Mapping[str, Any]) -> dict[str, str]:
    """Return what the page's ``{{ … }}`` stand for.

    Args:
        measured: its parts by name, as ``make bench`` writes them; ``tests`` may be missing, since
            it is measured with the page in place.
    """
    rows = {name: part["rows"] for name, part in measured.items()}
    deformed, fed = rows["augmentation"]
    (trained,) = rows["memory"]
    words = {
        "gain": f"{measured['gain']['geometric_mean']:.2f}",
        "gain_rows": trainings(rows["gain"], "Keras", "labkit", "times as fast"),
        "overhead": f"{measured['overhead']['geometric_mean']:.2f}",
        "overhead_rows": trainings(rows["overhead"], "labkit", "Keras", "labkit ÷ Keras"),
        "augmentation": percent(deformed),
        "waiting": percent(fed),
        "memory": f"{trained['last_megabytes'] / trained['first_megabytes']:.2f}",
        "around_rows": timed([*rows["around"], *rows.get("tests", ())]),
        "loading_rows": loading(rows["around"]),
        "practicals_rows": timed(rows["practicals"]),
    }
    return words | {f"{name}_machine": machine(part) for name, part in measured.items()}


def fill_in(app, config) -> None:
    """Give the pages their substitutions."""
    measured = json.loads(MEASURED.read_text(encoding="utf-8"))
    config.myst_substitutions = {**config.myst_substitutions, **substitutions(measured)}


def setup(app) -> dict:
    """Fill in before any page is read."""
    app.connect("config-inited", fill_in, priority=100)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
