"""What a function or class does, told by its text: how a record knows the code it was made with."""

from __future__ import annotations

import ast
import dataclasses
import dis
import functools
import hashlib
import inspect
import linecache
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import CellType, CodeType, FunctionType
from typing import Any

import numpy as np

_LIBRARIES = (Path(sysconfig.get_path("stdlib")), Path(__file__).resolve().parent)
_PACKAGES = {"site-packages", "dist-packages"}
_PARAMETERS = {"BUDGET", "MODE", "SEED", "SOURCE"}  # they say which run it is, not what is run
_INSIDE = ("__func__", "__wrapped__", "fget", "func")  # a method, decorated function, property …
_LOADS = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"}
_PLAIN = (bool, int, str, bytes, complex, range, type(None))
_DIGITS = 12  # of a float: a computed one may differ between machines in the last of its 16
_LONGEST = 80  # characters of a value that is written out

Named = Iterable[tuple[str, Any]]  # what something refers to, each under the name it has there


def described(thing: Any) -> str:
    """Return what a function or class is called and, where it is the notebook's own, what it says.

    The notebook's own is what neither Python, an installed library nor labkit brought. A hash of
    its text follows the name; formatting, comments and docstrings do not count. What else of the
    notebook it uses follows in brackets, as far as that leads: functions and classes with their
    hashes, constants with their values, e.g. ``squash 1a2b3c4d (RATE=0.3, halved 99ff00aa)``.
    The notebook's parameters (`SEED`, `BUDGET` …) and whole modules are left out.

    A lambda is written out. An object that is no function counts by its class. What has no text,
    because it was typed at a prompt, is its name alone.

    >>> described(len), described(Path)
    ('len', 'Path')
    """
    if not hasattr(thing, "__name__") and not isinstance(thing, functools.partial):
        thing = type(thing)
    uses = sorted(set(_followed(thing, {id(thing): thing})))
    return _definition(thing) + f" ({', '.join(uses)})" * bool(uses)


def is_installed(thing: Any) -> bool:
    """Say whether a function or class is Python's, an installed library's or labkit's own."""
    module = getattr(thing, "__module__", None) or "builtins"
    if inspect.isfunction(thing):  # not by its module, which a decorator takes from what it wraps
        path = Path(thing.__code__.co_filename)
    elif module == "__main__":  # which may be known by the file of what started the notebook
        return False
    elif module.partition(".")[0] in sys.stdlib_module_names:
        return True
    else:
        path = Path(getattr(sys.modules.get(module), "__file__", None) or "")
    return not _PACKAGES.isdisjoint(path.parts) or any(map(path.is_relative_to, _LIBRARIES))


def _definition(thing: Any) -> str:
    text = "" if _is_lambda(thing) else _text(thing)
    return f"{_written(thing)} {_short_hash(text.encode())}" if text else _written(thing)


def _followed(thing: Any, seen: dict[int, Any]) -> Iterator[str]:
    """Yield what a thing uses, and what that uses in turn."""
    for name, value in _used(thing):
        if name and getattr(value, "__name__", None) != name:
            written = _written(value)
            short = f"{type(value).__name__} {_short_hash(written.encode())}"
            yield f"{name}={written if len(written) <= _LONGEST else short}"
        if id(value) not in seen:
            seen[id(value)] = value
            if not _is_lambda(value) and _text(value):
                yield _definition(value)
            yield from _followed(value, seen)


def _used(thing: Any) -> Named:
    functions = _functions(thing)
    if inspect.isclass(thing):
        yield from _attributes(thing)
    elif not functions:
        yield from (("", part) for part in _parts(thing))
    for function in functions:
        for name, value in _outside(function):
            if not any(value is one for one in functions):  # not what is wrapped: it is the text
                yield name, value


def _functions(thing: Any) -> list[FunctionType]:
    """Return the notebook's functions that make up a definition, e.g. the methods of a class."""
    if inspect.isclass(thing):
        if is_installed(thing):
            return []
        values = [value for _, value in sorted(vars(thing).items()) if not inspect.isclass(value)]
        return [function for value in values for function in _functions(value)]
    if not hasattr(type(thing), "__get__"):  # neither a function nor around one
        return []
    own = [thing] if inspect.isfunction(thing) and not is_installed(thing) else []
    inside = filter(None, (getattr(thing, name, None) for name in _INSIDE))
    return own + _functions(next(inside, None))


def _attributes(kind: type) -> Named:
    """Yield the base classes of the notebook's class, and its attributes that are no methods."""
    if is_installed(kind):
        return
    yield from (("", base) for base in kind.__bases__)
    for name, value in vars(kind).items():
        hidden = name.startswith("__") or name == "_abc_impl"
        if not hidden and not hasattr(type(value), "__get__"):
            yield name, value


def _parts(value: Any) -> Iterable[Any]:
    """Return what a value is made of: elements, fields, arguments; else its class."""
    if isinstance(value, Mapping):
        return value.values()
    if isinstance(value, list | tuple | set | frozenset):
        return value
    if isinstance(value, functools.partial):
        return [value.func, *value.args, *value.keywords.values()]
    return [type(value), *_fields(value).values()]


