import jupytext
import nbformat
import pytest

from labkit.course import handout
from labkit.errors import CacheWriteError, NotebookError

HEADER = """\
# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: tags,mystnb,-all
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---
"""
TEXT = """
# %% [markdown]
# # 99 · Tiny
# Read [the first](00_start_here.ipynb#depth), [a word](../book/glossary.md), [a page](https://a.org/b)
# and [below](#below).

# %% tags=["remove-cell"]
# %pip install -q "git+https://a.org/labkit@main"

# %% tags=["hide-input"]
print("run")

# %% [markdown]
# ### Exercise 1: double

# %% tags=["exercise"]
def double(number):
    return ...

# %% tags=["check"]
assert double(2) == 4

# %% tags=["solution", "hide-cell"]
def double(number):
    return 2 * number

# %% [markdown]
# ### Exercise 2: triple

# %% tags=["exercise"]
triple = ...

# %% tags=["check"]
assert triple == 3

# %% tags=["solution", "hide-cell"]
triple = 3
"""


@pytest.fixture
def practical(tmp_path, monkeypatch):
    """The .py of a practical, with an .ipynb beside it that was run."""
    monkeypatch.chdir(tmp_path)
    return written(tmp_path / "notebooks" / "99_tiny.py")


def written(path, text=TEXT):
    path.parent.mkdir(exist_ok=True)
    path.write_text(HEADER + text, encoding="utf-8")
    notebook = jupytext.read(path)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    code[1].outputs = [nbformat.v4.new_output("stream", text="run\n")]
    code[1].execution_count = 7
    nbformat.write(notebook, path.with_suffix(".ipynb"))
    return path


@pytest.fixture
def copies(practical, tmp_path):
    return [read(path) for path in handout.hand_out([practical], tmp_path / "out")]


