"""What the benchmark makes of times; the times themselves are for `make bench`."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts" / "bench"))

import around
import command
import pairs
import training


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
    found = around._loaded("mnist", "sample")
    assert found["what"] == "load mnist (excerpt)"
    assert 0 < found["seconds"] < 60
    pixels = 6_000 * 28 * 28 * 4 / 1e6  # megabytes as float32
    assert pixels < found["megabytes"] < 1.01 * pixels
    assert found["megabytes"] < found["peak_megabytes"] < 10 * pixels


def test_a_practical_is_timed_from_its_imports_on(tmp_path):
    def cell(kind, source, seconds):
        return {
            "cell_type": kind,
            "source": source,
            "metadata": {"papermill": {"duration": seconds}},
        }

    executed = tmp_path / "01_x.ipynb"
    cells = [
        cell("code", ["%pip install x\n"], 1),
        cell("markdown", ["Then:\n", "import labkit\n"], None),
        cell("code", ["import keras\n", "import labkit\n", "from labkit import checks\n"], 2),
        cell("code", ["x = 1\n"], 4.5),
        cell("markdown", ["So.\n"], None),
        cell("code", ["x = 2\n"], 8),
    ]
    executed.write_text(json.dumps({"cells": cells}))
    assert around.after_imports(executed) == 12.5


def test_a_change_is_a_sentence_at_the_end_of_a_notebook(tmp_path):
    notebook = tmp_path / "01_x.ipynb"
    notebook.write_text(json.dumps({"cells": [{"cell_type": "code"}], "nbformat": 4}))
    around.change(notebook)
    first, last = json.loads(notebook.read_text())["cells"]
    assert first == {"cell_type": "code"}
    assert (last["cell_type"], last["source"]) == ("markdown", "And so on.")


def test_more_notebooks_are_copies_with_their_place_in_the_contents(tmp_path):
    notebook = tmp_path / "notebooks" / "01_x.ipynb"
    notebook.parent.mkdir()
    notebook.write_text("{}")
    before = "chapters:\n      - file: notebooks/01_x\n      - file: notebooks/02_y\n"
    (tmp_path / "_toc.yml").write_text(before)
    around.add_notebooks(tmp_path, notebook)
    entries = (tmp_path / "_toc.yml").read_text().splitlines()
    names = [line.rpartition("/")[2] for line in entries[1:]]
    assert names == ["01_x", *(f"{50 + number}_copy" for number in range(10)), "02_y"]
    copies = sorted(path.stem for path in notebook.parent.glob("*_copy.ipynb"))
    assert copies == names[1:-1]


# --- what is written --------------------------------------------------------------------------


@pytest.fixture
def measured(tmp_path, monkeypatch):
    """Return a function that measures a made-up part, and the file it is written to."""
    out = tmp_path / "new" / "bench.json"
    rows = [
        {"name": "a", "seconds": [4, 2], "median": 2.0, "low": 1, "high": 3},
        {"name": "b", "seconds": [16, 2], "median": 8.0, "low": 8, "high": 8},
    ]
    timings = [{"what": "labkit --help", "seconds": 0.4, "budget": 0.5}]
    made_up = {"gain": lambda: iter(rows), "around": lambda: iter(timings)}
    monkeypatch.setattr(command, "parts", lambda turns: made_up)

    def measure(part):
        assert command.main(["--only", part, "--out", str(out)]) == 0
        return json.loads(out.read_text())

    return measure


def test_a_part_is_written_with_its_machine_beside_those_measured_before(measured):
    alone = measured("gain")
    both = measured("around")
    assert both["gain"] == alone["gain"]
    assert both["gain"]["geometric_mean"] == 4
    assert "geometric_mean" not in both["around"]
    assert all(part["machine"]["device"] for part in both.values())


def test_what_is_written_is_printed(measured, capsys):
    measured("gain")
    measured("around")
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line]
    assert lines[1] == ["a", "2.00", "(1.00", "to", "3.00)", "4.0", "s", "÷", "2.0", "s"]
    assert ["geometric", "mean", "4.00"] in lines
    assert ["labkit", "--help", "0.40", "s", "of", "0.5"] in lines


def test_an_interrupted_measurement_keeps_the_rows_it_had(measured, monkeypatch, tmp_path):
    def interrupted():
        yield {"name": "a", "seconds": [4, 2], "median": 2.0, "low": 1, "high": 3}
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "parts", lambda turns: {"gain": interrupted})
    out = tmp_path / "bench.json"
    with pytest.raises(KeyboardInterrupt):
        command.main(["--only", "gain", "--out", str(out)])
    assert [row["name"] for row in json.loads(out.read_text())["gain"]["rows"]] == ["a"]


def test_accuracies_have_a_spread_over_seeds():
    assert training.mean_and_spread([0.9, 0.92]) == [0.91, 0.01414]
    assert training.mean_and_spread([0.9]) == [0.9, 0.0]


def test_both_ways_of_training_learn_the_same(monkeypatch):
    monkeypatch.setattr(training, "EPOCHS", 1)
    monkeypatch.setattr(training, "digits", sample_digits)
    found = training.compared("dense-4", recorded=False, turns=1)
    assert found["how"] == "1 step at a time, float32"
    assert abs(found["difference"][0]) < 0.15
    assert 0.4 < found["accuracy"]["labkit"][0] < 1 and 0.4 < found["accuracy"]["plain"][0] < 1


def sample_digits(images, seed):
    from labkit import data

    sizes = {"train": images, "validation": training.VALIDATION, "one_hot": True}
    return data.load("mnist", **sizes, seed=seed, source="sample")
