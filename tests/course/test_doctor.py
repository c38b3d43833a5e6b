import dataclasses
import sys
from pathlib import Path

import pytest
from rich.console import Console

from labkit.course import doctor
from labkit.course.doctor import Finding
from labkit.data import sources
from labkit.errors import DataFileError

STARTED = {"keras": "3.15.1", "backend": "tensorflow", "gpus": 0, "computes": True}


@pytest.fixture
def started(monkeypatch):
    """A Keras that starts, without starting it."""
    monkeypatch.setattr(doctor, "_probe", lambda: STARTED)


def without(monkeypatch, *packages):
    known = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: None if name in packages else known(name))


def findings():
    return {one.subject: one for one in doctor.examine()}


def printed(some):
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    console.print(doctor.table(some))
    return console.export_text()


def test_every_line_of_this_machine_is_ok_or_optional(started, tmp_path, monkeypatch):
    store = tmp_path / "01"
    store.mkdir()
    (store / "dense-2.json").write_text("{}")
    monkeypatch.setenv("LABKIT_STORE", str(tmp_path))
    found = findings()
    assert doctor.healthy(list(found.values()))
    assert {"Python", "Keras", "TensorFlow", "GPU", "CPU cores", "Disk"} <= set(found)
    assert set(sources.NAMES) | {"Records", "Notebook kernel", "papermill"} <= set(found)
    assert found["Records"].found == f"1 experiments in {tmp_path}"
    assert found["GPU"] == Finding("GPU", "none; a CPU is enough", needed=False)


def test_without_keras_it_says_how_to_install_it(monkeypatch):
    without(monkeypatch, "keras")
    monkeypatch.setattr(doctor, "_probe", lambda: pytest.fail("there is nothing to start"))
    keras = findings()["Keras"]
    assert (keras.found, keras.needed) == ("not installed", True)
    assert keras.remedy == f'"{sys.executable}" -m pip install keras tensorflow'


def test_a_keras_that_does_not_start_is_quoted(monkeypatch):
    problem = "ModuleNotFoundError: No module named 'tensorflow'"
    monkeypatch.setattr(doctor, "_probe", lambda: {"problem": problem})
    keras = findings()["Keras"]
    assert keras.found.endswith(f"does not start: {problem}")
    assert keras.remedy == (
        f'"{sys.executable}" -m pip install keras tensorflow Or set KERAS_BACKEND to a backend '
        "that is installed: tensorflow, jax or torch."
    )


@pytest.mark.parametrize(
    ("program", "report"),
    [
        ("import sys; sys.exit('first\\nlast line')", {"problem": "last line"}),
        ("import os; os.kill(os.getpid(), 9)", {"problem": "exit code -9"}),
        ("print('noise'); print('{\"keras\": \"3\"}')", {"keras": "3"}),
    ],
)
def test_a_backend_that_crashes_does_not_end_the_doctor(monkeypatch, program, report):
    monkeypatch.setattr(doctor, "_PROBE", program)
    assert doctor._probe() == report


def test_a_backend_that_hangs_does_not_hang_the_doctor(monkeypatch):
    monkeypatch.setattr(doctor, "_PROBE", "import signal; signal.pause()")
    monkeypatch.setattr(doctor, "PROBE_SECONDS", 0.2)
    assert doctor._probe() == {"problem": "no answer within 0.2 seconds"}


def test_a_backend_that_computes_wrongly_is_not_ok(monkeypatch):
    monkeypatch.setattr(doctor, "_probe", lambda: STARTED | {"computes": False})
    keras = findings()["Keras"]
    assert keras.found == "3.15.1 on tensorflow, computes wrongly"
    assert keras.remedy.endswith("-m pip install --force-reinstall tensorflow")


def test_another_backend_does_without_tensorflow(monkeypatch):
    without(monkeypatch, "tensorflow")
    monkeypatch.setattr(doctor, "_probe", lambda: STARTED | {"backend": "jax", "gpus": 1})
    found = findings()
    assert found["TensorFlow"].found == "not installed; Keras runs on jax"
    assert found["TensorFlow"].ok
    assert found["GPU"].found == "1"


@pytest.mark.parametrize(("version", "fits"), [((3, 10), False), ((3, 11), True), ((3, 14), False)])
def test_an_unsupported_python_is_named(monkeypatch, version, fits):
    monkeypatch.setattr(sys, "version_info", version)
    found = doctor._python()
    assert found.remedy == ("" if fits else "Install Python 3.11 to 3.13, then labkit in it.")


def test_a_full_disk_is_not_the_end_but_said(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor.folders, "cache_folder", lambda: tmp_path / "not" / "there")
    monkeypatch.setattr(doctor, "FREE_BYTES", 10**18)
    disk = doctor._disk()
    assert disk.found.endswith(f"free for {tmp_path / 'not' / 'there'}")
    assert disk.remedy.endswith("there, or set XDG_CACHE_HOME to a larger disk.")
    assert not disk.needed