def read(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def tagged(notebook, tag):
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def test_a_copy_for_students_and_a_key_are_written(practical, tmp_path):
    files = handout.hand_out([practical], tmp_path / "a" / "class")
    assert [path.relative_to(tmp_path).as_posix() for path in files] == [
        "a/class/student/99_tiny.ipynb",
        "a/class/key/99_tiny.ipynb",
    ]


def test_the_students_copy_has_every_cell_but_the_solutions(practical, copies):
    sources = [cell.source for cell in copies[0].cells]
    written = jupytext.read(practical)
    there = [cell.source for cell in written.cells if cell not in tagged(written, "solution")]
    assert sources[1:] == there[1:]  # the first has links
    assert len(written.cells) - len(sources) == 2


def test_the_key_has_each_solution_in_its_stub_s_cell_where_nbgrader_takes_it_out(copies):
    first, second = tagged(copies[1], "exercise")
    assert first.source == (
        "def double(number):\n    return ...\n"
        "### BEGIN SOLUTION\ndef double(number):\n    return 2 * number\n### END SOLUTION"
    )
    assert second.source == "triple = ...\n### BEGIN SOLUTION\ntriple = 3\n### END SOLUTION"
    assert tagged(copies[1], "solution") == []


def test_nothing_was_run_in_a_copy(copies):
    for notebook in copies:
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        assert [(cell.outputs, cell.execution_count) for cell in code] == [([], None)] * len(code)


def test_nbgrader_finds_an_answer_and_a_test_of_one_point_in_each_exercise(copies):
    for notebook in copies:
        answers = [cell.metadata.nbgrader for cell in tagged(notebook, "exercise")]
        tests = [cell.metadata.nbgrader for cell in tagged(notebook, "check")]
        both = {"schema_version": 3, "task": False}
        answer = {"grade": False, "locked": False, "solution": True} | both
        test = {"grade": True, "locked": True, "solution": False, "points": 1} | both
        assert answers == [{**answer, "grade_id": f"exercise-{number}"} for number in (1, 2)]
        assert tests == [{**test, "grade_id": f"check-{number}"} for number in (1, 2)]
        assert sum("nbgrader" in cell.metadata for cell in notebook.cells) == 4


def test_a_copy_is_paired_with_no_py_and_runs_in_any_python_3(copies):
    for notebook in copies:
        assert notebook.metadata.kernelspec.name == "python3"
        assert set(notebook.metadata) == {"kernelspec", "language_info"}


def test_what_the_site_folds_is_folded(copies):
    (cell,) = tagged(copies[0], "hide-input")
    assert cell.metadata["jupyter"] == {"source_hidden": True}


def test_the_cell_that_installs_labkit_stays(copies):
    assert [cell.source for cell in tagged(copies[0], "remove-cell")] == [
        '%pip install -q "git+https://a.org/labkit@main"'
    ]


def test_links_lead_to_the_published_course(copies):
    published = "https://github.com/deep-learning-practicals/deep-learning-practicals/blob/main"
    assert copies[0].cells[0].source == (
        f"# 99 · Tiny\nRead [the first]({published}/notebooks/00_start_here.ipynb#depth), [a word]"
        f"({published}/book/glossary.md), [a page](https://a.org/b)\nand [below](#below)."
    )


def test_links_from_a_folder_of_practicals_do_too(practical, tmp_path):
    text = TEXT.replace("../book", "../../book")
    nested = written(tmp_path / "notebooks" / "tp4" / "98_nested.py", text)
    student, _ = handout.hand_out([nested], tmp_path / "out")
    source = read(student).cells[0].source
    assert "blob/main/notebooks/tp4/00_start_here.ipynb#depth)" in source
    assert "blob/main/book/glossary.md)" in source


def test_links_among_what_is_handed_out_together_stay(practical, tmp_path):
    first = written(practical.with_name("00_start_here.py"))
    files = handout.hand_out([practical, first], tmp_path / "out")
    assert [path.name for path in files] == ["99_tiny.ipynb"] * 2 + ["00_start_here.ipynb"] * 2
    assert "](00_start_here.ipynb#depth)" in read(files[0]).cells[0].source


def test_either_file_of_a_pair_gives_the_same_copies(practical, tmp_path):
    pairs = [
        handout.hand_out([practical.with_suffix(suffix)], tmp_path / suffix[1:])
        for suffix in (".py", ".ipynb")
    ]
    for one, other in zip(*pairs, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_the_practical_itself_stays_as_it_is(practical, tmp_path):
    pair = [practical, practical.with_suffix(".ipynb")]
    before = [path.read_bytes() for path in pair]
    handout.hand_out([practical.with_suffix(".ipynb")], tmp_path / "out")
    assert [path.read_bytes() for path in pair] == before


# --- what is refused ----------------------------------------------------------------------


def refusal(notebooks, folder, kind=NotebookError):
    """Return the message; nothing of the folder was written."""
    before = sorted(folder.rglob("*"))
    with pytest.raises(kind) as refused:
        handout.hand_out(notebooks, folder)
    assert sorted(folder.rglob("*")) == before
    return str(refused.value)


def test_a_notebook_that_is_not_there_is_found_before_anything_is_written(practical, tmp_path):
    assert refusal([practical, tmp_path / "no.py"], tmp_path / "out") == (
        f"{tmp_path / 'no.py'}: expected a notebook, .ipynb or the .py beside it; received No such "
        "file or directory. The practicals are in notebooks/, e.g. notebooks/01_mnist_dense.ipynb."
    )


def test_a_notebook_without_exercises_is_no_practical(practical, tmp_path):
    other = written(tmp_path / "notebooks" / "98_other.py", "\n# %%\n1\n\n# %%\n2\n")
    assert refusal([practical, other], tmp_path / "out") == (
        f"{other}: expected a practical, whose exercises are cells with the tags exercise, check, "
        "solution; received no such cell. "
        "The practicals are in notebooks/, e.g. notebooks/01_mnist_dense.ipynb."
    )


@pytest.mark.parametrize(
    ("written_so", "changed", "number", "received"),
    [
        ('"check"]\nassert triple', '"other"]\nassert triple', 2, "exercise, solution"),
        ('tags=["exercise"]\ndef', 'tags=["check"]\ndef', 1, "check, check, solution"),
        ("# %% [markdown]\n# ### Exercise 2", '# %% tags=["solution"]\n1\n\n# %%', 2,
         "solution, exercise, check"),
        ('# %% tags=["check"]\nassert double', '# %%\n1\n\n# %% tags=["check"]\nassert double', 1,
         "exercise, check, solution"),
    ],
)  # fmt: skip
def test_cells_out_of_order_are_refused(practical, tmp_path, written_so, changed, number, received):
    assert written_so in TEXT
    written(practical, TEXT.replace(written_so, changed))
    assert refusal([practical], tmp_path / "out") == (
        f"{practical}: expected exercise {number} to be three cells in a row, with the tags "
        f"exercise, check, solution; received {received}, or cells between them. "
        "Put its cells in this order, and tag each."
    )


def test_a_pair_whose_files_are_both_named_is_refused(practical, tmp_path):
    assert refusal([practical, practical.with_suffix(".ipynb")], tmp_path / "out") == (
        "99_tiny.ipynb: expected each notebook once; received it 2 times. "
        "Of a pair, name the .ipynb or the .py."
    )


@pytest.mark.parametrize("there", ["student", "key"])
def test_a_copy_that_is_there_already_is_not_written_over(practical, tmp_path, there):
    edited = tmp_path / "out" / there / "99_tiny.ipynb"
    edited.parent.mkdir(parents=True)
    edited.write_text("a student's work")
    assert refusal([practical], tmp_path / "out") == (
        f"{edited}: expected no copy there yet; received one. "
        "Name another folder with -o, or replace what is there with --force."
    )
    assert edited.read_text() == "a student's work"


def test_a_copy_is_replaced_where_somebody_says_so(practical, tmp_path):
    first = handout.hand_out([practical], tmp_path / "out")
    first[0].write_text("an old copy")
    assert handout.hand_out([practical], tmp_path / "out", overwrite=True) == first
    assert read(first[0]).cells


def test_a_folder_that_cannot_be_written_is_found_first(practical, tmp_path):
    (tmp_path / "file").touch()
    assert refusal([practical], tmp_path / "file", CacheWriteError) == (
        f"{tmp_path / 'file' / 'student'}: expected a folder with room that can be written; "
        "received Not a directory. Name another folder with -o."
    )
