"""What a function does, told by its text: how a record knows the code it was made with."""

from __future__ import annotations

import ast
import hashlib
import inspect
import textwrap
from typing import Any


def name_of(function: Any) -> str:
    """Return a function's name, and a hash of what is written in it where it is not Keras's own.

    A lambda is written out instead. One typed at a prompt has no text: it is its name alone.
    """
    name = function.__name__
    if function.__module__.partition(".")[0] == "keras":
        return name
    try:
        source = textwrap.dedent(inspect.getsource(function))
        tree = ast.parse(source)
    except (OSError, TypeError):  # typed at a prompt: there is no source to read
        return name
    except SyntaxError:  # a lambda's lines, cut out of a longer statement
        tree = ast.Constant(source)
    lambdas = [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]
    if name == "<lambda>" and len(lambdas) == 1:
        return ast.unparse(lambdas[0])
    return f"{name} {hashlib.sha256(ast.unparse(tree).encode()).hexdigest()[:8]}"
