"""What a run's result depends on, as a list one can read and a hash one can compare.

In it: every layer's settings that are not the default, output shapes, parameters, the recipe,
and the data that were asked for. Not in it: names, seeds, dtype, budget, device and backend.
"""

from __future__ import annotations

import difflib
import hashlib
import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

    from labkit.recipes import Recipe

_NOT_A_SETTING = {"name", "dtype", "seed", "verbose", "build_config"}
_SIGNIFICANT_DIGITS = 6  # a float32 written out and read back agrees to this many


@dataclass(frozen=True)
class Signature:
    """The readable lines, and their sha256.

    >>> Signature(("epochs: 5",)).difference(Signature(("epochs: 10",)))
    'code has "epochs: 5", record has "epochs: 10"'
    """

    lines: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """The hash of the lines, 64 hexadecimal digits."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()

    def difference(self, recorded: Signature) -> str:
        """Return the lines in which this (the code's) differs from a recorded one."""
        mine, theirs = [], []
        for line in difflib.ndiff(self.lines, recorded.lines):
            if line.startswith("- "):
                mine.append(line[2:])
            elif line.startswith("+ "):
                theirs.append(line[2:])
        return f"code has {_quoted(mine)}, record has {_quoted(theirs)}"


def _quoted(lines: list[str]) -> str:
    return "; ".join(f'"{line}"' for line in lines) or "nothing there"


def signature(model: keras.Model, recipe: Recipe, request: Mapping[str, Any]) -> Signature:
    """Return the signature of one training.

    Args:
        model: the built model.
        recipe: with its by-budget settings resolved (`recipe.at(budget)`).
        request: the dataset's request.
    """
    return Signature((*_model_lines(model), *_recipe_lines(recipe), _request_line(request)))


def _model_lines(model: keras.Model) -> Iterable[str]:
    places = {layer.name: place for place, layer in enumerate(model.layers, start=1)}
    yield f"input {_shapes(model.input_shape)}"
    inputs = _inputs_of_layers(model)
    for layer in model.layers:
        if type(layer).__name__ == "InputLayer":
            continue
        before = inputs.get(layer.name, ())
        branch = f" after {'+'.join(str(places[name]) for name in before)}" if before else ""
        shape = _shapes(layer.output.shape)
        yield f"{describe(layer)}{branch} -> {shape}, {layer.count_params():,} parameters"
    yield f"parameters: {model.count_params():,}"


def _inputs_of_layers(model: keras.Model) -> dict[str, list[str]]:
    """Return, for a network that is not a plain stack, which layers feed which."""
    if type(model).__name__ == "Sequential":
        return {}
    layers = model.get_config().get("layers", [])
    return {layer["name"]: list(_history(layer["inbound_nodes"])) for layer in layers}


def _history(node: Any) -> Iterable[str]:
    if isinstance(node, Mapping):
        if "keras_history" in node:
            yield node["keras_history"][0]
        else:
            for value in node.values():
                yield from _history(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _history(value)


def _shapes(shape: Any) -> str:
    """Write a shape without its batch axis; several shapes one beside another."""
    if shape and isinstance(shape[0], tuple | list):
        return " ".join(_shapes(one) for one in shape)
    return "(" + ", ".join(str(size) for size in shape[1:]) + ")"


def _recipe_lines(recipe: Recipe) -> Iterable[str]:
    optimizer = recipe.fresh_optimizer()
    yield f"loss: {recipe.loss if isinstance(recipe.loss, str) else describe(recipe.loss)}"
    yield f"optimizer: {describe(optimizer, always=('learning_rate',))}"
    yield f"batch_size: {recipe.batch_size}"
    yield f"epochs: {recipe.epochs}"
    if recipe.examples is not None:
        yield f"examples: {recipe.examples}"
    for callback in recipe.callbacks:
        yield f"callback: {_callback(callback)}"
    for layer in recipe.augmentation:
        yield f"augmentation: {describe(layer)}"


def _request_line(request: Mapping[str, Any]) -> str:
    options = ", ".join(f"{key}={_text(request[key])}" for key in sorted(request) if key != "name")
    return f"data: {request['name']}({options})"


def describe(part: Any, *, always: tuple[str, ...] = ()) -> str:
    """Write a layer, optimizer, regulariser … as its class and non-default settings.

    Args:
        part: an object with Keras's `get_config`, or a plain value.
        always: settings that are written also where they are the default.
    """
    if not hasattr(part, "get_config"):
        return part.__name__ if inspect.isfunction(part) else _text(part)
    settings = _own_settings(part)
    usual = _default_settings(type(part), settings)
    different = {
        name: value
        for name, value in settings.items()
        if name in always or name not in usual or usual[name] != value
    }
    arguments = ", ".join(f"{name}={_text(different[name])}" for name in sorted(different))
    return f"{type(part).__name__}({arguments})"


def _own_settings(part: Any) -> dict[str, Any]:
    """Return the settings that say what a part does, not what it is called."""
    config = part.get_config()
    if config.get("trainable") is True:
        del config["trainable"]
    return {name: _plain(value) for name, value in config.items() if name not in _NOT_A_SETTING}


def _default_settings(kind: type, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the optional settings of a part made from its required arguments alone."""
    parameters = inspect.signature(kind.__init__).parameters.values()
    required = {
        one.name: settings[one.name]
        for one in parameters
        if one.default is one.empty and one.name in settings
    }
    usual = _own_settings(kind.from_config(required))
    return {name: value for name, value in usual.items() if name not in required}


def _plain(value: Any) -> Any:
    """Strip names and seeds out of nested configurations, and round floats."""
    if isinstance(value, Mapping):
        if set(value) >= {"class_name", "config"}:
            return {**value, "config": _plain(value["config"])}
        return {key: _plain(one) for key, one in value.items() if key not in _NOT_A_SETTING}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return float(f"{value:.{_SIGNIFICANT_DIGITS}g}")
    return value


def _text(value: Any) -> str:
    if isinstance(value, Mapping) and set(value) >= {"class_name", "config"}:
        return describe(_revive(value))
    if isinstance(value, list):
        return "(" + ", ".join(_text(one) for one in value) + ")"
    return repr(_plain(value))


def _revive(configuration: Mapping[str, Any]) -> Any:
    import keras

    return keras.saving.deserialize_keras_object(dict(configuration))


def _callback(callback: keras.callbacks.Callback) -> str:
    """Write a callback; Keras's have no configuration, so read it off the constructor."""
    parameters = inspect.signature(type(callback).__init__).parameters.values()
    settings = {
        one.name: getattr(callback, one.name)
        for one in parameters
        if one.name not in _NOT_A_SETTING
        and hasattr(callback, one.name)
        and getattr(callback, one.name) != one.default
    }
    arguments = ", ".join(f"{name}={_text(settings[name])}" for name in sorted(settings))
    return f"{type(callback).__name__}({arguments})"
