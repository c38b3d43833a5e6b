import dataclasses
import time
import types
import warnings

import keras
import numpy as np
import pytest
import tiny
from interrupted import killed_in
from keras import layers, regularizers
from own_models import OwnLoss, OwnStep, OwnStepWithoutLoss, of
from tqdm.auto import tqdm

from labkit.errors import ModelError, ParameterError
from labkit.training import evaluation, loop
from labkit.training.network import compiled


def fit(model, recipe, parts, **options):
    """Train along a path with one end."""
    ends = {}
    loop.fit(model, {"alone": recipe}, parts, ended=ends.__setitem__, **options)
    return ends["alone"]


def seeded(build, recipe, seed=0, split=None):
    """Return a compiled network as `train` makes it: from its seed alone."""
    keras.utils.set_random_seed(seed)
    return compiled(build(), recipe, split or tiny.split(8, draw=0))


def splits(dataset):
    return {"train": dataset.train, "validation": dataset.validation}


def stack(*inside, end="softmax"):
    return lambda: keras.Sequential(
        [keras.Input((8, 8, 1)), layers.Flatten(), *inside, layers.Dense(2, activation=end)]
    )


# --- the loss without the penalties -------------------------------------------------------


def test_the_data_loss_is_the_loss_where_there_is_no_penalty(dataset):
    model = seeded(tiny.dense, tiny.recipe())
    history = fit(model, tiny.recipe(), splits(dataset), seed=0).history
    assert history["data_loss"] == history["loss"]
    assert history["val_data_loss"] == history["val_loss"]


def with_kernel_penalty():
    return stack(layers.Dense(8, activation="relu", kernel_regularizer=regularizers.L1(0.01)))()


def with_two_penalties():
    inner = keras.Sequential([layers.Dense(8, bias_regularizer="l2", kernel_regularizer="l1")])
    return stack(inner, layers.Dense(4, kernel_regularizer=regularizers.L2(0.1)))()


def with_activity_penalty():
    return stack(layers.Dense(8, activation="relu", activity_regularizer=regularizers.L2(0.1)))()


def with_activity_penalty_inside():
    inner = keras.Sequential([layers.Dense(8), layers.ActivityRegularization(l1=0.01)])
    return stack(inner)()


def with_logits():
    return stack(layers.Dense(8, kernel_regularizer="l2"), end="linear")()


CROSSENTROPY = "categorical_crossentropy"
FROM_LOGITS = keras.losses.CategoricalCrossentropy(from_logits=True)
SMOOTHED = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
PENALISED = [
    (with_kernel_penalty, CROSSENTROPY),
    (with_kernel_penalty, SMOOTHED),
    (with_kernel_penalty, "mean_squared_error"),
    (with_two_penalties, CROSSENTROPY),
    (with_activity_penalty, CROSSENTROPY),
    (with_activity_penalty_inside, CROSSENTROPY),
    (with_logits, FROM_LOGITS),
]


def penalty(model, split):
    """Return what the layers add to the loss of these examples, as Keras sums it up."""
    model(split.inputs)
    return float(sum(model.losses))


@pytest.mark.parametrize(("build", "loss"), PENALISED)
def test_the_measured_data_loss_is_the_loss_less_the_sum_of_the_penalties(dataset, build, loss):
    model = seeded(build, tiny.recipe(loss=loss))
    found = evaluation.measured(model, dataset.test)
    owed = penalty(model, dataset.test)
    assert owed > 0.01
    assert found["loss"] - found["data_loss"] == pytest.approx(owed, rel=1e-4)


ONE_UNIT = [
    ("sigmoid", "binary_crossentropy"),
    ("linear", keras.losses.BinaryCrossentropy(from_logits=True)),
    ("tanh", "hinge"),
    ("linear", "mean_squared_error"),
    ("linear", "huber"),
]