def _outside(function: FunctionType) -> Named:
    """Yield what a function takes from outside: from closures, globals and computed defaults."""
    code, known = function.__code__, function.__globals__
    node = _node(code)
    if node is None:
        return
    cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
    found = [(name, cell.cell_contents) for name, cell in cells if cell != CellType()]
    found += [(name, known[name]) for name in _globals_loaded(code) if name in known]
    for name, value in (*found, *_computed_defaults(function, node.args)):
        hidden = name in _PARAMETERS or name.startswith("__")  # __name__, __class__ of super()
        if not hidden and not inspect.ismodule(value):
            yield name, value


def _globals_loaded(code: CodeType) -> set[str]:
    names = {step.argval for step in dis.get_instructions(code) if step.opname in _LOADS}
    inner = (_globals_loaded(one) for one in code.co_consts if inspect.iscode(one))
    return names.union(*inner)


def _computed_defaults(function: FunctionType, arguments: ast.arguments) -> Named:
    """Yield the defaults whose value the text does not show, as in `rate=RATE`."""
    positional = [*arguments.posonlyargs, *arguments.args][-len(arguments.defaults) :]
    written = [*zip(positional, arguments.defaults, strict=False)]
    written += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    parameters = inspect.signature(function, follow_wrapped=False).parameters
    for one, node in written:
        if node and any(isinstance(part, ast.Name) for part in ast.walk(node)):
            yield one.arg, parameters[one.arg].default


def _text(thing: Any) -> str:
    """Return the notebook's text of a definition in a normal form; empty where there is none."""
    functions = _functions(thing)
    nodes = [node for one in functions if (node := _node(one.__code__))]
    texts = [_normal(node) for node in nodes]
    has_text = bool(texts) or not functions
    if inspect.isclass(thing) and has_text and not is_installed(thing):
        # Keras puts Functional in Model's place once a model is made of inputs and outputs.
        bases = (base.__name__.replace("Functional", "Model") for base in thing.__bases__)
        texts.insert(0, f"class {thing.__name__}({', '.join(bases)})")
    return "\n".join(texts)


def _normal(tree: Any) -> str:
    """Write syntax out, the same in every Python, which `ast.unparse` and `ast.dump` do not."""
    if isinstance(tree, list):
        return f"[{', '.join(_normal(one) for one in tree if not _is_docstring(one))}]"
    if not isinstance(tree, ast.AST):
        return repr(tree)
    fields = [(name, one) for name, one in ast.iter_fields(tree) if one not in (None, [])]
    return f"{type(tree).__name__}({', '.join(f'{name}={_normal(one)}' for name, one in fields)})"


def _is_docstring(tree: Any) -> bool:
    return isinstance(tree, ast.Expr) and isinstance(tree.value, ast.Constant)


def _node(code: CodeType) -> ast.FunctionDef | ast.Lambda | None:
    """Return where a function is written; None where it was typed at a prompt."""
    steps = [step for step in code.co_positions() if None not in step and step[3]]
    found = None
    for node in ast.walk(_tree("".join(linecache.getlines(code.co_filename)))):
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if is_function and getattr(node, "name", "<lambda>") == code.co_name:
            first = min(one.lineno for one in (node, *getattr(node, "decorator_list", ())))
            start, end = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
            inside = all(start <= (one[0], one[2]) and (one[1], one[3]) <= end for one in steps)
            if first == code.co_firstlineno and inside:  # a line may hold several lambdas
                found = node
    return found


@functools.lru_cache(maxsize=8)
def _tree(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError:  # it is not, or no more, the text that was run
        return ast.parse("")


def _is_lambda(thing: Any) -> bool:
    return inspect.isfunction(thing) and thing.__name__ == "<lambda>"


def _written(value: Any) -> str:
    """Write a value out, the same on every machine and in every session."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return repr(float(f"{value:.{_DIGITS}g}"))
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape} {_short_hash(value.tobytes())}"
    if _is_lambda(value) and (node := _node(value.__code__)):
        return ast.unparse(node)
    if hasattr(value, "__name__"):
        return value.__name__
    return _compound(value)


def _compound(value: Any) -> str:
    """Write what has parts; of any other object its class."""
    if isinstance(value, functools.partial):
        return _call("partial", [value.func, *value.args], value.keywords)
    if fields := _fields(value):
        return _call(type(value).__name__, [], fields)
    if isinstance(value, Mapping):
        items = [f"{_written(key)}: {_written(one)}" for key, one in value.items()]
    elif isinstance(value, list | tuple):
        items = list(map(_written, value))
    elif isinstance(value, set | frozenset):
        items = sorted(map(_written, value))
    else:
        return type(value).__name__
    start, end = {list: "[]", tuple: "()"}.get(type(value), "{}")
    return f"{start}{', '.join(items)}{end}"


def _call(name: str, positional: Iterable[Any], named: Mapping[str, Any]) -> str:
    arguments = [f"{key}={_written(one)}" for key, one in named.items()]
    return f"{name}({', '.join([*map(_written, positional), *arguments])})"


def _fields(value: Any) -> dict[str, Any]:
    """Return the fields of a dataclass that is compared by them, as by-budget settings are."""
    if not dataclasses.is_dataclass(value) or not value.__dataclass_params__.eq:
        return {}
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def _short_hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:8]
