"""labkit's floors: a module imports from floors below its own, and stays short.

To add a module, put its name on the lowest floor above everything that it imports. Imports under
`if TYPE_CHECKING:` serve annotations only, are never executed, and are left out.
"""

import ast
import itertools
import subprocess
import sys
from pathlib import Path

import pytest

import labkit

LABKIT = Path(__file__).resolve().parent.parent / "labkit"

FLOORS = (
    ("errors", "signatures", "figures", "intervals"),
    ("workspace", "files", "catalogue", "splits", "computed", "origins", "records", "comparisons"),
    (
        "archives",
        "encoding",
        "claims",
        "notebook",
        "recipes",
        "requests",
        "provenance",
        "checkpoints",
        "feeding",
    ),
    (
        "samples",
        "sources",
        "materials",
        "store",
        "replicates",
        "evaluation",
        "checks",
        "callbacks",
        "execution",
    ),
    ("datasets", "pictures", "fitting", "jobs", "evidence"),
    ("paths", "plots", "tables", "diagrams", "verdicts"),
    ("training", "entries", "forest", "doctor", "recording"),
    ("ledger",),
    ("cli",),
)
FLOOR = {name: number for number, floor in enumerate(FLOORS) for name in floor}
# The package's front, which loads on demand, and the entry of `python -m labkit`.
FRONT = ("__init__", "__main__")
LINES = 300
MAY_IMPORT_KERAS = ("training",)  # when they are imported; others within a function
NAMES_A_BACKEND = ("feeding",)  # whose pipelines it makes, where that is what Keras runs on

MODULES = sorted(path.stem for path in LABKIT.glob("*.py"))


def tree(module):
    return ast.parse((LABKIT / f"{module}.py").read_text(encoding="utf-8"))


def executed(node):
    """Yield the nodes below one, without what stands under `if TYPE_CHECKING:`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            children = child.orelse
        else:
            yield child
            children = [child]
        yield from itertools.chain.from_iterable(executed(one) for one in children)


def imported(nodes):
    """Yield the dotted names that import statements ask for."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(filter(None, ["labkit" if node.level else "", node.module or ""]))
            yield from (f"{base}.{alias.name}" for alias in node.names)


def labkit_imports(nodes):
    parts = (name.split(".") for name in imported(nodes))
    return {names[1] for names in parts if names[0] == "labkit" and names[1] in MODULES}


def packages(nodes):
    return {name.split(".")[0] for name in imported(nodes)}


def at_import(module):
    """Return the nodes that run when a module is imported: all but the bodies of functions."""

    def outside(node):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
            yield child
            if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                yield from outside(child)

    return list(outside(tree(module)))


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_a_floor(module):
    assert module in FLOOR or module in FRONT, (
        f"labkit/{module}.py: expected on a floor of FLOORS in this file; received none. Put it on "
        f"the lowest floor above what it imports: {sorted(labkit_imports(executed(tree(module))))}."
    )


def test_everything_that_labkit_offers_is_there():
    assert [name for name in labkit.__all__ if not hasattr(labkit, name)] == []


def test_every_name_on_a_floor_is_a_module():
    names = list(itertools.chain.from_iterable(FLOORS))
    assert sorted(names) == sorted(set(MODULES) - set(FRONT))
    assert set(MAY_IMPORT_KERAS) <= set(MODULES)


@pytest.mark.parametrize("module", [name for name in MODULES if name in FLOOR])
def test_imports_point_down(module):
    above = {
        name: FLOOR.get(name)
        for name in labkit_imports(executed(tree(module)))
        if FLOOR.get(name, FLOOR[module]) >= FLOOR[module]
    }
    assert not above, f"labkit/{module}.py is on floor {FLOOR[module]} and imports {above}"


@pytest.mark.parametrize("module", MODULES)
def test_no_module_is_longer_than_one_reads(module):
    length = len((LABKIT / f"{module}.py").read_text(encoding="utf-8").splitlines())
    assert length <= LINES, f"labkit/{module}.py has {length} lines: give one of its nouns a module"


@pytest.mark.parametrize("module", MODULES)
def test_keras_is_loaded_only_where_something_is_trained(module):
    if module not in MAY_IMPORT_KERAS:
        assert "keras" not in packages(at_import(module))


@pytest.mark.parametrize("module", MODULES)
def test_no_backend_is_named(module):
    """The same code runs on TensorFlow, JAX and torch."""
    backends = {"tensorflow", "jax", "torch", "tf_keras"}
    nodes = at_import(module) if module in NAMES_A_BACKEND else ast.walk(tree(module))
    assert not packages(nodes) & backends


@pytest.mark.parametrize("module", MODULES)
def test_only_the_public_keras_is_used(module):
    names = list(imported(ast.walk(tree(module))))
    assert not [name for name in names if name.startswith("keras.src")]


@pytest.mark.parametrize("module", MODULES)
def test_every_module_says_what_it_is(module):
    assert ast.get_docstring(tree(module))
    assert module not in ("utils", "helpers", "manager", "common", "misc")


@pytest.mark.parametrize("module", ["labkit", "labkit.cli"])
def test_importing_it_loads_neither_keras_nor_pandas(module):
    code = f"import sys, {module}; print(sorted({{'keras', 'pandas', 'rich'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_sideways_and_upward_arrows_would_be_seen():
    """The parser sees every way of importing, in functions too, and skips annotations."""
    code = """
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from labkit.training import train
def f():
    from labkit import plots
    import labkit.tables
    from .store import read
    from . import records
"""
    assert labkit_imports(executed(ast.parse(code))) == {"plots", "tables", "store", "records"}
