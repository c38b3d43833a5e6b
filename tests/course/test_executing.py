import builtins
import errno
import json
import os
import sys
from pathlib import Path

import nbformat
import pytest

from labkit.course.executing import run_notebook
from labkit.errors import CacheWriteError, NotebookError, ParameterError

REMEDY = "The practicals are in notebooks/, e.g. notebooks/01_mnist_dense.ipynb."


def refused(kind, notebook, parameters=None, **options):
    """Return the message of the error with which a notebook is not run."""
    with pytest.raises(kind) as problem:
        run_notebook(notebook, parameters, progress=False, **options)
    assert "\n" not in str(problem.value)
    return str(problem.value)


def test_runs_a_copy_and_leaves_the_notebook_alone(notebook, tmp_path):
    before = notebook.read_bytes()
    copy = run_notebook(notebook, {"SEED": 3}, progress=False)
    assert copy.read_bytes() != before
    assert notebook.read_bytes() == before
    assert (tmp_path / "seen-3").read_text() == "[None, 3, None, None, None, None]"


def test_the_py_of_a_pair_is_what_runs_even_where_the_notebook_lags_behind(notebook, tmp_path):
    source = notebook.with_suffix(".py")
    source.write_text(source.read_text().replace("f'seen-{SEED}'", "f'seen-anew-{SEED}'"))
    run_notebook(source, {"SEED": 4}, progress=False)
    assert (tmp_path / "seen-anew-4").is_file()


def test_braces_in_a_folder_s_name_are_only_braces(notebook, tmp_path):
    (tmp_path / "{x}").mkdir()
    moved = notebook.rename(tmp_path / "{x}" / "01_{0}.ipynb")
    assert run_notebook(moved, {"SEED": 5}, progress=False).is_file()


def test_the_kernel_starts_without_a_word(notebook, capfd):
    run_notebook(notebook, {"SEED": 6}, progress=False)
    assert "IPKernelApp" not in capfd.readouterr().err


# Before it runs


def test_an_unknown_parameter_names_the_nearest(notebook):
    assert refused(ParameterError, notebook, {"BUGDET": "smoke"}) == (
        "parameter of 01_tiny.ipynb: expected a name from its parameters cell; received "
        "'BUGDET'. Did you mean 'BUDGET'? Allowed: BUDGET, SEED, MODE, SOURCE."
    )


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("BUDGET", "smok", "BUDGET: expected one of smoke, lab, full; received 'smok'."),
        ("MODE", 3, "MODE: expected one of train, replay, auto; received 3."),
        ("SOURCE", "web", "SOURCE: expected one of auto, real, sample, local; received 'web'."),
        ("SEED", -1, "SEED: expected a whole number from 0 to 2147483647; received -1."),
    ],
)
def test_a_wrong_choice_is_found_before_anything_runs(notebook, tmp_path, name, value, message):
    assert refused(ParameterError, notebook, {name: value}).startswith(message)
    assert not (tmp_path / "_build").exists()


@pytest.mark.parametrize(
    ("name", "value"), [("BUDGET", "smok"), ("SEED", "-1"), ("DATA", __file__), ("STORE", __file__)]
)
def test_so_is_one_in_the_environment(notebook, tmp_path, monkeypatch, name, value):
    monkeypatch.setenv(f"LABKIT_{name}", value)
    assert refused(ParameterError, notebook).startswith(f"LABKIT_{name}: expected ")
    assert not (tmp_path / "_build").exists()


@pytest.mark.parametrize(
    ("name", "content", "received"),
    [
        ("none.ipynb", None, "No such file or directory"),
        ("none.py", None, "No such file or directory"),
        ("notes.txt", b"", "a file that is none"),
        ("a.ipynb", b"{", "a damaged one: Notebook does not appear to be JSON: '{'"),
        ("a.ipynb", b"[]", "a damaged one: 'list' object has no attribute 'get'"),
        (
            "a.ipynb",
            b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}',
            "a damaged one: The notebook is invalid and is missing an expected key: cells",
        ),
        (
            "a.py",
            "# café".encode("latin1"),
            "a damaged one: 'utf-8' codec can't decode byte 0xe9 in position 5: unexpected end "
            "of data",
        ),
    ],
)
def test_what_is_no_notebook_is_refused_in_one_line(tmp_path, monkeypatch, name, content, received):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    assert refused(NotebookError, path) == (
        f"{path}: expected a notebook, .ipynb or the .py beside it; received {received}. {REMEDY}"
    )


