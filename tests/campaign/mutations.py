"""Ways in which a file goes wrong, as Hypothesis's strategies; and a bound on memory."""

from __future__ import annotations

import contextlib
import copy
import json
from pathlib import Path

from hypothesis import strategies as st

MEMORY = 256 * 1024 * 1024  # bytes that reading a small file may take
_MEMORY_IN_USE = Path("/proc/self/statm")


@contextlib.contextmanager
def bounded():
    """Let the code within take `MEMORY` more than there is in use; where Linux can say how much."""
    if not _MEMORY_IN_USE.exists():
        yield
        return
    import resource

    used = int(_MEMORY_IN_USE.read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


# --- bytes --------------------------------------------------------------------------------


@st.composite
def damaged(draw, content: bytes) -> bytes:
    """Return bytes with one to three damages: flipped, overwritten, lost, put in or repeated."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        end = start + draw(st.sampled_from([1, 1, 2, 8, 100, len(content)]))
        piece = content[start:end]
        new = draw(
            st.one_of(
                st.sampled_from([b"", piece + piece]),
                st.binary(min_size=len(piece[:8]), max_size=8),
                st.integers(0, 7).map(lambda bit, piece=piece: _flipped(piece, bit)),
            )
        )
        content = content[:start] + new + content[end:]
    return content


def _flipped(piece: bytes, bit: int) -> bytes:
    return bytes([piece[0] ^ 1 << bit]) + piece[1:] if piece else piece


# --- values -------------------------------------------------------------------------------

# JSON texts in place of a value. The last two stand for what json.dumps does not write.
_ODD = [
    None, True, False, 0, 1, -1, 2, 10**30, 0.5, -0.5, 1e308, float("nan"), float("inf"),
    "", "x", "0", "object", "V8", "<U4", "float32", "../x", "\ud800", "<b>&'\"", "a\nb", [], {},
    [[]], [1], ["x"], {"": 0}, {"x": {"x": []}}, [10**9, 10**9], [0, 10**18], [2**63, 2**63],
    "99/made-up", "full", "@deep@", "@huge@",
]  # fmt: skip


@st.composite
def altered(draw, plain):
    """Return plain values with one to three values replaced, dropped, doubled or renamed."""
    plain = copy.deepcopy(plain)
    for _ in range(draw(st.integers(1, 3))):
        plain = _altered_once(draw, plain)
    return plain


def _altered_once(draw, plain):
    holder, place = _somewhere(draw, plain)
    odd = copy.deepcopy(draw(st.sampled_from(_ODD)))
    if holder is None:
        return odd
    how = draw(st.sampled_from(["replace", "replace", "drop", "double", "rename"]))
    if how == "replace":
        holder[place] = odd
    elif how == "drop":
        del holder[place]
    elif isinstance(holder, list):
        holder.insert(place, copy.deepcopy(holder[place]))
    else:
        value = holder[place] if how == "double" else holder.pop(place)
        holder[draw(st.sampled_from([*holder, "x", "folds", "replicates"]))] = value
    return plain


def _somewhere(draw, plain):
    """Walk down from the top, and return where it stopped: what holds the value, and where."""
    holder, place = None, None
    while isinstance(plain, dict | list) and plain and draw(st.integers(0, 5)):
        holder = plain
        place = draw(st.sampled_from(range(len(plain)) if isinstance(plain, list) else [*plain]))
        plain = plain[place]
    return holder, place


def as_json(plain) -> str:
    """Write plain values as JSON, and what JSON allows beside them."""
    text = json.dumps(plain).replace('"@huge@"', "1e999")
    return text.replace('"@deep@"', "[" * 100_000 + "]" * 100_000)


_ODD_TOML = [
    "nan", "inf", "-inf", "0", "-1", "1e308", "9" * 400, "true", '""', '"x"', "[]", "[1]", "{}",
    '["x"]', "{x = 1}", "1979-05-27", '"<b>&"', "'\"'", "[" * 2000 + "]" * 2000, '"01/dense-2"',
    '"99/a.x > 99/b.x"', '"r1-dense-2-seconds"', '"number"', '"comparison"', '"count"', '"shown"',
]  # fmt: skip


@st.composite
def altered_toml(draw, text: str) -> str:
    """Return a TOML file with one to three of its lines altered, lost, doubled or renamed."""
    lines = text.split("\n")
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(lines) - 1))
        name = lines[place].partition(" = ")[0]
        names = ["value", "tolerance", "relative_to", "line", "gain_over", "x", "page", "answer"]
        lines[place : place + 1] = draw(
            st.one_of(
                st.sampled_from(_ODD_TOML).map(lambda odd, name=name: [f"{name} = {odd}"]),
                st.sampled_from([[], [lines[place]] * 2]),
                st.tuples(st.sampled_from(names), st.sampled_from(_ODD_TOML)).map(
                    lambda pair, line=lines[place]: [line, " = ".join(pair)]
                ),
            )
        )
    return "\n".join(lines)
