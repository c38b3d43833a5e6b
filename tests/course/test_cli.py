import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from made_up_runs import made_up_run

from labkit.course import cli, doctor, executing, handout, recording, sweeping
from labkit.course.doctor import Finding
from labkit.data import sources
from labkit.errors import DataFileError
from labkit.ledger import claims, ledger
from labkit.records import store
from labkit.sweeps import progress


def labkit(*arguments):
    return CliRunner().invoke(cli.main, list(arguments))


def test_help_names_every_command_and_loads_nothing():
    code = (
        "import sys; from labkit.course.cli import main; main(['--help'], standalone_mode=False);"
        "print(sorted({'keras', 'numpy', 'pandas', 'papermill'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    for command in ("data", "doctor", "handout", "ledger", "record", "run", "sweep"):
        assert f"\n  {command} " in done.stdout


def test_the_ledger_in_short_is_a_line_a_claim_and_a_sentence():
    lines = labkit("ledger", "--report", "R1").stdout.splitlines()
    books = ledger.read().of(report="R1")
    assert lines[-1] == books.sentence()
    assert [line.split()[-1] for line in lines[:-1]] == [one.claim.id for one in books.verdicts]


def test_a_claim_that_is_named_is_printed_with_its_evidence():
    printed = labkit("ledger", "r1-dense-2-accuracy").stdout
    assert printed.startswith("r1-dense-2-accuracy\n  R1 says ")
    for fact in (
        "Verdict               reproduced",
        "Runs                  full, 5 seeds",
        "--only",
    ):
        assert fact in printed


def test_the_findings_in_short_are_a_line_each_and_a_sentence():
    lines = labkit("ledger", "--findings").stdout.splitlines()
    own = ledger.findings()
    assert lines[-1] == own.sentence()
    assert [line.split()[-1] for line in lines[:-1]] == [one.claim.id for one in own.verdicts]


def test_a_finding_that_is_named_is_printed_with_each_of_its_comparisons():
    several = [one.id for one in claims.findings() if one.id.endswith(("/1", "/2"))][:2]
    name = several[0].partition("/")[0]
    printed = labkit("ledger", name).stdout
    for id in several:
        assert f"{id}\n  This course says " in printed
    assert labkit("ledger", several[1]).stdout.startswith(several[1])


def test_a_verdict_is_challenged_by_one_s_own_records(tmp_path):
    for seed in range(3):
        store.add(made_up_run(0.5, experiment="01/dense-2", seed=seed), tmp_path)
    printed = labkit("ledger", "r1-dense-2-accuracy", "--store", str(tmp_path)).stdout
    assert "Verdict               lower" in printed and "0.5000 ± 0.0000" in printed
    (tmp_path / "empty").mkdir()
    empty = labkit("ledger", "r1-dense-2-accuracy", "--store", str(tmp_path / "empty")).stdout
    assert "Verdict               not yet recorded" in empty


@pytest.mark.parametrize(
    ("option", "arguments"),
    [
        ("--store", ["ledger"]),
        ("--merge", ["record"]),
        ("--store", ["record", "--prune"]),
    ],
)
def test_a_folder_of_records_that_is_not_there_is_an_error(tmp_path, option, arguments):
    done = labkit(*arguments, option, str(tmp_path / "none"))
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        f"Error: {option}: expected a folder; received '{tmp_path / 'none'}', which is not there. "
        "Name a folder that is there.\n"
    )


@pytest.mark.parametrize("arguments", [["r1-nothing"], ["--report", "R9"]])
def test_a_claim_or_a_report_that_is_not_there_is_one_line_of_reason(arguments):
    done = labkit("ledger", *arguments)
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ") and "expected" in done.stderr


@pytest.mark.parametrize(("remedy", "code"), [("", 0), ("Install it.", 1)])
def test_doctor_s_exit_code_says_whether_all_is_well(monkeypatch, remedy, code):
    monkeypatch.setattr(doctor, "examine", lambda: iter([Finding("Keras", "3.15", remedy)]))
    done = labkit("doctor")
    assert done.exit_code == code
    assert "Keras" in done.stdout
    assert ("OK" if code == 0 else "→ Install it.") in done.stdout


