"""`follow` is told of each epoch of a training, and can end it."""

import pytest
import tiny
from interrupted import unfinished

import labkit
from labkit.training import Abandoned

pytestmark = pytest.mark.usefixtures("isolated")


def trained(dataset, follow, **options):
    recipe = tiny.recipe(epochs=4)
    options = {"budget": "lab", "mode": "train", "experiment": "99/followed"} | options
    return labkit.train(tiny.dense, dataset, recipe, follow=follow, **options)


def test_it_is_told_of_each_epoch_and_what_was_logged(dataset):
    told = []
    run = trained(dataset, lambda epoch, logs: told.append((epoch, logs["val_loss"])))
    assert told == list(enumerate(run.history["val_loss"], start=1))


def test_a_training_that_is_followed_is_the_same_and_shows_no_bar(dataset, capsys):
    followed = trained(dataset, lambda epoch, logs: None)
    assert "epoch" not in capsys.readouterr().err
    alone = trained(dataset, None)
    assert followed.history == alone.history
    assert followed.signature == alone.signature


@pytest.mark.parametrize(("problem", "left"), [(Abandoned, 0), (KeyboardInterrupt, 1)])
def test_what_it_raises_ends_the_training_and_abandoned_leaves_nothing(
    dataset, saved_always, problem, left
):
    def follow(epoch, logs):
        if epoch == 3:
            raise problem

    with pytest.raises(problem):
        trained(dataset, follow)
    assert len(unfinished()) == left


def test_a_training_that_goes_on_tells_of_the_rest(dataset, saved_always):
    def follow(epoch, logs):
        if epoch == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(dataset, follow)
    told = []
    trained(dataset, lambda epoch, logs: told.append(epoch))
    assert told == [3, 4]