@pytest.mark.parametrize(("end", "loss"), ONE_UNIT)
@pytest.mark.parametrize("column", [False, True], ids=["(n,)", "(n, 1)"])
def test_one_output_is_compared_with_targets_with_and_without_an_axis(dataset, end, loss, column):
    targets = dataset.train.labels.astype(np.float32)
    one = dataclasses.replace(dataset.train, targets=targets[:, None] if column else targets)
    penalised = layers.Dense(1, activation=end, kernel_regularizer=regularizers.L1(0.01))

    def build():
        return keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), penalised])

    recipe = tiny.recipe(loss=loss, epochs=1)
    model = seeded(build, recipe, split=one)
    history = fit(model, recipe, {"train": one, "validation": one}, seed=0).history
    found = evaluation.measured(model, one)
    owed = penalty(model, one)
    assert owed > 0.01
    assert found["loss"] - found["data_loss"] == pytest.approx(owed, rel=1e-4)
    assert history["val_loss"][0] - history["val_data_loss"][0] == pytest.approx(owed, rel=1e-4)


@pytest.mark.parametrize(
    ("build", "loss"), [(with_kernel_penalty, CROSSENTROPY), (with_logits, FROM_LOGITS)]
)
def test_the_data_loss_of_an_epoch_is_its_loss_less_the_penalty(dataset, build, loss):
    one_batch = tiny.recipe(loss=loss, epochs=1, batch_size=len(dataset.train))
    owed = penalty(seeded(build, one_batch), dataset.train)
    history = fit(seeded(build, one_batch), one_batch, splits(dataset), seed=0).history
    assert history["loss"][0] - history["data_loss"][0] == pytest.approx(owed, rel=1e-4)


@pytest.mark.parametrize("build", [tiny.dense, with_kernel_penalty])
def test_the_data_loss_is_the_cross_entropy(dataset, build):
    model = seeded(build, tiny.recipe())
    probabilities = model.predict(dataset.test.inputs, verbose=0).astype(np.float64)
    expected = -np.log(probabilities[np.arange(len(dataset.test)), dataset.test.labels]).mean()
    assert evaluation.measured(model, dataset.test)["data_loss"] == pytest.approx(expected)


def test_the_data_loss_of_confident_logits_is_not_clipped(dataset):
    model = seeded(with_logits, tiny.recipe(loss=FROM_LOGITS))
    model.layers[-1].set_weights([np.zeros((8, 2)), np.array([400.0, 0.0])])
    expected = 400.0 * np.mean(dataset.test.labels == 1)
    assert evaluation.measured(model, dataset.test)["data_loss"] == pytest.approx(expected)


# --- the order of the examples ------------------------------------------------------------


@pytest.fixture
def orders(monkeypatch, dataset):
    """Return a function that gives the order of every epoch of a training at a seed."""

    def of(seed, epochs=3):
        seen = []

        def epoch(model, batches, progress, execution):
            progress.seconds_per_epoch.append(1.0)
            return {"loss": 0.5}

        def batches(feed, size, order):
            seen.append(order.tolist())
            return {}

        monkeypatch.setattr(loop, "_epoch", epoch)
        monkeypatch.setattr(loop.Feed, "batches", batches)
        recipe = tiny.recipe(epochs=epochs)
        model = compiled(tiny.dense(), recipe, dataset.train)
        fit(model, recipe, {"train": dataset.train}, seed=seed)
        return seen

    return of


def test_every_epoch_sees_every_example_once(orders, dataset):
    for order in orders(seed=0):
        assert sorted(order) == list(range(len(dataset.train)))


def test_the_order_depends_on_seed_and_epoch_alone(orders):
    first = orders(seed=1)
    np.random.seed(99)
    np.random.random(1000)
    assert orders(seed=1, epochs=2) == first[:2]
    assert len({tuple(order) for order in [*first, *orders(seed=2)]}) == 6


def test_the_order_is_not_that_of_the_split(orders, dataset):
    drawn = dataset.train.take(len(dataset.train) - 1, 0).inputs
    order = orders(seed=0)[0]
    assert not np.array_equal(dataset.train.inputs[order][:-1], drawn)


@pytest.mark.parametrize(
    ("seed", "epoch", "expected"),
    [
        (0, 0, [8, 0, 2, 9, 6, 5, 7, 4, 1, 3]),
        (0, 1, [6, 0, 8, 3, 5, 9, 2, 4, 7, 1]),
        (7, 0, [0, 3, 5, 9, 2, 1, 4, 6, 7, 8]),
    ],
)
def test_the_order_that_records_were_made_with_stays(seed, epoch, expected):
    assert loop.order(10, seed=seed, epoch=epoch).tolist() == expected


