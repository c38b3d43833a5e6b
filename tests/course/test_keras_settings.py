import json
import os
import subprocess
import sys

import keras
import pytest

from labkit.course import keras_settings
from labkit.errors import ParameterError


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("floatx", "float64"),
        ("dtype_policy", "mixed_float16"),
        ("epsilon", 1e-3),
        ("image_data_format", "channels_first"),
        ("max_epochs", 2),
        ("max_steps_per_epoch", 5),
    ],
)
def test_refuses_what_would_record_other_digits_under_the_same_signature(name, value):
    change = getattr(keras.config, f"set_{name}")
    change(value)
    try:
        with pytest.raises(ParameterError) as problem:
            keras_settings.require_recorded()
    finally:
        change(keras_settings.RECORDED[name])
    assert str(problem.value) == (
        f"Keras's {name}: expected {keras_settings.RECORDED[name]}, as in every record; received "
        f"{value}. Remove it where it is set: in keras.json (in KERAS_HOME, else in ~/.keras), or "
        "in a variable KERAS_… of the environment. Then record."
    )
    keras_settings.require_recorded()


def test_an_older_keras_has_fewer_settings(monkeypatch):
    monkeypatch.delattr(keras.config, "max_epochs")
    keras_settings.require_recorded()


def start(tmp_path, **environment):
    """Return what a notebook's first cell complains of where its kernel records."""
    done = subprocess.run(
        [sys.executable, "-c", "from labkit import notebook; notebook.start('train')"],
        env=os.environ | {"LABKIT_RECORD": str(tmp_path)} | environment,
        capture_output=True,
        text=True,
    )
    return done.stderr.strip().splitlines()[-1:]


def test_a_kernel_that_records_refuses_too(tmp_path):
    (tmp_path / "keras.json").write_text(json.dumps({"floatx": "float64"}))
    [complaint] = start(tmp_path, KERAS_HOME=str(tmp_path))
    assert "Keras's floatx: expected float32, as in every record; received float64." in complaint


def test_a_keras_that_does_not_start_is_said(monkeypatch):
    def fail():
        raise ValueError("Unable to import backend : foo")

    monkeypatch.setattr(keras_settings.quietly, "import_keras", fail)
    with pytest.raises(ParameterError) as problem:
        keras_settings.require_recorded()
    assert str(problem.value) == (
        "Keras: expected an installation that starts; received Unable to import backend : foo. "
        "`labkit doctor` says what to do."
    )
