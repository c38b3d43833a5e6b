import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from labkit import choices, folders
from labkit.choices import by_budget, resolve
from labkit.errors import ParameterError

pytestmark = pytest.mark.usefixtures("isolated")

SETTINGS = [("budget", "lab", "full"), ("mode", "train", "replay"), ("source", "auto", "sample")]


@pytest.mark.parametrize(("name", "default", "other"), SETTINGS)
def test_a_setting_has_a_default(name, default, other):
    assert choices.choice(name) == default


@pytest.mark.parametrize(("name", "default", "other"), SETTINGS)
def test_the_environment_beats_the_default(monkeypatch, name, default, other):
    monkeypatch.setenv(f"LABKIT_{name.upper()}", other)
    assert choices.choice(name) == other


@pytest.mark.parametrize(("name", "default", "other"), SETTINGS)
def test_the_notebooks_parameter_beats_the_environment(monkeypatch, name, default, other):
    monkeypatch.setenv(f"LABKIT_{name.upper()}", other)
    assert choices.choice(name, default) == default


@pytest.mark.parametrize(("name", "default", "other"), SETTINGS)
def test_an_empty_variable_is_as_good_as_none(monkeypatch, name, default, other):
    monkeypatch.setenv(f"LABKIT_{name.upper()}", "")
    assert choices.choice(name) == default


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "budget",
            "ful",
            "BUDGET: expected one of smoke, lab, full; received 'ful'. "
            "Did you mean 'full'? Allowed: smoke, lab, full.",
        ),
        (
            "mode",
            "Replay",
            "MODE: expected one of train, replay, auto; received 'Replay'. "
            "Did you mean 'replay'? Allowed: train, replay, auto.",
        ),
        (
            "source",
            "internet",
            "SOURCE: expected one of auto, real, sample, local; received 'internet'. "
            "Allowed: auto, real, sample, local.",
        ),
        ("budget", "", "BUDGET: expected one of smoke, lab, full; received ''. "
         "Allowed: smoke, lab, full."),
        ("budget", 5, "BUDGET: expected one of smoke, lab, full; received 5. "
         "Allowed: smoke, lab, full."),
    ],
)  # fmt: skip
def test_rejects_an_unknown_setting(name, value, message):
    with pytest.raises(ParameterError) as caught:
        choices.choice(name, value)
    assert str(caught.value) == message


def test_names_the_variable_that_holds_an_unknown_setting(monkeypatch):
    monkeypatch.setenv("LABKIT_BUDGET", "huge")
    with pytest.raises(ParameterError) as caught:
        choices.choice("budget")
    assert str(caught.value) == (
        "LABKIT_BUDGET: expected one of smoke, lab, full; received 'huge'. "
        "Allowed: smoke, lab, full."
    )


def test_the_seed_is_the_parameter_then_the_environment_then_zero(monkeypatch):
    assert choices.seed() == 0
    monkeypatch.setenv("LABKIT_SEED", "7")
    assert choices.seed() == 7
    assert choices.seed(0) == 0
    assert choices.seed(2**31 - 1) == 2**31 - 1


@pytest.mark.parametrize("value", [-1, 2**31, 1.5, "one", True, "1e3"])
def test_rejects_what_is_no_seed(value):
    with pytest.raises(ParameterError) as caught:
        choices.seed(value)
    assert str(caught.value) == (
        f"SEED: expected a whole number from 0 to 2147483647; received {value!r}. "
        "Seeds 0, 1, 2 … are the ones recorded runs use."
    )


def test_names_the_variable_that_holds_no_seed(monkeypatch):
    monkeypatch.setenv("LABKIT_SEED", "lucky")
    with pytest.raises(ParameterError, match=r"^LABKIT_SEED: .*; received 'lucky'\."):
        choices.seed()


def test_a_budget_is_explicit_where_somebody_asked_for_it(monkeypatch):
    assert not choices.budget_is_explicit(None)
    assert choices.budget_is_explicit("lab")
    monkeypatch.setenv("LABKIT_BUDGET", "lab")
    assert choices.budget_is_explicit(None)


@pytest.mark.parametrize(("budget", "epochs"), [("smoke", 3), ("lab", 3), ("full", 20)])
def test_resolves_a_setting_at_a_budget(budget, epochs):
    assert resolve(by_budget(lab=3, full=20), budget) == epochs


def test_leaves_a_plain_setting_as_it_is():
    assert [resolve(12, budget) for budget in choices.BUDGETS] == [12, 12, 12]
    assert resolve(by_budget(lab=None, full=5), "lab") is None


def test_nobody_records_by_default():
    assert choices.recording() is None


def test_a_recording_reaches_the_kernel_through_its_environment(monkeypatch, tmp_path):
    asked = choices.Recording(tmp_path / "runs", "01/dense-*", "full")
    for name, value in choices.recording_environment(asked, seed=3).items():
        monkeypatch.setenv(name, value)
    assert choices.recording() == asked
    assert choices.seed() == 3
    assert choices.choice("mode") == "train"
    assert choices.choice("source") == "real"


def test_records_everything_where_no_pattern_is_given(monkeypatch):
    monkeypatch.setenv("LABKIT_RECORD", "somewhere")
    assert choices.recording() == choices.Recording(Path("somewhere"), "*", "lab")


def test_a_person_s_environment_does_not_change_what_notebooks_show_to_pytest():
    preset = {f"LABKIT_{name}": "other" for name in ("SEED", "BUDGET", "STORE", "PRECISION")}
    preset |= {"LABKIT_RECORD": "x", "LABKIT_DATA": "/mirror"}
    assert under_pytest(preset) == {
        "LABKIT_DATA": "/mirror",
        "LABKIT_MODE": "replay",
        "LABKIT_SOURCE": "local",
    }


def test_who_wants_to_train_or_asks_for_the_real_data_under_pytest_is_left_alone():
    preset = {"LABKIT_MODE": "train", "LABKIT_SOURCE": "real"}
    assert under_pytest(preset) == preset


def under_pytest(preset):
    """Return labkit's variables as the root conftest leaves them."""
    code = (
        "import json, os, runpy; runpy.run_path('conftest.py');"
        "print(json.dumps({k: v for k, v in os.environ.items() if k.startswith('LABKIT_')}))"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LABKIT_")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folders.checkout(),
        env=kept | preset,
        capture_output=True,
        check=True,
    )
    return json.loads(done.stdout)