@pytest.mark.parametrize(
    ("source", "path", "line"),
    [
        ("mirror", "m/mnist.npz", Finding("mnist", f"mirror, {Path('m/mnist.npz')} (11.5 MB)")),
        ("package", "p/mnist", Finding("mnist", "whole, travels with labkit (11.5 MB)")),
        (
            "sample",
            "s/mnist",
            Finding(
                "mnist",
                "an excerpt, travels with labkit (11.5 MB)",
                "labkit data fetch mnist",
                needed=False,
            ),
        ),
        (
            "download",
            None,
            Finding("mnist", "not on this machine", "labkit data fetch mnist", needed=False),
        ),
    ],
)
def test_a_dataset_is_said_to_be_where_it_is(monkeypatch, source, path, line):
    status = sources.Status("mnist", source, Path(path) if path else None, 11_490_434)
    monkeypatch.setattr(sources, "status", lambda name: status)
    assert doctor._dataset("mnist") == line


def test_an_unreadable_dataset_keeps_its_own_remedy(monkeypatch):
    error = DataFileError("mnist.npz", expected="a file", received="rubbish", remedy="Delete it.")

    def status(name):
        raise error

    monkeypatch.setattr(sources, "status", status)
    assert doctor._dataset("mnist") == Finding("mnist", "cannot be read", str(error))


def test_without_records_it_says_what_replay_needs(monkeypatch, tmp_path):
    monkeypatch.setenv("LABKIT_STORE", str(tmp_path))
    records = doctor._records()
    assert records.found == f"0 experiments in {tmp_path}"
    assert records.remedy == (
        "Set LABKIT_STORE to a folder of records, or install labkit again: replay needs them."
    )


def test_a_kernel_of_another_python_is_found_out(monkeypatch):
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

    other = str(Path("/elsewhere/bin/python").absolute())
    monkeypatch.setattr(
        KernelSpecManager, "get_kernel_spec", lambda self, name: KernelSpec(argv=[other])
    )
    kernel = doctor._kernel()
    assert kernel.found == f"python3 starts another Python, {other}"
    assert kernel.remedy == (
        f'"{sys.executable}" -m ipykernel install --sys-prefix: notebooks then run in this Python'
    )


def test_without_papermill_it_says_how_to_install_it(monkeypatch):
    without(monkeypatch, "papermill")
    papermill = doctor._package("papermill", "it runs notebooks")
    assert papermill.found == "not installed; it runs notebooks"
    assert papermill.remedy == f'"{sys.executable}" -m pip install papermill'


def test_the_report_says_ok_to_do_or_optional():
    good, wrong = Finding("Python", "3.12"), Finding("Keras", "not installed", "pip install keras")
    maybe = dataclasses.replace(wrong, subject="mnist", needed=False)
    text = printed([good, wrong, maybe])
    lines = [line.split() for line in text.splitlines()]
    assert ["Python", "OK", "3.12"] in lines
    assert ["Keras", "to", "do", "not", "installed"] in lines
    assert ["mnist", "optional", "not", "installed"] in lines
    assert ["→", "pip", "install", "keras"] in lines
    assert doctor.healthy([good, maybe])
    assert not doctor.healthy([good, wrong])


def test_paths_with_brackets_are_shown_as_they_are():
    assert "[bold]x" in printed([Finding("Python", "[bold]x")])


@pytest.mark.parametrize(
    ("variable", "value", "remedy"),
    [
        ("LABKIT_BUDGET", "ful", "Did you mean 'full'? Allowed: smoke, lab, full."),
        ("LABKIT_MODE", "rerun", "Allowed: train, replay, auto."),
        ("LABKIT_SOURCE", "web", "Allowed: auto, real, sample, local."),
        ("LABKIT_PRECISION", "float64", "Did you mean 'float32'? Allowed: auto, float32."),
        ("LABKIT_SEED", "-1", "Seeds 0, 1, 2 … are the ones recorded runs use."),
    ],
)
def test_a_wrong_choice_in_the_environment_is_found(monkeypatch, variable, value, remedy):
    monkeypatch.setenv(variable, value)
    assert list(doctor._environment()) == [
        Finding(variable, repr(value), f"Unset it, or correct it. {remedy}")
    ]


@pytest.mark.usefixtures("isolated")
def test_an_environment_without_choices_has_nothing_to_say():
    assert list(doctor._environment()) == []


FOLDER_REMEDY = "Unset it, or correct it. Name a folder that is there."


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (__file__, f"{__file__!r}, which is a file"),
        ("/none/there", "'/none/there', which is not there"),
        ("~nobody-here/x", "'~nobody-here/x', the home of an unknown user"),
    ],
)
def test_a_mirror_that_is_no_folder_is_found(monkeypatch, value, found):
    monkeypatch.setenv("LABKIT_DATA", value)
    assert list(doctor._datasets()) == [Finding("LABKIT_DATA", found, FOLDER_REMEDY)]


def test_a_store_that_is_no_folder_is_found(monkeypatch):
    monkeypatch.setenv("LABKIT_STORE", __file__)
    found = Finding("LABKIT_STORE", f"{__file__!r}, which is a file", FOLDER_REMEDY)
    assert doctor._records() == found


def test_without_the_bare_command_it_says_what_to_write_instead(monkeypatch):
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    command = doctor._command()
    assert (command.found, command.needed) == ("not on the PATH", False)
    assert command.remedy == (
        f'Write "{sys.executable}" -m labkit wherever labkit is said, or activate its environment.'
    )
    monkeypatch.setattr(doctor.shutil, "which", lambda name: "/bin/labkit")
    assert doctor._command() == Finding("labkit", "/bin/labkit", needed=False)
