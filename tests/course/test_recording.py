import os
import sys

import jupytext
import nbformat
import pytest

from labkit import choices
from labkit.course import recording
from labkit.errors import NotebookError, ParameterError


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """A notebook that writes its parameters and its environment into files."""
    monkeypatch.chdir(tmp_path)
    cells = [
        nbformat.v4.new_code_cell(
            "BUDGET = None\nSEED = None\nMODE = None\nSOURCE = None",
            metadata={"tags": ["parameters"]},
        ),
        nbformat.v4.new_code_cell(
            "import os, pathlib\n"
            "seen = [BUDGET, SEED, MODE, SOURCE]\n"
            "seen += map(os.environ.get, ['LABKIT_RECORD_ONLY', 'LABKIT_SEED'])\n"
            "pathlib.Path(f'seen-{SEED}').write_text(repr(seen))\n"
            "assert SEED != 13, 'an unlucky seed'"
        ),
    ]
    written = nbformat.v4.new_notebook(cells=cells)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    written.metadata["kernelspec"] = kernel
    path = tmp_path / "01_tiny.ipynb"
    nbformat.write(written, path)
    jupytext.write(written, path.with_suffix(".py"), fmt="py:percent")
    return path


def test_runs_a_copy_and_leaves_the_notebook_alone(notebook, tmp_path):
    before = notebook.read_bytes()
    copy = recording.run_notebook(notebook, {"SEED": 3}, progress=False)
    assert copy.read_bytes() != before
    assert notebook.read_bytes() == before
    assert (tmp_path / "seen-3").read_text() == "[None, 3, None, None, None, None]"


def test_the_py_of_a_pair_is_what_runs_even_where_the_notebook_lags_behind(notebook, tmp_path):
    source = notebook.with_suffix(".py")
    source.write_text(source.read_text().replace("f'seen-{SEED}'", "f'seen-anew-{SEED}'"))
    recording.run_notebook(source, {"SEED": 4}, progress=False)
    assert (tmp_path / "seen-anew-4").is_file()


def test_an_unknown_parameter_names_the_nearest(notebook):
    with pytest.raises(ParameterError) as problem:
        recording.run_notebook(notebook, {"BUGDET": "smoke"}, progress=False)
    assert str(problem.value) == (
        "parameter of 01_tiny.ipynb: expected a name from its parameters cell; received "
        "'BUGDET'. Did you mean 'BUDGET'? Allowed: BUDGET, SEED, MODE, SOURCE."
    )


def test_a_failing_cell_says_where_to_look(notebook):
    with pytest.raises(NotebookError) as problem:
        recording.run_notebook(notebook, {"SEED": 13}, progress=False)
    assert "AssertionError" in str(problem.value)
    assert "an unlucky seed" in str(problem.value)
    assert "_build/executed/01_tiny.ipynb" in str(problem.value)


def test_a_failure_that_is_announced_is_part_of_the_lesson(notebook, tmp_path):
    lesson = nbformat.read(notebook, as_version=4)
    lesson.cells.insert(
        1, nbformat.v4.new_code_cell("1 / 0", metadata={"tags": ["raises-exception"]})
    )
    nbformat.write(lesson, notebook)
    copy = recording.run_notebook(notebook, {"SEED": 5}, progress=False)
    assert (tmp_path / "seen-5").is_file(), "the cells after it ran"
    assert len(nbformat.read(copy, as_version=4).cells) == len(lesson.cells) + 1  # the parameters
    with pytest.raises(NotebookError, match="AssertionError in cell"):
        recording.run_notebook(notebook, {"SEED": 13}, progress=False)


def test_without_papermill_it_says_what_to_install(notebook, monkeypatch):
    monkeypatch.setitem(sys.modules, "papermill", None)
    with pytest.raises(NotebookError, match=r'Install it: pip install "labkit\[run\]"'):
        recording.run_notebook(notebook)


def test_no_such_notebook(tmp_path):
    with pytest.raises(NotebookError, match="received no such notebook"):
        recording.run_notebook(tmp_path / "none.ipynb")


def test_something_that_is_no_notebook(tmp_path):
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(NotebookError, match="received a file that is none"):
        recording.run_notebook(tmp_path / "notes.txt")


def test_recording_runs_once_a_seed_with_everything_set(notebook, tmp_path):
    recording.record_notebook(
        notebook, budget="lab", seeds=[0, 7], only="01/dense-*", store=tmp_path, progress=False
    )
    for seed in (0, 7):
        seen = (tmp_path / f"seen-{seed}").read_text()
        assert seen == repr(["lab", seed, "train", "real", "01/dense-*", str(seed)])
    assert choices.recording() is None, "the environment is as it was"
    assert "LABKIT_RECORD" not in os.environ


def test_a_notebook_that_forgets_its_seed_still_draws_by_the_one_recorded(notebook, tmp_path):
    forgetful = notebook.with_suffix(".py")
    with forgetful.open("a") as text:
        text.write(
            "\n# %%\nfrom labkit import data\n"
            "pathlib.Path(f'drawn-{data.load(\"xor\").seed}').touch()\n"
        )
    recording.record_notebook(
        forgetful, budget="lab", seeds=[4, 5], store=tmp_path / "store", progress=False
    )
    assert sorted(path.name for path in tmp_path.glob("drawn-*")) == ["drawn-4", "drawn-5"]


def test_what_was_recorded_before_a_failure_stays(notebook, tmp_path):
    with pytest.raises(NotebookError):
        recording.record_notebook(notebook, budget="lab", seeds=[1, 13, 2], progress=False)
    assert (tmp_path / "seen-1").is_file()
    assert not (tmp_path / "seen-2").exists()


def test_smoke_runs_are_never_recorded(notebook):
    with pytest.raises(ParameterError, match="expected one of full, lab; received 'smoke'"):
        recording.record_notebook(notebook, budget="smoke", seeds=[0])


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("0-2", [0, 1, 2]), ("0,3,7", [0, 3, 7]), ("5", [5]), ("0-1,1-2", [0, 1, 2])],
)
def test_reads_seeds(text, seeds):
    assert recording.seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "a", "3-1", "-2", "1;2", "1-"])
def test_refuses_what_are_no_seeds(text):
    with pytest.raises(
        ParameterError, match="expected whole numbers and ranges, like 0-4 or 0,3,7"
    ):
        recording.seeds(text)
