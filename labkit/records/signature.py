"""What a run's result depends on, as a list one can read and a hash one can compare.

In it: every layer's settings that are not the default, output shapes, parameters, the recipe,
the data that were asked for, and the text of what is not Keras's own but the notebook's.
Not in it: names, seeds, dtype, budget, device and backend.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.records.parts import describe, describe_model, written
from labkit.source_text import is_installed

if TYPE_CHECKING:
    import keras

    from labkit.training import Recipe


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
    if not is_installed(type(model)):
        yield f"model: {describe_model(model)}"
    yield f"input {_shapes(_input_shape(model))}"
    yield from _operation_lines(model, indent="")
    yield f"parameters: {model.count_params():,}"


def _input_shape(model: keras.Model) -> Any:
    """Return the shapes of what a model was built for; a subclass knows them by its own name."""
    if hasattr(model, "input_shape"):
        return model.input_shape
    return next(iter(model.get_build_config().values()))


def _operation_lines(model: keras.Model, *, indent: str) -> Iterable[str]:
    """Describe layers, operations such as `a + b`, and, indented, what is inside inner models."""
    is_graph = hasattr(model, "operations")
    operations = model.operations if is_graph else model.layers
    inputs = _inputs(model, operations) if is_graph else {}
    for one in operations:
        if type(one).__name__ == "InputLayer":
            continue
        is_model = hasattr(one, "layers")
        what = f"{describe_model(one)}:" if is_model else describe(one)
        count = one.count_params() if getattr(one, "built", False) else 0
        after, shape = inputs.get(one.name, ""), _output_shape(one)
        yield f"{indent}{what}{after}{shape}, {count:,} parameters"
        if is_model:
            yield from _operation_lines(one, indent=indent + "  ")


def _inputs(model: keras.Model, operations: Iterable[Any]) -> dict[str, str]:
    """Say, for a network that is not a plain stack, which operations feed which."""
    import keras

    places = {one.name: place for place, one in enumerate(operations, start=1)}
    inputs = {}
    for layer in keras.Model(model.inputs, model.outputs).get_config()["layers"]:
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
        yield written(node)


def _output_shape(operation: Any) -> str:
    """Write the shape of what an operation returns, where it was called on a shape alone."""
    output = getattr(operation, "output", None)
    if output is None:
        return ""
    several = isinstance(output, list | tuple)
    return f" -> {_shapes([one.shape for one in output] if several else output.shape)}"


def _shapes(shape: Any) -> str:
    """Write a shape without its batch axis; several shapes one beside another."""
    if isinstance(shape, Mapping):
        shape = [*shape.values()]
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
        yield f"callback: {describe(callback)}"
    for layer in recipe.augmentation:
        yield f"augmentation: {describe(layer)}"


def _request_line(request: Mapping[str, Any]) -> str:
    options = ", ".join(
        f"{key}={written(request[key])}" for key in sorted(request) if key != "name"
    )
    return f"data: {request['name']}({options})"