@pytest.mark.parametrize(
    ("kernel", "received"),
    [
        (None, "None"),
        ({"name": "conda-of-somebody", "display_name": "x"}, "'conda-of-somebody'"),
        ({"name": "python3", "display_name": "no language"}, "'python3'"),
    ],
)
def test_a_notebook_without_a_kernel_of_this_machine_is_refused(notebook, kernel, received):
    written = nbformat.read(notebook, as_version=4)
    written.metadata = {} if kernel is None else {"kernelspec": kernel}
    nbformat.write(written, notebook)
    message = refused(NotebookError, notebook)
    assert message.startswith(
        f"{notebook}: expected a kernel of this machine for Python, named in its metadata: "
    )
    assert message.endswith(
        f"; received {received}. Choose a Python kernel for it in JupyterLab; pip install "
        "ipykernel brings one."
    )


def test_a_build_folder_that_cannot_be_written_is_found_before_anything_runs(notebook, tmp_path):
    (tmp_path / "_build").write_text("a file in the folder's place")
    assert refused(CacheWriteError, notebook, {"SEED": 3}) == (
        "_build/executed: expected a folder with room that can be written; received Not a "
        "directory. Free some space, or give the command in a folder that can be written."
    )
    assert not (tmp_path / "seen-3").exists()


@pytest.mark.parametrize("package", ["papermill", "jupytext"])
def test_without_a_package_it_says_what_to_install(notebook, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    message = refused(NotebookError, notebook.with_suffix(".py"))
    assert message.startswith(f"{package}: expected {package}, which executing this notebook needs")
    assert message.endswith(f"Install it: pip install {package}.")


# When something goes wrong


def test_a_failing_cell_says_where_to_look(notebook):
    assert refused(NotebookError, notebook, {"SEED": 13}) == (
        f"{notebook}: expected every cell to run; received AssertionError in cell 3: an unlucky "
        "seed. The executed copy shows where: _build/executed/01_tiny.ipynb."
    )


def test_a_message_of_several_lines_becomes_one(another_cell):
    source = another_cell("raise ValueError('full.\\n\\n  The rest of it.')")
    assert "received ValueError in cell 3: full. The rest of it. The exec" in refused(
        NotebookError, source
    )


def test_a_failure_that_is_announced_is_part_of_the_lesson(notebook, tmp_path):
    lesson = nbformat.read(notebook, as_version=4)
    lesson.cells.insert(
        1, nbformat.v4.new_code_cell("1 / 0", metadata={"tags": ["raises-exception"]})
    )
    nbformat.write(lesson, notebook)
    copy = run_notebook(notebook, {"SEED": 5}, progress=False)
    assert (tmp_path / "seen-5").is_file(), "the cells after it ran"
    assert len(nbformat.read(copy, as_version=4).cells) == len(lesson.cells) + 1  # the parameters
    assert "AssertionError in cell" in refused(NotebookError, notebook, {"SEED": 13})


def test_a_kernel_that_dies_says_why_and_how_to_go_on(another_cell):
    source = another_cell("import signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert refused(NotebookError, source) == (
        f"{source}: expected its kernel to live to the last cell; received Kernel died. Often "
        "there was too little memory, and the system ended it. Finished runs are kept, and an "
        "unfinished one goes on where it was: give the same command again. The executed copy "
        "shows how far it came: _build/executed/01_tiny.ipynb."
    )


@pytest.fixture
def broken_kernel(tmp_path, monkeypatch):
    """Put a kernel called python3 before this Python's own."""

    def of(*command):
        folder = tmp_path / "jupyter" / "kernels" / "python3"
        folder.mkdir(parents=True)
        spec = {"argv": [*command], "display_name": "Python 3", "language": "python"}
        (folder / "kernel.json").write_text(json.dumps(spec))
        monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))

    return of


def test_a_kernel_that_does_not_start_is_said(notebook, broken_kernel):
    broken_kernel("/nowhere/python", "{connection_file}")
    message = refused(NotebookError, notebook)
    assert message.startswith(
        f"{notebook}: expected a kernel that starts, and room for _build/executed/01_tiny.ipynb; "
        "received [Errno 2] No such file or directory: '/nowhere/python'. Free some space, or "
    )


def test_a_kernel_that_ends_at_once_is_said(notebook, broken_kernel):
    broken_kernel(sys.executable, "-c", "0", "{connection_file}")
    assert "received Kernel died before replying to kernel_info. " in refused(
        NotebookError, notebook
    )


def test_a_disk_that_fills_up_meanwhile_is_said(notebook, monkeypatch):
    opened = builtins.open

    def full(path, mode="r", **options):
        if mode == "w" and Path(path).name == notebook.name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return opened(path, mode, **options)

    monkeypatch.setattr(builtins, "open", full)
    assert refused(NotebookError, notebook) == (
        f"{notebook}: expected a kernel that starts, and room for _build/executed/01_tiny.ipynb; "
        "received [Errno 28] No space left on device. Free some space, or give the command in a "
        "folder that can be written. Finished runs are kept, and an unfinished one goes on where "
        "it was: give the same command again."
    )