def test_list_shows_every_dataset_and_where_it_is():
    lines = labkit("data", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(sources.NAMES)
    boston = next(line for line in lines if line.startswith("boston_housing "))
    assert boston.split()[1] == "package"


def test_fetch_writes_into_the_folder_and_prints_the_file(tmp_path):
    done = labkit("data", "fetch", "boston_housing", "--to", str(tmp_path))
    assert done.exit_code == 0
    assert done.stdout == f"{tmp_path / 'boston_housing.npz'}\n"
    assert f"boston_housing: writing {tmp_path}" in done.stderr
    assert (tmp_path / "boston_housing.npz").is_file()


@pytest.mark.parametrize(("asked", "served"), [(["imdb", "mnist"], ["imdb", "mnist"]), ([], None)])
def test_fetch_takes_the_named_datasets_or_all(monkeypatch, asked, served):
    seen = []
    monkeypatch.setattr(sources, "fetch", lambda name, **_: seen.append(name) or Path(name))
    assert labkit("data", "fetch", *asked).exit_code == 0
    assert seen == (served or list(sources.NAMES))


def test_verify_reads_the_files_again():
    done = labkit("data", "verify", "boston_housing", "pima_indians_diabetes")
    assert done.exit_code == 0
    assert [line.split(",")[0] for line in done.stdout.splitlines()] == [
        "boston_housing: OK",
        "pima_indians_diabetes: OK",
    ]


def test_verify_says_what_is_not_here(monkeypatch):
    absent = sources.Status("imdb", "download", None, 0)
    monkeypatch.setattr(sources, "verify", lambda name: absent)
    assert labkit("data", "verify", "imdb").stdout == "imdb: not on this machine\n"


def test_a_damaged_file_ends_in_one_line_and_exit_code_1(monkeypatch, tmp_path):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path))
    (tmp_path / "mnist.npz").write_bytes(b"PK\x03\x04 cut short")
    done = labkit("data", "verify", "mnist")
    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"Error: {tmp_path / 'mnist.npz'}: expected ")
    assert done.stderr.endswith("Delete it and run `labkit data fetch mnist`.\n")
    assert done.stderr.count("\n") == 1


def test_an_error_names_what_to_do_and_shows_no_traceback(monkeypatch):
    def fail(name, **_):
        raise DataFileError("x.npz", expected="a file", received="rubbish", remedy="Delete it.")

    monkeypatch.setattr(sources, "fetch", fail)
    done = labkit("data", "fetch", "mnist")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "Error: x.npz: expected a file; received rubbish. Delete it.\n"


def test_one_dataset_out_of_reach_does_not_keep_the_others_away(monkeypatch):
    def fetch(name, **_):
        if name in ("cifar10", "imdb"):
            raise DataFileError(name, expected="a file", received="rubbish", remedy="Delete it.")
        return Path(f"{name}.npz")

    monkeypatch.setattr(sources, "fetch", fetch)
    done = labkit("data", "fetch", "cifar10", "mnist", "imdb", "cifar100")
    assert (done.exit_code, done.stdout) == (1, "mnist.npz\ncifar100.npz\n")
    assert done.stderr == (
        "Error: cifar10: expected a file; received rubbish. Delete it.\n"
        "imdb: expected a file; received rubbish. Delete it.\n"
    )


