"""What a practical defines, without what it trains: its networks, for tests to build."""

import ast
from pathlib import Path

import jupytext

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"


def definitions(name):
    """Return a practical's functions, imports and constants as a namespace."""
    namespace = {"__name__": name}
    for cell in code_cells(name):
        if "remove-cell" in cell.metadata.get("tags", []):
            continue  # it installs labkit where it is missing
        tree = ast.parse(cell.source)
        tree.body = [node for node in tree.body if _defines(node)]
        exec(compile(tree, name, "exec"), namespace)
    return namespace


def failing_cells(name):
    """Return the sources of the cells that fail on purpose, in their order."""
    tagged = [
        cell for cell in code_cells(name) if "raises-exception" in cell.metadata.get("tags", [])
    ]
    return [cell.source for cell in tagged]


def code_cells(name):
    notebook = jupytext.read(NOTEBOOKS / f"{name}.py")
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _defines(node):
    """Say whether a statement only gives something a name."""
    if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef):
        return True
    if not isinstance(node, ast.Assign):
        return False
    is_constant = all(isinstance(one, ast.Name) and one.id.isupper() for one in node.targets)
    return is_constant or isinstance(node.value, ast.Attribute)
