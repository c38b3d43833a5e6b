"""What is handed out of the practicals: the students' copies run, and the keys pass every check."""

import re

import nbformat
import practicals
import pytest
from nbconvert.preprocessors import ClearOutputPreprocessor, TagRemovePreprocessor
from test_exercises_of_practicals import ANSWERED, NAMES, NOT_ANSWERED

from labkit.course import executing, handout

RUN = "00_start_here"  # the shortest; the others' cells run in test_exercises_of_practicals.py
SOLUTION = re.compile(rf"\n{handout.BEGIN}\n(.*)\n{handout.END}", re.S)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    handout.hand_out([practicals.NOTEBOOKS / f"{name}.py" for name in NAMES], folder)
    return folder


def read(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def tagged(notebook, tag):
    return [cell for cell in notebook.cells if tag in practicals.tags(cell)]


def code(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("name", NAMES)
def test_the_students_copy_holds_no_solution_and_no_output(folder, name):
    text = (folder / "student" / f"{name}.ipynb").read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    assert handout.BEGIN not in text and not tagged(notebook, "solution")
    assert not any(cell.outputs for cell in notebook.cells if cell.cell_type == "code")


@pytest.mark.parametrize("name", NAMES)
def test_the_key_without_its_solutions_is_the_students_copy(folder, name):
    key = read(folder / "key" / f"{name}.ipynb")
    solutions = [SOLUTION.search(cell.source)[1] for cell in tagged(key, "exercise")]
    assert solutions == [one.solution.source for one in practicals.exercises(name)]
    for cell in tagged(key, "exercise"):
        cell.source = SOLUTION.sub("", cell.source)
    assert key == read(folder / "student" / f"{name}.ipynb")


@pytest.mark.parametrize("name", NAMES)
def test_nbconvert_makes_the_students_copy_too(folder, name):
    notebook = read(practicals.NOTEBOOKS / f"{name}.ipynb")
    for step in (TagRemovePreprocessor(remove_cell_tags={"solution"}), ClearOutputPreprocessor()):
        notebook, _ = step.preprocess(notebook, {})
    handed_out = read(folder / "student" / f"{name}.ipynb")
    assert code(notebook) == code(handed_out)
    assert len(notebook.cells) == len(handed_out.cells)


@pytest.mark.parametrize("name", NAMES)
def test_no_link_leads_to_a_file_that_is_not_handed_out(folder, name):
    markdown = prose(read(folder / "student" / f"{name}.ipynb"))
    files = re.findall(r"\]\((?!\w+:|#)([^)#]+)", markdown)
    assert {f"{one}.ipynb" for one in NAMES} >= set(files)


def prose(notebook):
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


@pytest.mark.parametrize(("copy", "said"), [("student", NOT_ANSWERED), ("key", f"{ANSWERED}\n")])
def test_a_copy_runs_and_its_checks_say_how_each_exercise_stands(
    folder, copy, said, tmp_path, monkeypatch
):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    ran = executing.run_notebook(
        folder / copy / f"{RUN}.ipynb", output=tmp_path / "ran.ipynb", progress=False
    )
    printed = ["".join(one.text for one in cell.outputs) for cell in tagged(read(ran), "check")]
    assert printed == [said] * len(practicals.exercises(RUN))