def test_an_unknown_dataset_proposes_the_nearest():
    done = labkit("data", "fetch", "mnits")
    assert done.exit_code == 1
    assert "received 'mnits'. Did you mean 'mnist'?" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["data", "frobnicate"],
        ["data", "list", "--loud"],
        ["run"],
        ["run", "x.ipynb", "-p", "BUDGET"],
        ["handout", "-o", "folder"],
        ["handout", "x.ipynb"],
        ["record"],
        ["record", "x.ipynb", "--merge", "folder"],
    ],
)
def test_a_mistyped_command_exits_with_2_and_one_line_of_reason(arguments):
    done = labkit(*arguments)
    assert done.exit_code == 2
    assert done.stderr.splitlines()[-1].startswith("Error: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["run", "record"])
def test_ctrl_c_ends_in_one_line_and_the_exit_code_that_shells_know(monkeypatch, command):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(executing, "run_notebook", interrupted)
    monkeypatch.setattr(recording, "record_notebook", interrupted)
    done = labkit(command, "a.ipynb")
    assert (done.exit_code, done.stdout) == (130, "")
    assert done.stderr == (
        "Interrupted. Finished work is kept; the same command goes on from there.\n"
    )


def test_every_option_of_run_says_what_it_is():
    printed = " ".join(labkit("run", "--help").stdout.split())
    assert "-p NAME VALUE Set a parameter, like -p BUDGET smoke" in printed


def test_run_hands_parameters_on_with_their_types(monkeypatch):
    seen = {}

    def run_notebook(notebook, parameters, **options):
        seen.update(parameters, notebook=notebook)
        return Path("copy.ipynb")

    monkeypatch.setattr(executing, "run_notebook", run_notebook)
    done = labkit(
        "run", "a.ipynb", "-p", "BUDGET", "smoke", "-p", "SEED", "3", "-p", "MODE", "None"
    )
    assert done.stdout == "copy.ipynb\n"
    expected = {"BUDGET": "smoke", "SEED": 3, "MODE": None, "notebook": Path("a.ipynb")}
    assert seen == expected


@pytest.mark.parametrize(("force", "overwrite"), [([], False), (["--force"], True)])
def test_handout_prints_the_copies_of_all_that_is_named(monkeypatch, force, overwrite):
    def hand_out(notebooks, folder, **options):
        assert options == {"overwrite": overwrite}
        return [folder / path.name for path in notebooks]

    monkeypatch.setattr(handout, "hand_out", hand_out)
    done = labkit("handout", "a.ipynb", "b.ipynb", "-o", "class", *force)
    assert done.stdout == "class/a.ipynb\nclass/b.ipynb\n"


def test_what_is_not_handed_out_is_one_line_of_reason(tmp_path):
    done = labkit("handout", str(tmp_path / "no.py"), "-o", str(tmp_path))
    assert done.exit_code == 1
    assert done.stderr.startswith(f"Error: {tmp_path / 'no.py'}: expected a notebook")


def test_record_hands_on_what_to_record(monkeypatch, tmp_path):
    seen = {}
    monkeypatch.setattr(
        recording, "record_notebook", lambda notebook, **options: seen.update(options)
    )
    done = labkit(
        "record",
        "a.py",
        "--budget",
        "lab",
        "--seeds",
        "0-2",
        "--only",
        "01/*",
        "--store",
        str(tmp_path),
        "--scheduler",
        "tcp://host:8786",
    )
    assert done.exit_code == 0
    where = {"store": tmp_path, "scheduler": "tcp://host:8786"}
    assert seen == {"budget": "lab", "seeds": [0, 1, 2], "only": "01/*"} | where


def test_sweep_hands_on_what_to_search_and_says_why_trials_failed(monkeypatch):
    seen = {}
    counts = {"wanted": 9, "finished": 1, "pruned": 0, "failed": 1}
    one = progress.Standing(
        *("05/search", "0", "validation_accuracy"),
        **counts,
        best="0.9100",
        point="units=8",
        reasons={3: "MemoryError: no room"},
    )

    def sweep(notebook, **options):
        seen.update(options)
        return [one]

    monkeypatch.setattr(sweeping, "sweep_notebook", sweep)
    done = labkit("sweep", "a.py", "--trials", "9", "--workers", "2", "--storage", "sqlite:///x.db")
    assert done.stdout == f"{one}\n"
    assert done.stderr == "  trial 3 failed: MemoryError: no room\n"
    assert seen == {
        "budget": "full",
        "seed": 0,
        "trials": 9,
        "scheduler": None,
        "workers": 2,
        "trials_in": "sqlite:///x.db",
        "store": None,
    }


def test_record_brings_records_home(monkeypatch, tmp_path):
    monkeypatch.setattr(store, "merge", lambda folder, into: [f"{folder.name} to {into}"])
    done = labkit("record", "--merge", str(tmp_path))
    assert done.stdout == (f"{tmp_path.name} to None\nExperiments with records in {tmp_path}: 1\n")
