"""Parts of a training as text: layers, losses, optimizers, callbacks, functions."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from labkit.source_text import described, is_installed

if TYPE_CHECKING:
    import keras

_NOT_A_SETTING = {"name", "dtype", "seed", "verbose", "build_config", "inputs", "outputs"}
_SIGNIFICANT_DIGITS = 6  # a float32 written out and read back agrees to this many


def describe(part: Any, *, always: tuple[str, ...] = ()) -> str:
    """Write a layer, optimizer, callback … as its class and non-default settings, or a function.

    What is the notebook's own is followed by its text, see `labkit.source_text`.

    Args:
        part: an object of Keras's kinds, or a function.
        always: settings that are written also where they are the default.
    """
    if _is_function(part):
        return described(part)
    made_of = _made_of(part)
    settings, usual = _plain_settings(made_of), _usual_settings(type(part), made_of)
    different = {
        name: value
        for name, value in settings.items()
        if name in always or name not in usual or usual[name] != value
    }
    return _call(part, different)


def describe_model(model: keras.Model) -> str:
    """Write a model's class, and its arguments and text where it is the notebook's: no layers."""
    if is_installed(type(model)):
        return type(model).__name__
    return _call(model, _plain_settings(_own_arguments(model)))


def _is_function(thing: Any) -> bool:
    return hasattr(thing, "__name__") or isinstance(thing, functools.partial)


def _call(part: Any, settings: Mapping[str, Any]) -> str:
    """Write a part as the call that makes it, and its class's text where it is the notebook's."""
    kind = type(part)
    arguments = ", ".join(f"{name}={written(settings[name])}" for name in sorted(settings))
    return f"{kind.__name__}({arguments}){described(kind).removeprefix(kind.__name__)}"


def _made_of(part: Any) -> dict[str, Any]:
    """Return what a part was made of; inner parts as the objects that they are.

    Keras cannot write down every part, and callbacks not at all: the constructor's arguments are
    read off those, and off the notebook's own, whose configuration may lack some.
    """
    try:
        config = part.get_config() if hasattr(part, "get_config") else {}
    except (NotImplementedError, TypeError):
        config = {}
    if config.get("trainable") is True:
        del config["trainable"]
    arguments = _own_arguments(part) if config else _arguments(part)
    objects = {name: _object(value, getattr(part, name, None)) for name, value in config.items()}
    return {**arguments, **objects}


def _own_arguments(part: Any) -> dict[str, Any]:
    """Return the arguments of a constructor that is the notebook's, none of another."""
    return {} if is_installed(type(part).__init__) else _arguments(part)


def _arguments(part: Any) -> dict[str, Any]:
    """Return the constructor's arguments that a part keeps, under their names or as `_name`."""
    kept = {}
    for name in _defaults(type(part)):
        own = name if hasattr(part, name) else f"_{name}"
        if hasattr(part, own):
            kept[name] = getattr(part, own)
    return kept


def _defaults(kind: type) -> dict[str, Any]:
    """Return a constructor's parameters and their defaults, `Parameter.empty` where none."""
    parameters = inspect.signature(kind.__init__).parameters.values()
    return {one.name: one.default for one in parameters}


def _object(value: Any, own: Any) -> Any:
    """Return the part that a configuration stands for: a part's own, else one made again."""
    if isinstance(value, list | tuple) and isinstance(own, list | tuple) and len(value) == len(own):
        return [_object(*pair) for pair in zip(value, own, strict=True)]
    if isinstance(value, str) and inspect.isfunction(own) and not is_installed(own):
        return own  # the notebook's, under the name of one of Keras's
    if not isinstance(value, Mapping):
        return value
    is_own = inspect.isfunction(own) or type(own).__name__ == value.get("class_name")
    return own if is_own else _revived(value)


def _revived(configuration: Mapping[str, Any]) -> Any:
    """Return the part that a configuration describes, or itself where Keras does not know it."""
    import keras

    try:
        return keras.saving.deserialize_keras_object(dict(configuration))
    except (TypeError, ValueError):  # a class that only the notebook knows
        return configuration


def _usual_settings(kind: type, made_of: Mapping[str, Any]) -> dict[str, Any]:
    """Return the optional settings of a part made from its required arguments alone."""
    usual = _defaults(kind)
    if hasattr(kind, "get_config"):  # not a callback, which may open files once it is made
        required = {name: made_of[name] for name in _required_arguments(kind) if name in made_of}
        try:
            made = _made_of(kind(**required))
        except (TypeError, ValueError):  # it cannot be made of these alone
            return {}
        usual |= {name: value for name, value in made.items() if name not in required}
    return _plain_settings(usual)


def _required_arguments(kind: type) -> Iterable[str]:
    """Yield what a constructor cannot do without, also where it hands `*arguments` on."""
    for one in kind.__mro__:
        if "__init__" in vars(one):
            parameters = inspect.signature(one.__init__).parameters.values()
            yield from (each.name for each in parameters if each.default is each.empty)
            if not any(each.kind is each.VAR_POSITIONAL for each in parameters):
                return


def _plain_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(one) for name, one in settings.items() if name not in _NOT_A_SETTING}


class _Written(str):
    """A setting that is written already."""

    __repr__ = str.__str__


def _plain(value: Any) -> Any:
    """Return a setting that can be compared and written: parts as text, floats rounded."""
    if _is_function(value):
        return described(value)
    if hasattr(value, "get_config"):
        return _Written(describe(value))
    if isinstance(value, Mapping) and set(value) >= {"class_name", "config"}:
        part = _revived(value)
        settings = written(value["config"])
        return _plain(part) if part is not value else _Written(f"{value['class_name']}({settings})")
    if isinstance(value, Mapping):
        return _plain_settings(value)
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return float(f"{value:.{_SIGNIFICANT_DIGITS}g}")
    if type(value).__repr__ is object.__repr__:  # it would print an address
        return _Written(described(type(value)))
    return value


def written(value: Any) -> str:
    """Write one setting, e.g. ``'relu'``, ``(3, 3)`` or ``L1(l1=0.001)``."""
    plain = _plain(value)
    if isinstance(plain, list):
        return f"({', '.join(map(written, plain))})"
    return repr(plain)
