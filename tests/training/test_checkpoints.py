import errno
import json
import math
import os

import keras
import numpy as np
import processes
import pytest
import tiny

from labkit.errors import CacheWriteError, DamagedRecordError, ParameterError
from labkit.training import checkpoints
from labkit.training.checkpoints import Progress
from labkit.training.network import compiled

PROGRESS = Progress({"loss": [0.75, math.nan]}, [1.5, 2.5])


def network(build=tiny.eventful, recipe=None):
    return compiled(build(), recipe or tiny.eventful_recipe(), tiny.split(8, draw=0))


def variables(model):
    return [np.asarray(one) for one in (*model.variables, *model.optimizer.variables)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "unfinished" / "run.npz"


def test_there_is_nothing_to_load_where_nothing_was_saved(path):
    model = network()
    before = variables(model)
    assert checkpoints.load(path, model) is None
    for one, other in zip(variables(model), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_every_variable_of_network_and_optimizer_comes_back(path):
    saved, fresh = network(), network()
    saved.fit(*batch(), epochs=1, verbose=0)
    assert any(
        not np.array_equal(*pair) for pair in zip(variables(saved), variables(fresh), strict=True)
    )
    checkpoints.save(path, saved, {}, PROGRESS)
    checkpoints.load(path, fresh)
    for one, other in zip(variables(saved), variables(fresh), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_seeds_of_dropout_and_augmentation_are_among_the_variables():
    names = [variable.name for variable in network().variables]
    assert names.count("seed_generator_state") == 3


def batch():
    split = tiny.split(32, draw=3)
    return split.inputs, split.targets


def test_history_and_times_come_back(path):
    checkpoints.save(path, network(), {}, PROGRESS)
    progress = checkpoints.load(path, network())
    assert progress.history["loss"][0] == 0.75
    assert math.isnan(progress.history["loss"][1])
    assert progress.seconds_per_epoch == [1.5, 2.5]
    assert progress.seconds_before == 4.0


def test_what_callbacks_learned_comes_back_and_their_settings_stay(path):
    model = network()
    told = keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True)
    told.set_model(model)
    told.on_train_begin()
    told.on_epoch_end(0, {"val_loss": np.float32(0.5)})
    told.on_epoch_end(1, {"val_loss": np.float32(0.75)})
    checkpoints.save(path, model, {"patient": [told]}, PROGRESS)

    fresh = keras.callbacks.EarlyStopping(patience=9, restore_best_weights=True)
    fresh.set_model(model)
    fresh.on_train_begin()
    checkpoints.restore({"patient": [fresh]}, checkpoints.load(path, model))
    assert (fresh.best, fresh.wait, fresh.best_epoch, fresh.patience) == (0.5, 1, 0, 9)
    for one, other in zip(fresh.best_weights, told.best_weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_says_whose_training_it_is_that_can_go_on(path):
    assert checkpoints.owners(path) == frozenset()
    stopping = keras.callbacks.EarlyStopping()
    checkpoints.save(path, network(), {"": [], "patient": [stopping], "long": []}, PROGRESS)
    assert checkpoints.owners(path) == {"", "patient", "long"}


def test_a_file_that_does_not_say_whose_it_is_is_rejected(path):
    plain = {"history": {}, "seconds_per_epoch": [], "callbacks": []}  # as it once was
    path.parent.mkdir()
    np.savez(path, progress=np.frombuffer(json.dumps(plain).encode(), dtype=np.uint8))
    with pytest.raises(DamagedRecordError, match="Delete this file; the training then starts"):
        checkpoints.owners(path)


def test_variables_are_copies_and_can_be_put_back(path):
    model = network()
    before, expected = checkpoints.variables(model), variables(model)
    model.fit(*batch(), epochs=1, verbose=0)
    assert any(not np.array_equal(*pair) for pair in zip(variables(model), before, strict=True))
    checkpoints.put_back(model, before)
    for one, other in zip(variables(model), expected, strict=True):
        np.testing.assert_array_equal(one, other)


class Noting(keras.callbacks.Callback):
    def __init__(self, **notes):
        super().__init__()
        vars(self).update(notes)


def test_a_callback_may_remember_what_json_can_hold(path):
    notes = {
        "best": np.float32(0.5),
        "flag": True,
        "text": "so",
        "nothing": None,
        "losses": [0.5, 0.25],
        "counts": {"up": 1, "arrays": 2},
    }
    checkpoints.save(path, network(), {"": [Noting(**notes)]}, PROGRESS)
    fresh = Noting()
    checkpoints.restore({"": [fresh]}, checkpoints.load(path, network()))
    assert {name: vars(fresh)[name] for name in notes} == notes


def test_rejects_a_callback_that_remembers_anything_else(path):
    with pytest.raises(ParameterError) as caught:
        checkpoints.save(path, network(), {"": [Noting(seen=object())]}, PROGRESS)
    assert str(caught.value).startswith(
        "Recipe.callbacks: expected callbacks that remember numbers, texts and lists of arrays; "
        "received "
    )
    assert not path.exists()


def test_rejects_a_model_with_an_optimizer_of_its_own(path):
    model = network()
    model.critic_optimizer = keras.optimizers.Adam()
    with pytest.raises(ParameterError) as caught:
        checkpoints.save(path, model, {}, PROGRESS)
    assert str(caught.value) == (
        "model: expected no other optimizer than the recipe's, for the state of others is not "
        "saved; received critic_optimizer. Keep the training short enough that it need not be "
        "resumed."
    )


DAMAGES = {
    "cut short": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "no archive": lambda content: b"weights",
    "a changed byte": lambda content: content.replace(b'"history"', b'"mystery"'),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_rejects_a_damaged_file(path, damage):
    checkpoints.save(path, network(), {}, PROGRESS)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DamagedRecordError) as caught:
        checkpoints.load(path, network())
    message = str(caught.value)
    assert message.startswith(
        f"{path}: expected an unfinished run as labkit wrote it; received {caught.value.received}"
    )
    assert message.endswith(". Delete this file; the training then starts from its first epoch.")


def test_rejects_the_file_of_another_network(path):
    checkpoints.save(path, network(tiny.dense, tiny.recipe()), {}, PROGRESS)
    with pytest.raises(DamagedRecordError, match="an unfinished run as labkit wrote it"):
        checkpoints.load(path, network())


def test_never_unpickles(path):
    path.parent.mkdir()
    np.savez(path, progress=np.array([object()], dtype=object))
    with pytest.raises(DamagedRecordError, match="allow_pickle=False"):
        checkpoints.load(path, network())


def test_a_full_disk_leaves_the_older_checkpoint_whole(path, monkeypatch):
    def full(file, **arrays):
        file.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    checkpoints.save(path, network(), {}, PROGRESS)
    before = path.read_bytes()
    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(CacheWriteError, match="; received No space left on device"):
        checkpoints.save(path, network(), {}, PROGRESS)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


KILLED_WHILE_SAVING = """
import os, pathlib, signal, sys
from types import SimpleNamespace
import numpy as np
from labkit.training import checkpoints

def half(file, **arrays):
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)

np.savez = half
model = SimpleNamespace(variables=[np.ones(3)], optimizer=SimpleNamespace(variables=[]))
checkpoints.save(pathlib.Path(sys.argv[1]), model, {}, checkpoints.Progress({"loss": [9.0]}, [9.0]))
"""


def test_kill_9_while_saving_leaves_the_older_checkpoint_whole(path):
    checkpoints.save(path, network(), {}, PROGRESS)
    before = path.read_bytes()
    processes.killed(processes.start(KILLED_WHILE_SAVING, path))
    assert path.read_bytes() == before
    assert checkpoints.load(path, network()).seconds_per_epoch == [1.5, 2.5]
