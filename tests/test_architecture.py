"""labkit's rooms: imports go down or stay in their room, and ask other rooms for public names only.

A new module goes into the room whose noun it belongs to. Imports under `if TYPE_CHECKING:` serve
annotations only, are never executed, and may point anywhere.
"""

import ast
import graphlib
import importlib
import itertools
import subprocess
import sys
from pathlib import Path

import pytest

import labkit

LABKIT = Path(__file__).resolve().parent.parent / "labkit"
# From the ground up. The ground is labkit's own folder.
GROUND = "ground"
ROOMS = (GROUND, "data", "records", "training", "show", "ledger", "sweeps", "course")
FRONT = ("__init__", "__main__")  # the front door, which opens rooms on demand
LINES = 300
NAMES_A_BACKEND = ("training.batches",)  # whose pipelines it makes, where that is what Keras uses


def name_of(path):
    return ".".join(path.relative_to(LABKIT).with_suffix("").parts)


PATHS = {name_of(path): path for path in sorted(LABKIT.rglob("*.py")) if "_course" not in str(path)}
MODULES = list(PATHS)
INSIDE = [name for name in MODULES if name not in FRONT and not name.endswith(".__init__")]


def room(module):
    """Return the room of a module such as "data.split", or of a name such as "data"."""
    first = module.split(".")[0]
    return first if first in ROOMS else GROUND


def tree(module):
    return ast.parse(PATHS[module].read_text(encoding="utf-8"))


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
            assert not node.level, "labkit imports by its full name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def asked_of_labkit(nodes):
    """Return what is imported of labkit, without the package's own name: "data.split.Split"."""
    parts = (name.split(".", 1) for name in imported(nodes))
    return {rest[0] for first, *rest in parts if first == "labkit" and rest}


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


def upward(module, asked):
    """Return those of the names asked for that stand in a room above the module's own."""
    floor = ROOMS.index(room(module))
    return [name for name in asked if ROOMS.index(room(name)) > floor]


def past_the_door(module, asked):
    """Return those that another room does not give out: its public names are the way in."""
    others = [name for name in asked if room(name) not in (GROUND, room(module))]
    return [name for name in others if name not in PUBLIC and name not in ROOMS]


PUBLIC = {
    f"{one}.{name}"
    for one in ROOMS[1:]
    for name in importlib.import_module(f"labkit.{one}").__all__
}


def test_every_folder_is_a_room():
    folders = {path.parent.name for path in LABKIT.glob("*/__init__.py")}
    assert folders == set(ROOMS[1:])


@pytest.mark.parametrize("name", ROOMS[1:])
def test_a_room_says_what_it_is_for_and_what_it_gives_out(name):
    package = importlib.import_module(f"labkit.{name}")
    assert package.__doc__ and len(PATHS[f"{name}.__init__"].read_text().splitlines()) <= 50
    for public in package.__all__:
        there = hasattr(package, public) or f"{name}.{public}" in INSIDE
        assert there, f"labkit.{name} does not have {public}"


@pytest.mark.parametrize("module", [name for name in MODULES if name not in FRONT])
def test_imports_go_down(module):
    assert upward(module, asked_of_labkit(executed(tree(module)))) == []


@pytest.mark.parametrize("module", INSIDE)
def test_other_rooms_are_asked_for_public_names_only(module):
    assert past_the_door(module, asked_of_labkit(executed(tree(module)))) == []


def test_no_circle_within_a_room():
    known = set(INSIDE)

    def needed(module):
        asked = asked_of_labkit(executed(tree(module)))
        return {one for name in asked for one in (name, name.rpartition(".")[0]) if one in known}

    order = graphlib.TopologicalSorter({module: needed(module) for module in INSIDE})
    assert len(list(order.static_order())) == len(INSIDE)


def test_everything_that_labkit_offers_is_there():
    assert [name for name in labkit.__all__ if not hasattr(labkit, name)] == []


@pytest.mark.parametrize("module", MODULES)
def test_no_module_is_longer_than_one_reads(module):
    length = len(PATHS[module].read_text(encoding="utf-8").splitlines())
    assert length <= LINES, f"labkit/{module} has {length} lines: give one of its nouns a module"


@pytest.mark.parametrize("module", MODULES)
def test_keras_is_loaded_only_where_something_is_trained(module):
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
    assert module.rpartition(".")[2] not in ("utils", "helpers", "manager", "common", "misc")


@pytest.mark.parametrize("module", ["labkit", "labkit.course.cli"])
def test_importing_it_loads_neither_keras_nor_pandas(module):
    code = f"import sys, {module}; print(sorted({{'keras', 'pandas', 'rich'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_arrows_that_are_not_allowed_would_be_seen():
    """The parser sees imports in functions too, and skips annotations."""
    code = """
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from labkit.training import train
from labkit import choices
def f():
    from labkit.ledger.claims import Claim
    import labkit.show.tables
    from labkit.records.store import read
"""
    asked = asked_of_labkit(executed(ast.parse(code)))
    assert asked == {"choices", "ledger.claims.Claim", "show.tables", "records.store.read"}
    assert set(upward("records.run", asked)) == {"ledger.claims.Claim", "show.tables"}
    assert set(past_the_door("course.cli", asked)) == {"ledger.claims.Claim", "records.store.read"}
