"""The command lines that errors and pages propose."""

import pytest

from labkit import commands, folders


@pytest.mark.usefixtures("course")
def test_knows_the_notebook_of_an_experiment():
    assert commands.notebook_of("99/made-up") == "notebooks/99_made_up.py"
    assert commands.notebook_of("tp4/01/linear") == "notebooks/tp4/01_boston.py"
    assert commands.notebook_of("98/none") == "notebooks/98_*.py"


def test_names_a_notebook_also_outside_a_checkout(monkeypatch):
    monkeypatch.setattr(folders, "checkout", lambda: None)
    assert commands.notebook_of("99/made-up") == "notebooks/99_*.py"


@pytest.mark.usefixtures("course")
def test_a_point_of_a_sweep_is_recorded_from_its_notebook():
    assert commands.record_command("99/batch@rate=1/2", "lab", "0") == (
        "labkit record notebooks/99_made_up.py --budget lab --seeds 0 --only '99/batch@rate=1/2'"
    )


@pytest.mark.parametrize(
    ("notebook", "practical"),
    [
        ("notebooks/01_mnist_dense.py", "01"),
        ("notebooks/tp4/03_imdb.ipynb", "tp4/03"),
        ("elsewhere/01_mnist_dense.ipynb", "01"),
    ],
)
def test_a_notebook_s_experiments_begin_with_its_practical(tmp_path, notebook, practical):
    assert commands.practical_of(tmp_path / notebook) == practical
