"""A person's training makes many updates to one call; not one digit of the result may change."""

import keras
import numpy as np
import pytest
import tiny

import labkit
from labkit import execution, fitting, store, workspace

on_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="elsewhere it is one step at a time"
)


def trained(build, recipe, *, updates):
    """Return weights and history of three epochs; 320 examples make a batch that is not full."""
    keras.utils.set_random_seed(5)
    data = tiny.dataset()
    splits = {"train": data.train, "validation": data.validation}
    model = build()
    compiled = fitting.compiled(model, recipe, updates=updates)
    ((_, progress),) = fitting.fit(compiled, {"only": recipe}, splits, seed=5)
    return model.get_weights(), progress.history, execution.described(compiled)


@on_tensorflow
@pytest.mark.parametrize(
    ("build", "changes"),
    [
        (tiny.dense, {}),
        (tiny.eventful, {"batch_size": 24}),
        (tiny.dense, {"augmentation": (keras.layers.RandomZoom(0.2),), "batch_size": 100}),
    ],
    ids=["dense", "dropout, penalty and averages", "augmentation"],
)
def test_the_result_is_the_same_bit_for_bit(build, changes):
    recipe = tiny.recipe(epochs=3, **changes)
    slow, fast = (trained(build, recipe, updates=one) for one in (0, execution.ENOUGH))
    assert slow[1] == fast[1]
    for before, after in zip(slow[0], fast[0], strict=True):
        np.testing.assert_array_equal(before, after)
    assert (slow[2], fast[2]) == ("1 step at a time", f"{execution.STEPS} steps at a time")


def run(tmp_path, monkeypatch, *, budget, recorded):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    if recorded:
        settings = workspace.recording_environment(
            workspace.Recording(tmp_path / "runs", "*", budget), seed=0
        )
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
    return labkit.train(
        tiny.dense,
        tiny.dataset(),
        tiny.recipe(),
        experiment=tiny.EXPERIMENT,
        budget=budget,
        mode="train",
    )


@on_tensorflow
def test_a_person_s_training_is_fast_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(execution, "ENOUGH", 10)  # 2 epochs of 320 examples, 64 a batch
    mine = run(tmp_path, monkeypatch, budget="lab", recorded=False)
    assert mine.provenance["execution"] == f"{execution.STEPS} steps at a time"


def test_a_recording_goes_step_by_step(tmp_path, monkeypatch):
    monkeypatch.setattr(execution, "ENOUGH", 1)
    run(tmp_path, monkeypatch, budget="lab", recorded=True)
    (kept,) = store.read(tiny.EXPERIMENT, tmp_path / "runs")
    assert kept.provenance["execution"] == "1 step at a time"


@pytest.mark.parametrize(("budget", "enough"), [("lab", 11), ("smoke", execution.ENOUGH)])
def test_a_short_training_is_over_before_anything_pays(tmp_path, monkeypatch, budget, enough):
    monkeypatch.setattr(execution, "ENOUGH", enough)
    short = run(tmp_path, monkeypatch, budget=budget, recorded=False)
    assert short.provenance["execution"] == "1 step at a time"


def test_on_another_backend_it_is_as_keras_does(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert execution.steps(execution.ENOUGH) == 1
