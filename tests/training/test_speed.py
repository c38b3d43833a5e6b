"""A person's training is fast: in many steps not one digit changes, in bfloat16 no conclusion."""

import keras
import numpy as np
import pytest
import tiny

import labkit
from labkit import choices
from labkit.errors import ParameterError
from labkit.records import provenance, store
from labkit.training import loop, speed
from labkit.training.network import compiled
from labkit.training.speed import PLAIN, Execution

on_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="elsewhere it is one step at a time"
)


@pytest.fixture(autouse=True)
def processor(tmp_path, monkeypatch):
    """Return a function that gives the processor these features; it has none at first."""

    def has(*features):
        file = tmp_path / "cpuinfo"
        file.write_text(
            f"processor\t: 0\nmodel name\t: Some  One\nflags\t\t: {' '.join(features)}\n"
        )
        monkeypatch.setattr(provenance, "CPUINFO", file)

    has("fpu", "avx512f")
    return has


def trained(build, recipe, how):
    """Return weights and history of three epochs; 320 examples make a batch that is not full."""
    keras.utils.set_random_seed(5)
    data = tiny.dataset()
    splits = {"train": data.train, "validation": data.validation}
    model = build()
    how = how(model)
    trainable = compiled(model, recipe, data.train, execution=how)
    ends, options = {}, {"seed": 5, "execution": how}
    loop.fit(trainable, {"only": recipe}, splits, ended=ends.__setitem__, **options)
    return model.get_weights(), ends["only"].history, trainable.steps_per_execution


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
    slow = trained(build, recipe, lambda _: PLAIN)
    fast = trained(build, recipe, lambda model: speed.chosen(model, speed.ENOUGH))
    assert slow[1] == fast[1]
    for before, after in zip(slow[0], fast[0], strict=True):
        np.testing.assert_array_equal(before, after)
    assert (slow[2], fast[2]) == (1, speed.STEPS)


def run(tmp_path, monkeypatch, *, budget, recorded, build=tiny.dense):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    if recorded:
        settings = choices.recording_environment(
            choices.Recording(tmp_path / "runs", "*", budget), seed=0
        )
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
    return labkit.train(
        build,
        tiny.dataset(),
        tiny.recipe(),
        experiment=tiny.EXPERIMENT,
        budget=budget,
        mode="train",
    )


@on_tensorflow
def test_a_person_s_training_is_fast_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(speed, "ENOUGH", 10)  # 2 epochs of 320 examples, 64 a batch
    mine = run(tmp_path, monkeypatch, budget="lab", recorded=False)
    assert mine.provenance["execution"] == f"{speed.STEPS} steps at a time"


def test_a_recording_goes_step_by_step(tmp_path, monkeypatch):
    monkeypatch.setattr(speed, "ENOUGH", 1)
    run(tmp_path, monkeypatch, budget="lab", recorded=True)
    (kept,) = store.read(tiny.EXPERIMENT, tmp_path / "runs")
    assert kept.provenance["execution"] == "1 step at a time"


@pytest.mark.parametrize(("budget", "enough"), [("lab", 11), ("smoke", speed.ENOUGH)])
def test_a_short_training_is_over_before_anything_pays(tmp_path, monkeypatch, budget, enough):
    monkeypatch.setattr(speed, "ENOUGH", enough)
    short = run(tmp_path, monkeypatch, budget=budget, recorded=False)
    assert short.provenance["execution"] == "1 step at a time"


@pytest.mark.parametrize("backend, gpu", [("jax", False), ("tensorflow", True)])
def test_where_nothing_was_measured_it_is_as_keras_does(monkeypatch, processor, backend, gpu):
    processor("avx512_bf16")
    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    monkeypatch.setattr(provenance, "has_gpu", lambda: gpu)
    assert speed.chosen(convolutional(), speed.ENOUGH) == PLAIN


# --- bfloat16 -----------------------------------------------------------------------------


def convolutional(**choices):
    """Return a network with everything that may be rounded, and two layers that may not."""
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.RandomZoom(0.1),
            keras.Sequential([layers.Conv2D(4, 3, activation="relu"), layers.MaxPooling2D()]),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(8, activation="relu", **choices),
            layers.Dense(2, activation="softmax"),
        ]
    )