# --- one epoch after the other ------------------------------------------------------------


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_stops_once_the_loss_is_no_number(monkeypatch, dataset, loss):
    def epoch(model, batches, progress, execution):
        progress.seconds_per_epoch.append(1.0)
        return {"loss": 0.5 if len(progress.seconds_per_epoch) < 3 else loss}

    monkeypatch.setattr(loop, "_epoch", epoch)
    recipe = tiny.recipe(epochs=9)
    progress = fit(compiled(tiny.dense(), recipe, dataset.train), recipe, splits(dataset), seed=0)
    assert len(progress.history["loss"]) == 3


def test_a_training_without_validation_has_none_in_its_history(dataset):
    recipe = tiny.recipe(epochs=1)
    model = compiled(tiny.dense(), recipe, dataset.train)
    history = fit(model, recipe, {"train": dataset.train}, seed=0).history
    assert list(history) == ["loss", "data_loss", "accuracy"]


class Diary(keras.callbacks.Callback):
    """Writes down what it is told."""

    pages: list = []

    def on_train_begin(self, logs=None):
        self.pages.append("train begins")

    def on_epoch_begin(self, epoch, logs=None):
        self.pages.append(f"epoch {epoch} begins")

    def on_epoch_end(self, epoch, logs=None):
        self.pages.append(f"epoch {epoch} ends with {', '.join(sorted(logs))}")
        if epoch == 1:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        self.pages.append("train ends")


def test_callbacks_are_told_and_may_stop_the_training(dataset, monkeypatch):
    monkeypatch.setattr(Diary, "pages", [])
    recipe = tiny.recipe(epochs=9, callbacks=(Diary(),))
    fit(compiled(tiny.dense(), recipe, dataset.train), recipe, splits(dataset), seed=0)
    logs = "accuracy, data_loss, learning_rate, loss, val_accuracy, val_data_loss, val_loss"
    assert Diary.pages == [
        "train begins",
        "epoch 0 begins",
        f"epoch 0 ends with {logs}",
        "epoch 1 begins",
        f"epoch 1 ends with {logs}",
        "train ends",
    ]


def test_a_rate_that_depends_on_the_epoch_is_kept_to(dataset):
    rates = {0: 0.5, 1: 0.25, 2: 0.125}
    recipe = tiny.recipe(
        epochs=3, callbacks=(keras.callbacks.LearningRateScheduler(rates.__getitem__),)
    )
    progress = fit(compiled(tiny.dense(), recipe, dataset.train), recipe, splits(dataset), seed=0)
    assert progress.history["learning_rate"] == [0.5, 0.25, 0.125]


