"""The page "How fast": its tables are the measurements, and its sentences hold for them."""

from __future__ import annotations

import json
import math
import re
import sys
from pathlib import Path

import pytest
from scipy import stats
from yaml import safe_load

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "book" / "_ext"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts" / "bench"))

import how_fast
import networks
import training

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "book" / "how_fast.md").read_text(encoding="utf-8")
MEASURED = json.loads(how_fast.MEASURED.read_text(encoding="utf-8"))
PARTS = ("overhead", "gain", "augmentation", "around", "memory", "practicals", "tests")


def rows(part):
    """Return what was measured of a part."""
    return MEASURED[part]["rows"]


def a_row(**changes):
    """Return a made-up row of two ways of training."""
    return {
        "name": "dense-4",
        "images": 30_000,
        "seconds": [12.345, 8.7],
        "median": 1.414,
        "low": 0.98,
        "high": 1.7,
        "difference": [-0.00123, 0.0021],
        "how": "32 steps at a time, float32",
    } | changes


def test_a_network_s_row_is_what_was_measured():
    table = how_fast.trainings([a_row()], "Keras", "labkit", "times as fast")
    assert table.replace(how_fast.NO_BREAK, " ").splitlines() == [
        "| network | Keras, s | labkit, s | times as fast | difference of accuracy |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| dense-4 | 12.3 | 8.7 | 1.41 (0.98 to 1.70) | −0.0012 ± 0.0021 |",
    ]
    assert "(0.98 to" not in table


def test_what_was_rounded_carries_the_mark():
    row = a_row(name="conv-a", how="32 steps at a time, mixed_bfloat16")
    assert r"| conv-a\* |" in how_fast.trainings([row], "Keras", "labkit", "times as fast")


def test_seconds_and_datasets_stand_in_tables_of_their_own():
    found = [
        {"what": "import labkit", "seconds": 0.25, "budget": 0.5},
        {"what": "labkit ledger", "seconds": 12.34, "budget": None},
        {"what": "02_x at smoke", "seconds": 20.6, "budget": 20},
        {
            "what": "load mnist (mirror)",
            "seconds": 0.5,
            "budget": None,
            "megabytes": 219.84,
            "peak_megabytes": 221.12,
        },
    ]
    assert how_fast.timed(found).splitlines()[2:] == [
        "| `import labkit` | 0.25 | 0.5 |",
        "| `labkit ledger` | 12.3 |  |",
        "| 02_x at smoke | 20.6 | 20, missed |",
    ]
    assert how_fast.loading(found).splitlines()[2:] == ["| mnist (mirror) | 0.50 | 219.8 | 221.1 |"]


def test_a_ratio_is_said_as_what_it_adds():
    assert how_fast.percent({"median": 1.052, "low": 0.98, "high": 1.09}) == "5 % (−2 to 9 %)"


def test_the_page_has_every_part_with_its_machine_and_types_no_result():
    assert set(MEASURED) | {"tests"} == set(PARTS)
    for part, found in MEASURED.items():
        assert {"device", "keras", "finished", "commit"} <= set(found["machine"]), part
        assert f"{{{{ {part}_machine }}}}" in PAGE or part == "tests"
    asked = set(re.findall(r"\{\{ (\w+) \}\}", PAGE))
    given = set(how_fast.substitutions(MEASURED))
    assert asked <= given
    assert given - asked <= {"tests_machine"}


def test_the_extension_is_on_and_the_page_has_its_place():
    config = safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert config["sphinx"]["local_extensions"]["how_fast"] == "book/_ext"
    assert "- file: how_fast" in (ROOT / "_toc.yml").read_text(encoding="utf-8")


# --- what the page says of the measurements -------------------------------------------------


def test_every_network_of_r1_and_r2_was_trained_with_five_seeds_each():
    assert [row["name"] for row in rows("gain")] == list(networks.NAMES)
    assert [row["name"] for row in rows("overhead")] == list(training.OVERHEAD)
    assert {row["turns"] for row in (*rows("gain"), *rows("overhead"))} == {5}
    assert {row["images"] for row in rows("gain")} == {30_000, 12_000}
    assert "fourteen networks" in PAGE and len(networks.NAMES) == 14


def test_recordings_are_plain_and_people_s_trainings_are_not():
    assert {row["how"] for row in rows("overhead")} == {"1 step at a time, float32"}
    assert all(row["how"].startswith("32 steps at a time") for row in rows("gain"))


def test_a_person_s_training_is_half_as_fast_again():
    assert MEASURED["gain"]["geometric_mean"] >= 1.5


def is_told_from_zero(row):
    mean, spread = row["difference"]
    reach = stats.t.ppf(0.975, row["turns"] - 1) * spread / math.sqrt(row["turns"])
    return abs(mean) > reach


def test_five_seeds_do_not_tell_the_accuracies_apart():
    assert [row["name"] for row in rows("gain") if is_told_from_zero(row)] == []
    assert [row["name"] for row in rows("overhead") if is_told_from_zero(row)] == ["conv-a"]
    assert "eighteen differences of accuracy in both tables, only that of conv-a here" in PAGE
    assert len(rows("gain")) + len(rows("overhead")) == 18


@pytest.mark.parametrize("row", rows("overhead"), ids=lambda row: row["name"])
def test_a_recording_costs_what_keras_costs(row):
    assert row["median"] <= 1.02


def test_the_limits_are_kept_but_for_those_that_the_page_names():
    limited = [row for part in MEASURED for row in rows(part) if row.get("budget")]
    missed = {row["what"] for row in limited if row["seconds"] > row["budget"]}
    assert missed == {
        f"{name} at smoke" for name in ("02_mnist_cnn_variants", "04_mnist_progression")
    }
    assert "Practicals 02 and 04 miss the first limit." in PAGE
    assert len(limited) >= 2 + 2 * 4


def test_ten_trainings_need_little_more_memory_than_one():
    (row,) = rows("memory")
    assert row["last_megabytes"] <= 1.3 * row["first_megabytes"]


def test_the_site_grows_by_a_fraction_of_a_second_a_notebook():
    (small, few), (large, many) = [
        (row["seconds"], int(re.search(r"\((\d+) notebooks\)", row["what"])[1]))
        for row in rows("around")
        if row["what"].startswith("site, whole")
    ]
    assert many - few == 10
    assert 0 < (large - small) / 10 < 1


def test_images_are_hardly_ever_waited_for():
    deformed, fed = rows("augmentation")
    assert fed["median"] < 1.05 < deformed["median"]