def rounded(model):
    """Return the names of the classes of the layers that a person's training rounds."""
    return [type(one).__name__ for one in speed.chosen(model, speed.ENOUGH).rounded]


ROUNDED = ["Conv2D", "MaxPooling2D", "BatchNormalization", "Flatten", "Dense"]


@on_tensorflow
@pytest.mark.parametrize("feature", ["avx512_bf16", "amx_bf16"])
def test_convolutional_networks_are_rounded_where_the_processor_gains_by_it(processor, feature):
    assert rounded(convolutional()) == []
    processor("fpu", feature)
    assert rounded(convolutional()) == ROUNDED


@on_tensorflow
def test_some_networks_are_never_rounded(processor):
    processor("avx512_bf16")
    assert rounded(tiny.dense()) == []
    assert rounded(convolutional(dtype="float64")) == []
    assert speed.chosen(convolutional(), speed.ENOUGH - 1) == PLAIN


class Around(keras.Model):
    """A class of one's own, of whose layers nobody knows the order."""

    def __init__(self):
        super().__init__()
        self.inside = convolutional()

    def call(self, images):
        return self.inside(images)


@on_tensorflow
def test_a_model_of_ones_own_class_is_never_rounded(processor):
    processor("avx512_bf16")
    assert rounded(Around()) == []
    within = [keras.Input((8, 8, 1)), Around(), keras.layers.Dense(2)]
    assert rounded(keras.Sequential(within)) == []


@on_tensorflow
def test_single_precision_can_be_asked_for(processor, monkeypatch):
    processor("avx512_bf16")
    monkeypatch.setenv("LABKIT_PRECISION", "float32")
    assert rounded(convolutional()) == []
    monkeypatch.setenv("LABKIT_PRECISION", "float16")
    with pytest.raises(ParameterError, match="LABKIT_PRECISION: expected one of auto, float32"):
        rounded(convolutional())


@on_tensorflow
def test_only_updates_are_rounded(processor):
    """The layers' own tensors tell: what they compute in while weights are updated, and after."""
    processor("avx512_bf16")
    model = convolutional()
    how = speed.chosen(model, speed.ENOUGH)
    with how.arithmetic():
        assert {layer.compute_dtype for layer in how.rounded} == {"bfloat16"}
        assert model.layers[-1].compute_dtype == "float32"
    assert {layer.compute_dtype for layer in how.rounded} == {"float32"}
    assert {weight.dtype for weight in model.weights if "seed" not in weight.path} == {"float32"}


@on_tensorflow
def test_precision_comes_back_after_an_error(processor):
    processor("avx512_bf16")
    how = speed.chosen(convolutional(), speed.ENOUGH)
    with pytest.raises(KeyboardInterrupt), how.arithmetic():
        raise KeyboardInterrupt
    assert {layer.compute_dtype for layer in how.rounded} == {"float32"}


@on_tensorflow
def test_rounding_changes_the_updates_and_a_repetition_nothing(processor):
    processor("avx512_bf16")
    recipe = tiny.recipe(epochs=3, batch_size=32)
    one, again = (
        trained(convolutional, recipe, lambda model: speed.chosen(model, speed.ENOUGH))
        for _ in range(2)
    )
    precise = trained(convolutional, recipe, lambda _: Execution(speed.STEPS))
    assert one[1] == again[1]
    assert one[1]["loss"] != precise[1]["loss"]
    np.testing.assert_allclose(one[1]["loss"], precise[1]["loss"], rtol=0.1)


@on_tensorflow
def test_a_run_says_that_it_was_rounded_and_a_recording_is_not(tmp_path, monkeypatch, processor):
    processor("avx512_bf16")
    monkeypatch.setattr(speed, "ENOUGH", 1)
    mine = run(tmp_path, monkeypatch, budget="lab", recorded=False, build=convolutional)
    assert mine.provenance["precision"] == "mixed_bfloat16"
    run(tmp_path, monkeypatch, budget="lab", recorded=True, build=convolutional)
    (kept,) = store.read(tiny.EXPERIMENT, tmp_path / "runs")
    assert kept.provenance["precision"] == "float32"
