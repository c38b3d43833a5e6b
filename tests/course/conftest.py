"""A notebook that a test can run."""

import jupytext
import nbformat
import pytest

CELL = """
import os, pathlib
seen = [BUDGET, SEED, MODE, SOURCE]
seen += map(os.environ.get, ['LABKIT_RECORD_ONLY', 'LABKIT_SEED'])
pathlib.Path(f'seen-{SEED}').write_text(repr(seen))
assert SEED != 13, 'an unlucky seed.'
"""


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """A notebook that writes its parameters and its environment into files."""
    monkeypatch.chdir(tmp_path)
    cells = [
        nbformat.v4.new_code_cell(
            "BUDGET = None\nSEED = None\nMODE = None\nSOURCE = None",
            metadata={"tags": ["parameters"]},
        ),
        nbformat.v4.new_code_cell(CELL.strip()),
    ]
    written = nbformat.v4.new_notebook(cells=cells)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    written.metadata["kernelspec"] = kernel
    path = tmp_path / "01_tiny.ipynb"
    nbformat.write(written, path)
    jupytext.write(written, path.with_suffix(".py"), fmt="py:percent")
    return path


@pytest.fixture
def another_cell(notebook):
    """Add a cell of code to the notebook's .py, and return that file."""

    def add(code):
        source = notebook.with_suffix(".py")
        with source.open("a") as text:
            text.write(f"\n# %%\n{code}\n")
        return source

    return add
