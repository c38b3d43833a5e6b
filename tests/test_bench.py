"""What the benchmark makes of times; the times themselves are for `make bench`."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts" / "bench"))

import around
import pairs


def sides(*times):
    """Return two functions that give these pairs of seconds, and the order they were asked in."""
    asked = []
    first, second = (iter(side) for side in zip(*times, strict=True))

    def side(name, values):
        asked.append(name)
        return next(values)

    return lambda: side("first", first), lambda: side("second", second), asked


def test_ratios_are_taken_within_a_turn_and_the_warm_up_is_not_counted():
    first, second, _ = sides((99, 1), (2, 1), (9, 3), (8, 2))
    found = pairs.compare("x", first, second, turns=3)
    assert (found.median, found.low, found.high, found.turns) == (3, 2, 4, 3)
    assert found.seconds == (8, 2)


def test_who_begins_alternates():
    first, second, asked = sides((1, 1), (1, 1), (1, 1))
    pairs.compare("x", first, second, turns=2)
    assert asked == ["first", "second", "first", "second", "second", "first"]


def test_a_ratio_is_written_with_its_spread():
    first, second, _ = sides((1, 1), (2.00004, 1), (3, 1))
    plain = pairs.compare("x", first, second, turns=2).as_json()
    assert json.loads(json.dumps(plain)) == {
        "name": "x",
        "seconds": [2.5, 1.0],
        "median": 2.5,
        "low": 2.0,
        "high": 3.0,
        "turns": 2,
    }


def test_a_command_that_fails_is_not_measured():
    with pytest.raises(around.subprocess.CalledProcessError):
        around.timed([sys.executable, "-c", "raise SystemExit(3)"], times=1)


def test_loading_is_measured_in_seconds_and_memory():
    found = around._loaded("boston_housing", "sample")
    assert found["what"] == "load boston_housing (excerpt)"
    assert 0 < found["seconds"] < 60
    assert found["megabytes"] >= 0 and found["peak_megabytes"] >= 0