class CountsBatches(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        self.seen = batch


@pytest.mark.parametrize(
    ("callback", "received"),
    [
        (CountsBatches(), "CountsBatches, which has on_train_batch_end"),
        (
            keras.callbacks.LambdaCallback(on_train_batch_begin=print),
            "LambdaCallback, which has on_train_batch_begin",
        ),
        (keras.callbacks.TerminateOnNaN(), "TerminateOnNaN, which has on_batch_end"),
        (
            keras.callbacks.ModelCheckpoint("best.keras", save_freq=10),
            "ModelCheckpoint, which has on_train_batch_end",
        ),
        (
            keras.callbacks.BackupAndRestore("backup"),
            "BackupAndRestore, which has on_train_batch_end",
        ),
    ],
)
def test_callbacks_that_act_between_batches_are_refused(dataset, monkeypatch, callback, received):
    monkeypatch.setattr(loop, "_epoch", lambda *_: pytest.fail("something is trained"))
    recipe = tiny.recipe(callbacks=(callback,))
    model = compiled(tiny.dense(), recipe, dataset.train)
    with pytest.raises(ParameterError) as caught:
        fit(model, recipe, splits(dataset), seed=0)
    assert str(caught.value) == (
        "Recipe.callbacks: expected callbacks that act when the training or an epoch begins or "
        f"ends; received {received}. Act in on_epoch_end, or train with plain Keras, which acts "
        "between batches."
    )


def test_a_callback_that_saves_after_epochs_is_told_of_them(dataset, tmp_path):
    saving = keras.callbacks.ModelCheckpoint(tmp_path / "best.weights.h5", save_weights_only=True)
    recipe = tiny.recipe(epochs=1, callbacks=(saving,))
    fit(compiled(tiny.dense(), recipe, dataset.train), recipe, splits(dataset), seed=0)
    assert (tmp_path / "best.weights.h5").is_file()


def test_the_bar_is_closed_when_training_is_interrupted(dataset, monkeypatch):
    opened, recipe = [], tiny.recipe()
    monkeypatch.setattr(loop, "tqdm", lambda **options: opened.append(tqdm(**options)) or opened[0])
    killed_in(2, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        fit(seeded(tiny.dense, recipe), recipe, splits(dataset), seed=0)
    [bar] = opened
    assert bar.disable  # tqdm's word for a bar that is closed
    assert bar.n == bar.total == 1  # a notebook's would turn red, and stay, if it fell short


# --- steps and classes of one's own -------------------------------------------------------


def test_a_step_of_its_own_trains_like_keras_s(dataset):
    """The same layers under two classes: the same digits, whatever the step calls its logs."""
    recipe = tiny.recipe()
    plain, own = (
        fit(seeded(of(kind), recipe), recipe, splits(dataset), seed=0).history
        for kind in (keras.Sequential, OwnStep)
    )
    assert {name: own[name] for name in plain} == plain


def test_a_loss_of_its_own_is_trained_and_measured(dataset):
    recipe = tiny.recipe()
    plain, own = (
        fit(seeded(of(kind), recipe), recipe, splits(dataset), seed=0).history
        for kind in (keras.Sequential, OwnLoss)
    )
    assert own["accuracy"] == plain["accuracy"]
    np.testing.assert_allclose(np.subtract(own["val_loss"], plain["val_loss"]), 7, rtol=1e-5)


def test_a_step_that_logs_no_loss_is_refused(dataset):
    recipe = tiny.recipe()
    with pytest.raises(ModelError) as caught:
        fit(seeded(of(OwnStepWithoutLoss), recipe), recipe, splits(dataset), seed=0)
    assert str(caught.value) == (
        'train_step and test_step: expected a mapping that has "loss"; received one of accuracy. '
        'Return the loss too: {"loss": …, "accuracy": …}.'
    )


# --- augmentation -------------------------------------------------------------------------


def test_augmentation_changes_what_is_trained_on_and_not_what_is_measured(dataset):
    plain, noisy = tiny.recipe(), tiny.recipe(augmentation=(layers.GaussianNoise(0.5),))
    model, bare = seeded(tiny.dense, noisy), seeded(tiny.dense, plain)
    assert evaluation.measured(model, dataset.test) == evaluation.measured(bare, dataset.test)
    batch = dataset.train.inputs[:8]
    assert not np.allclose(model(batch, training=True), bare(batch, training=True))


def test_augmentation_takes_its_seed_from_the_run(dataset):
    def augmented(seed):
        recipe = tiny.recipe(augmentation=(layers.RandomTranslation(0.3, 0.3, seed=5),))
        translation = seeded(tiny.dense, recipe, seed).layers[0]
        return np.asarray(translation(dataset.train.inputs, training=True))

    np.testing.assert_array_equal(augmented(0), augmented(0))
    assert not np.array_equal(augmented(0), augmented(1))


def test_a_recipe_can_be_used_again(dataset):
    recipe = tiny.recipe(epochs=1, augmentation=(layers.GaussianNoise(0.5),))
    one, other = seeded(tiny.dense, recipe), seeded(tiny.dense, recipe)
    assert one.layers[0] is not other.layers[0]
    assert one.optimizer is not other.optimizer


# --- checkpoints --------------------------------------------------------------------------


@pytest.fixture
def minutes(monkeypatch):
    """Each epoch takes a minute, on a clock of its own."""
    clock = types.SimpleNamespace(now=time.monotonic())

    def epoch(model, batches, progress, execution):
        clock.now += 60.0
        progress.seconds_per_epoch.append(60.0)
        return {"loss": 0.5}

    monkeypatch.setattr(loop, "time", types.SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(loop, "_epoch", epoch)


@pytest.mark.usefixtures("minutes")
@pytest.mark.parametrize(("seconds", "saved"), [(0, 4), (59, 4), (90, 2), (1000, 0)])
def test_saves_not_more_often_than_it_should(monkeypatch, dataset, tmp_path, seconds, saved):
    paths = []
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", seconds)
    monkeypatch.setattr(loop.checkpoints, "save", lambda path, *rest: paths.append(path))
    recipe = tiny.recipe(epochs=5)
    model = compiled(tiny.dense(), recipe, dataset.train)
    fit(model, recipe, splits(dataset), seed=0, checkpoint=tmp_path / "run.npz")
    assert len(paths) == saved


@pytest.mark.usefixtures("minutes")
def test_a_checkpoint_that_cannot_be_written_is_said_once_and_training_goes_on(dataset, tmp_path):
    (tmp_path / "file").touch()
    recipe, path = tiny.recipe(epochs=4), tmp_path / "file" / "run.npz"
    model = compiled(tiny.dense(), recipe, dataset.train)
    with pytest.warns(UserWarning) as caught:
        progress = fit(model, recipe, splits(dataset), seed=0, checkpoint=path)
    assert [str(one.message).split("; ")[0] for one in caught] == [
        "Training goes on, but cannot be resumed: "
        f"{path}: expected a folder with room that can be written"
    ]
    assert len(progress.history["loss"]) == 4


@pytest.mark.usefixtures("minutes")
def test_a_callback_that_cannot_be_saved_does_not_end_the_training(dataset, tmp_path):
    odd = keras.callbacks.Callback()
    odd.remembered = object()
    recipe = tiny.recipe(epochs=3, callbacks=(odd,))
    model = compiled(tiny.dense(), recipe, dataset.train)
    with pytest.warns(UserWarning, match="cannot be resumed: Recipe.callbacks: expected") as caught:
        fit(model, recipe, splits(dataset), seed=0, checkpoint=tmp_path / "run.npz")
    assert len(caught) == 1


@pytest.mark.usefixtures("minutes")
def test_nothing_is_saved_where_no_checkpoint_is_named(dataset, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recipe = tiny.recipe(epochs=2)
    with warnings.catch_warnings(action="error"):
        fit(compiled(tiny.dense(), recipe, dataset.train), recipe, splits(dataset), seed=0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("minutes")
def test_a_path_that_ends_early_is_saved_there_however_short_it_was(monkeypatch, dataset, tmp_path):
    saved = []
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 1e6)
    monkeypatch.setattr(
        loop.checkpoints,
        "save",
        lambda path, model, callbacks, progress: saved.append(
            (list(callbacks), len(progress.seconds_per_epoch))
        ),
    )
    recipes = {name: tiny.recipe(epochs=epochs) for name, epochs in [("long", 5), ("short", 2)]}
    model, path = compiled(tiny.dense(), recipes["long"], dataset.train), tmp_path / "run.npz"
    ends, options = {}, {"seed": 0, "checkpoint": path, "asked_for": ["short"]}
    loop.fit(model, recipes, splits(dataset), ended=ends.__setitem__, **options)
    assert {name: one.epochs for name, one in ends.items()} == {"short": 2}
    assert saved == [(["", "long"], 2)]


# --- how a training begins ----------------------------------------------------------------


class Traced(keras.Sequential):
    """A network that counts how often its step is traced."""

    def __init__(self, *arguments, **settings):
        super().__init__(*arguments, **settings)
        self.traces = 0

    def train_step(self, *data):
        self.traces += 1
        return super().train_step(*data)


def traced():
    return Traced([keras.Input((8, 8, 1)), *tiny.eventful().layers])


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="others trace as they like")
def test_the_step_is_traced_once(dataset):
    recipe = tiny.recipe()
    model = seeded(traced, recipe)
    fit(model, recipe, splits(dataset), seed=0)
    assert model.traces == 1
