"""What a run's result depends on, as a list one can read and a hash one can compare.

In it: every layer's settings that are not the default, output shapes, parameters, the recipe,
and the data that were asked for. Not in it: names, seeds, dtype, budget, device and backend.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.source_text import name_of

if TYPE_CHECKING:
    import keras

    from labkit.training import Recipe

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
        return f"code has {quoted(mine)}, record has {quoted(theirs)}"


def quoted(lines: Iterable[str]) -> str:
    """Return the lines in quotation marks, one after another.

    >>> print(quoted(["epochs: 5", "examples: 9"]))
    "epochs: 5"; "examples: 9"
    """
    return "; ".join(f'"{line}"' for line in lines) or "nothing there"


def signature_of(model: keras.Model, recipe: Recipe, request: Mapping[str, Any]) -> Signature:
    """Return the signature of one training.

    Args:
        model: the built model.
        recipe: with its by-budget settings resolved (`recipe.at(budget)`).
        request: the dataset's request.
    """
    return Signature((*_model_lines(model), *_recipe_lines(recipe), _request_line(request)))


def _model_lines(model: keras.Model) -> Iterable[str]:
    yield f"input {_shapes(model.input_shape)}"
    yield from _operation_lines(model, indent="")
    yield f"parameters: {model.count_params():,}"


def _operation_lines(model: keras.Model, *, indent: str) -> Iterable[str]:
    """Describe layers, operations such as `a + b`, and, indented, what is inside inner models."""
    is_stack = type(model).__name__ == "Sequential"
    operations = model.layers if is_stack else model.operations
    inputs = {} if is_stack else _inputs(model, operations)
    for one in operations:
        if type(one).__name__ == "InputLayer":
            continue
        is_model = hasattr(one, "layers")
        what = f"{type(one).__name__}:" if is_model else describe(one)
        count = one.count_params() if hasattr(one, "count_params") else 0
        shape = _shapes(_output_shape(one))
        yield f"{indent}{what}{inputs.get(one.name, '')} -> {shape}, {count:,} parameters"
        if is_model:
            yield from _operation_lines(one, indent=indent + "  ")


def _inputs(model: keras.Model, operations: Iterable[Any]) -> dict[str, str]:
    """Say, for a network that is not a plain stack, which operations feed which."""
    places = {one.name: place for place, one in enumerate(operations, start=1)}
    inputs = {}
    for layer in model.get_config()["layers"]:
        fed = "+".join(_origins(layer["inbound_nodes"], places))
        inputs[layer["name"]] = f" after {fed}" if fed else ""
    return inputs


def _origins(node: Any, places: Mapping[str, int]) -> Iterable[str]:
    """Yield where a call's tensors come from, and the constants beside them (`x * 0.5`)."""
    if isinstance(node, Mapping) and "keras_history" in node:
        name, call, output = node["keras_history"]
        yield f"{places[name]}" + f".{call}" * (call > 0) + f"[{output}]" * (output > 0)
    elif isinstance(node, Mapping):
        kept = (value for key, value in node.items() if key not in ("class_name", "shape", "dtype"))
        for value in kept:
            yield from _origins(value, places)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _origins(value, places)
    elif node is not None and node is not False:
        yield repr(_plain(node))


def _output_shape(operation: Any) -> Any:
    output = operation.output
    if isinstance(output, list | tuple):
        return [one.shape for one in output]
    return output.shape


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
        return name_of(part) if inspect.isfunction(part) else _text(part)
    settings = _own_settings(part)
    usual = _default_settings(part, settings)
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
    return {
        name: name_of(getattr(part, name)) if _is_function(part, name, value) else _plain(value)
        for name, value in config.items()
        if name not in _NOT_A_SETTING
    }


def _is_function(part: Any, name: str, value: Any) -> bool:
    """Say whether a setting is a function that Keras knows by no name, as in a Lambda layer."""
    return isinstance(value, Mapping) and inspect.isfunction(getattr(part, name, None))


def _default_settings(part: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the optional settings of a part made from its required arguments alone."""
    kind, config = type(part), part.get_config()
    required = {
        name: getattr(part, name) if _is_function(part, name, config[name]) else settings[name]
        for name in _required_arguments(kind)
        if name in settings
    }
    # from_config empties what it is given; Rescaling's wants every setting, Lambda's wants bytes.
    for make in (lambda: kind.from_config(dict(required)), lambda: kind(**required)):
        with contextlib.suppress(KeyError, TypeError, ValueError):
            usual = _own_settings(make())
            return {name: value for name, value in usual.items() if name not in required}
    return {}


def _required_arguments(kind: type) -> Iterable[str]:
    """Yield what a constructor cannot do without, also where it hands `*arguments` on."""
    for one in kind.__mro__:
        if "__init__" in vars(one):
            parameters = inspect.signature(one.__init__).parameters.values()
            yield from (each.name for each in parameters if each.default is each.empty)
            if not any(each.kind is each.VAR_POSITIONAL for each in parameters):
                return


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
        return _part_text(value)
    if isinstance(value, list):
        return "(" + ", ".join(_text(one) for one in value) + ")"
    if inspect.isfunction(value):
        return repr(name_of(value))
    if type(value).__repr__ is object.__repr__:  # it would print an address
        return type(value).__name__
    return repr(_plain(value))


def _part_text(configuration: Mapping[str, Any]) -> str:
    try:
        return describe(_revive(configuration))
    except (TypeError, ValueError):  # a class that only the notebook knows
        return f"{configuration['class_name']}({_text(configuration['config'])})"


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
