import pytest
import tiny

from labkit.choices import by_budget
from labkit.errors import ParameterError
from labkit.training.recipe import Recipe


@pytest.mark.parametrize("name", ["epochs", "batch_size", "examples"])
@pytest.mark.parametrize("value", [0, -3, 2.5, "10", True])
def test_rejects_what_is_no_count(name, value):
    with pytest.raises(ParameterError) as caught:
        tiny.recipe(**{name: value})
    assert str(caught.value) == (
        f"Recipe.{name}: expected a whole number from 1 up; received {value!r}. "
        f"Write {name}=10, or {name}=by_budget(lab=3, full=10)."
    )


@pytest.mark.parametrize("name", ["epochs", "batch_size"])
def test_rejects_a_count_that_is_missing(name):
    with pytest.raises(ParameterError, match=rf"^Recipe\.{name}: .* received None"):
        tiny.recipe(**{name: None})


@pytest.mark.parametrize("setting", [by_budget(lab=0, full=5), by_budget(lab=5, full=0)])
def test_rejects_a_count_that_is_wrong_at_one_budget_only(setting):
    with pytest.raises(ParameterError, match=r"^Recipe\.epochs: .* received 0"):
        tiny.recipe(epochs=setting)


def test_a_recipe_has_every_setting_by_name():
    with pytest.raises(TypeError, match="positional"):
        Recipe("mse", "sgd", 3)


def test_resolves_every_setting_at_a_budget():
    recipe = tiny.recipe(
        epochs=by_budget(lab=3, full=20),
        batch_size=by_budget(lab=32, full=128),
        examples=by_budget(lab=1000, full=None),
    )
    assert recipe.at("lab") == tiny.recipe(epochs=3, batch_size=32, examples=1000)
    assert recipe.at("full") == tiny.recipe(epochs=20, batch_size=128, examples=None)


def test_resolving_twice_changes_nothing():
    recipe = tiny.recipe(epochs=by_budget(lab=3, full=20))
    assert recipe.at("lab").at("full") == recipe.at("lab")


@pytest.mark.parametrize(("examples", "kept"), [(None, 256), (100, 100), (10_000, 256)])
def test_smoke_is_one_epoch_on_at_most_256_examples(examples, kept):
    smoke = tiny.recipe(epochs=50, examples=examples).at("smoke")
    assert (smoke.epochs, smoke.examples) == (1, kept)


def test_the_optimizer_is_fresh_each_time():
    import keras

    recipe = tiny.recipe(optimizer=keras.optimizers.SGD(0.25, momentum=0.9, nesterov=True))
    one, other = recipe.fresh_optimizer(), recipe.fresh_optimizer()
    assert one is not other
    assert one is not recipe.optimizer
    assert one.get_config() == recipe.optimizer.get_config()
    one.learning_rate = 0.125
    assert float(other.learning_rate) == 0.25
    assert float(recipe.optimizer.learning_rate) == 0.25


def test_an_optimizer_may_be_given_by_name():
    assert type(tiny.recipe(optimizer="adam").fresh_optimizer()).__name__ == "Adam"


def test_a_learning_rate_schedule_stays_with_the_optimizer():
    import keras

    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=5, decay_rate=0.5)
    fresh = tiny.recipe(optimizer=keras.optimizers.SGD(schedule)).fresh_optimizer()
    assert fresh.get_config()["learning_rate"]["config"] == schedule.get_config()


def test_the_callbacks_are_fresh_each_time():
    import keras

    recipe = tiny.recipe(callbacks=(keras.callbacks.EarlyStopping(patience=3),))
    (one,), (other,) = recipe.fresh_callbacks(), recipe.fresh_callbacks()
    one.wait = 2
    assert other.wait == recipe.callbacks[0].wait == 0
    assert other.patience == 3
