"""The settings of Keras's own that every record depends on."""

from __future__ import annotations

from labkit import quietly
from labkit.errors import ParameterError

# No signature holds them: each changes digits, or the epochs trained, under an unchanged one.
RECORDED = {
    "floatx": "float32",
    "dtype_policy": "float32",
    "epsilon": 1e-07,
    "image_data_format": "channels_last",
    "max_epochs": None,
    "max_steps_per_epoch": None,
}


def require_recorded() -> None:
    """Refuse to record where Keras is set up to compute otherwise than for the records there are.

    Loads Keras.

    Raises:
        ParameterError: it does not start, or a setting in keras.json or in a ``KERAS_…`` variable
            is not the one of every record; the message names it.
    """
    try:
        quietly.import_keras()
    except (ImportError, ValueError) as problem:  # no such backend, no such floatx
        raise ParameterError(
            "Keras",
            expected="an installation that starts",
            received=" ".join(str(problem).split()).rstrip("."),
            remedy="`labkit doctor` says what to do.",
        ) from problem
    for name, expected in RECORDED.items():
        found = _found(name)
        if found != expected:
            raise ParameterError(
                f"Keras's {name}",
                expected=f"{expected}, as in every record",
                received=str(found),
                remedy="Remove it where it is set: in keras.json (in KERAS_HOME, else in "
                "~/.keras), or in a variable KERAS_… of the environment. Then record.",
            )


def _found(name: str) -> object:
    """Return a setting as Keras has it now; one that this Keras does not know is as recorded."""
    import keras

    ask = getattr(keras.config, name, None)
    value = ask() if ask else RECORDED[name]
    return value.name if name == "dtype_policy" else value
