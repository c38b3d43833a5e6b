"""The files around the code agree with one another."""

import os
import re
import shutil
import subprocess
import tomllib
from collections import Counter
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from labkit.course import cli, doctor

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("3.11", "3.12", "3.13")
MEGABYTE = 1_000_000
# What tracked files may weigh, so that a clone stays quick when there are twenty practicals: 32 MB.
# Without practicals there are 8 MB of sample data and 1.5 MB of code, lock, book and tests; that
# leaves room for one more excerpt. A practical has been 0.6 MB of notebook (most of it figures),
# 0.3 MB of records and 0.1 MB of text, tests and claims on average, and up to twice that.
SAMPLE_DATA = 9 * MEGABYTE
WITHOUT_PRACTICALS = 12 * MEGABYTE
A_PRACTICAL = 1 * MEGABYTE  # on average
A_NOTEBOOK = 2 * MEGABYTE  # one .ipynb; practical 05, the heaviest, has 29 figures
RECORDS = 1 * MEGABYTE  # of one practical
CONDA_NAMES = {"build": "python-build"}  # where conda-forge calls a package otherwise
CHOSEN = {"jupyter", "jupytext", "jupyter-book", "tensorflow", "matplotlib", "seaborn"}
CHOSEN |= {"papermill", "nbval"}  # what the course is fixed on
TEXTS = {".cff", ".cfg", ".css", ".js", ".json", ".lock", ".md", ".py", ".sh", ".toml"}
TEXTS |= {".yaml", ".yml", ".ipynb", ".bib", ".html", ""}
LICENCES = {"LICENSE", "LICENSE-TEXT", "OFL.txt"}


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


PROJECT = tomllib.loads(read("pyproject.toml"))["project"]


def required(extra=None):
    """Return pyproject's requirements, those of an extra with them, without labkit itself."""
    texts = list(PROJECT["dependencies"])
    wanted = [extra] if extra else []
    for name in wanted:
        for text in PROJECT["optional-dependencies"][name]:
            one = Requirement(text)
            if one.name == "labkit":
                wanted += sorted(one.extras)
            else:
                texts.append(text)
    return {canonicalize_name(one.name): one for one in map(Requirement, texts)}


@pytest.fixture(scope="module")
def locked():
    """Every pin of the lock, as the requirement it is, and its hashes."""
    blocks = re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", read("requirements.lock"), flags=re.M))
    pins = []
    for block in filter(str.strip, blocks):
        head = block.split("\\")[0].split("\n")[0].strip()
        pins.append((Requirement(head), re.findall(r"--hash=sha256:[0-9a-f]{64}", block)))
    return pins


@pytest.fixture(scope="module")
def tracked():
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("needs git and a clone: which files are tracked is not known otherwise")
    command = ["git", "-C", str(ROOT), "ls-files", "-z"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"git cannot list the files here: {done.stderr.strip()}")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_pins_what_pyproject_asks_for_once_a_python(locked, python):
    here = default_environment() | {"python_version": python, "python_full_version": f"{python}.9"}
    active = [pin for pin, _ in locked if pin.marker is None or pin.marker.evaluate(here)]
    versions = {}
    for pin in active:
        versions.setdefault(canonicalize_name(pin.name), []).append(str(pin.specifier)[2:])
    assert {name for name, found in versions.items() if len(found) > 1} == set()
    for name, asked in required("test").items():
        assert name in versions, f"{name} is not in the lock: make lock"
        assert asked.specifier.contains(versions[name][0]), f"{asked} against {versions[name]}"


def test_every_pin_of_the_lock_has_hashes(locked):
    assert len(locked) > 100
    assert [str(pin) for pin, hashes in locked if not hashes or "==" not in str(pin)] == []


def test_the_lock_names_no_index_and_no_local_path():
    assert not re.search(
        r"https?://|file:|--index|--find-links|--extra| @ ", read("requirements.lock")
    )


def test_conda_gets_the_ranges_of_pyproject():
    lines = yaml.safe_load(read("environment.yml"))["dependencies"]
    (pip,) = [line["pip"] for line in lines if isinstance(line, dict)]
    assert pip == ["-e ."]
    plain = [line for line in lines if isinstance(line, str) and line != "pip"]
    python = next(line for line in plain if line.startswith("python="))
    asked = {one.name: one.specifier for one in map(Requirement, set(plain) - {python})}
    expected = {
        CONDA_NAMES.get(name, name): one.specifier for name, one in required("test").items()
    }
    assert asked == expected
    assert set(asked) >= CHOSEN
    assert SpecifierSet(PROJECT["requires-python"]).contains(python.removeprefix("python=") + ".0")


@pytest.mark.parametrize("page", ["README.md", "book/instructors.md"])
def test_pages_activate_the_conda_environment_by_its_name(page):
    named = re.findall(r"conda activate ([\w-]+)", read(page))
    assert set(named) == {yaml.safe_load(read("environment.yml"))["name"]}


def test_everything_agrees_on_which_pythons_serve():
    oldest, newest = doctor.PYTHONS
    assert PROJECT["requires-python"] == f">=3.{oldest[1]},<3.{newest[1] + 1}"
    minors = [f"3.{minor}" for minor in range(oldest[1], newest[1] + 1)]
    assert list(PYTHONS) == minors
    assert f"{' | '.join(minors)})" in read("scripts/set_up.sh")
    assert workflow("test")["jobs"]["test"]["strategy"]["matrix"]["python"] == minors


def address():
    """Return the repository's address, from the one place where it is set."""
    return yaml.safe_load(read("_config.yml"))["repository"]["url"]


def test_the_address_is_set_in_one_place_and_the_same_elsewhere():
    assert address().startswith("https://github.com/")
    name = address().removeprefix("https://github.com/")
    assert PROJECT["urls"]["Repository"] == address()
    assert yaml.safe_load(read("CITATION.cff"))["repository-code"] == address()
    readme = read("README.md")
    assert f"colab.research.google.com/github/{name}/blob/main/notebooks/" in readme
    assert f"mybinder.org/v2/gh/{name}/main" in readme
    for text in (readme, read("CONTRIBUTING.md"), read("environment.yml")):
        others = re.findall(
            r"(?<!actions/)github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?(?=[\s)/@\"#]|$)", text
        )
        assert set(others) <= {name}


def test_setup_cells_install_from_the_address():
    for path in sorted((ROOT / "notebooks").rglob("*.py")):
        assert f'"git+{address()}@main"' in path.read_text(encoding="utf-8"), path.name


def test_code_and_prose_have_their_licences():
    assert PROJECT["license"] == "MIT"
    assert read("LICENSE").startswith("MIT License\n")
    assert "Permission is hereby granted, free of charge" in read("LICENSE")
    text = read("LICENSE-TEXT")
    assert "Creative Commons Attribution 4.0 International Public License" in text
    assert all(f"Section {number} -- " in text for number in range(1, 9))
    assert "CC BY 4.0" in read("README.md")


def test_version_and_citation_agree():
    import labkit

    assert labkit.__version__ == PROJECT["version"]
    assert str(yaml.safe_load(read("CITATION.cff"))["version"]) == PROJECT["version"]


def workflow(name):
    return yaml.safe_load(read(f".github/workflows/{name}.yml"))


@pytest.mark.parametrize("name", ["test", "site", "weekly"])
def test_workflows_are_whole(name):
    parsed = workflow(name)
    assert parsed[True], "on: is read as true"
    for job in parsed["jobs"].values():
        assert job["runs-on"]
        assert job["timeout-minutes"] <= 60
        for step in job.get("steps", []):
            assert ("uses" in step) != ("run" in step), step
            assert re.search(r"@v\d+$", step.get("uses", "x@v1")), step


def test_workflows_and_hooks_call_commands_that_exist():
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), flags=re.M))
    called = set()
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        called |= set(re.findall(r"\bmake ([a-z]+)", path.read_text(encoding="utf-8")))
    called |= set(re.findall(r"^make ([a-z]+)", read(".ci/run"), flags=re.M))
    called |= set(re.findall(r"^ *make ([a-z]+)", read("README.md"), flags=re.M))
    called |= set(re.findall(r"`make ([a-z]+)", read("CONTRIBUTING.md")))
    assert {"test", "book"} <= called <= targets


def test_hooks_check_what_make_lint_checks():
    hooks = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"][0]["hooks"]
    recipe = (
        read("Makefile").partition("\nlint:")[2].partition("\n\n")[0].replace("$(BIN)", ".venv/bin")
    )
    for hook in hooks:
        assert hook["entry"].replace(" --force-exclude", "") in recipe


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no mode bits")
def test_the_ci_script_can_be_executed():
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


@pytest.mark.parametrize("command", [["make", "-s"], ["make", "-s", "help"]])
def test_make_alone_lists_every_command(command):
    if shutil.which("make") is None:
        pytest.skip("needs make")
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    shown = re.findall(r"^  make (\w+)", done.stdout, flags=re.M)
    phony = re.search(r"^\.PHONY: (.*)$", read("Makefile"), flags=re.M)[1].split()
    assert sorted(shown) == sorted(phony)


def weight(paths):
    return sum(path.stat().st_size for path in paths)


def test_the_tracked_tree_is_small(tracked):
    practicals = sum(path.suffix == ".ipynb" for path in tracked)
    assert weight(tracked) < WITHOUT_PRACTICALS + practicals * A_PRACTICAL


def test_the_sample_data_are_small(tracked):
    folder = ROOT / "labkit" / "sample_data"
    assert weight(path for path in tracked if path.is_relative_to(folder)) < SAMPLE_DATA


def test_every_notebook_is_small(tracked):
    notebooks = [path for path in tracked if path.suffix == ".ipynb"]
    assert [path.name for path in notebooks if weight([path]) > A_NOTEBOOK] == []


def test_the_records_of_every_practical_are_small(tracked):
    weights = Counter()
    for path in tracked:
        if path.is_relative_to(ROOT / "runs"):
            weights[path.parent.relative_to(ROOT).as_posix()] += weight([path])
    assert {name: found for name, found in weights.items() if found > RECORDS} == {}


def test_contributors_are_told_what_files_may_weigh():
    mean, notebook, records = (
        f"{one / MEGABYTE:g} MB" for one in (A_PRACTICAL, A_NOTEBOOK, RECORDS)
    )
    text = " ".join(read("CONTRIBUTING.md").split())
    assert f"a notebook's `.ipynb` at most {notebook}" in text
    assert f"a practical's records at most {records}" in text
    assert f"{mean} a practical on average" in text
    assert f"{(WITHOUT_PRACTICALS + 20 * A_PRACTICAL) / MEGABYTE:g} MB with twenty" in text


def test_nothing_that_is_built_is_tracked(tracked):
    built = {"_build", "dist", ".venv", "__pycache__", ".ipynb_checkpoints"}
    names = [path.relative_to(ROOT) for path in tracked]
    assert [name for name in names if built & set(name.parts)] == []
    assert [name for name in names if name.is_relative_to("book/notebooks")] == []


def prose(tracked):
    for path in tracked:
        if path.suffix in TEXTS and path.name not in LICENCES and path != Path(__file__):
            yield path, path.read_text(encoding="utf-8")


def test_no_file_names_a_folder_of_somebody_s_machine(tracked):
    """Such a path is there on no reader's machine, and may give a person's name away."""
    personal = re.compile(r"(?<![\w.~:/-])/(?:root|work|Users/\w+|home/(?!jovyan)\w+|mnt|media)/")
    found = [path.name for path, text in prose(tracked) if personal.search(text)]
    assert found == []


def test_no_file_reaches_out_of_the_repository(tracked):
    """A clone is whole, and packages come from whatever index its machine is set up for."""
    outside = re.compile(r"\.\./shared|pypi\.org|pythonhosted|registry\.npmjs")
    assert [path.name for path, text in prose(tracked) if outside.search(text)] == []


def test_no_file_has_an_e_mail_address(tracked):
    """Nobody's name or address: reports are cited by key and title."""
    address = re.compile(r"\b[\w.+-]+@[\w-]+\.(?:[\w-]+\.)*(?:[a-z]{2,})\b(?!/)")
    decorators = re.compile(r"@(?:pytest|main|data|click|dataclasses|contextlib|functools)\.")
    for path, text in prose(tracked):
        if path.suffix not in {".ipynb", ".lock", ".json"}:
            hits = [hit for hit in address.findall(text) if not decorators.search(hit)]
            assert hits == [], path.name


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_the_front_pages_read_as_the_house_does(name):
    """As the practicals, for the same reasons: see tests/notebooks/test_notebooks.py."""
    text = re.sub(r"```.*?```|`[^`]*`|!\[|<!--", "", read(name), flags=re.S)
    assert "!" not in text
    assert not re.search(r"\bsimply\b", text, flags=re.I)
    assert not re.search("[\U0001f300-\U0001faff\u2600-\u27bf]", text)
    assert not re.search(r"\d\s?%", text), "results are shown by the site, never typed"


def blocks(page, language):
    """Return the blocks of code of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", read(page), flags=re.M | re.S)


def test_configurations_for_clusters_can_be_copied():
    (manifest,) = map(yaml.safe_load, blocks("book/clusters.md", "yaml"))
    name, spec = manifest["metadata"]["name"], manifest["spec"]
    assert spec["scheduler"]["service"]["selector"]["dask.org/cluster-name"] == name
    (container,) = spec["scheduler"]["spec"]["containers"]
    offered = {one["name"] for one in container["ports"]}
    assert {one["targetPort"] for one in spec["scheduler"]["service"]["ports"]} == offered
    for script in blocks("book/clusters.md", "python"):
        compile(script, "cluster.py", "exec")


def test_commands_for_clusters_have_options_that_exist():
    shell = "\n".join(blocks("book/clusters.md", "bash")).replace("\\\n", " ")
    lines = re.findall(r"^labkit (\w+)(.*)", shell, flags=re.M)
    assert {"sweep", "record"} <= {name for name, _ in lines}
    for name, rest in lines:
        known = {option for one in cli.main.commands[name].params for option in one.opts}
        assert set(re.findall(r"--[\w-]+", rest)) <= known, name


def test_the_readme_shows_what_exists():
    text = read("README.md")
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", text):
        assert (ROOT / target).exists(), target
    assert (ROOT / "book/_static/site.png").stat().st_size < MEGABYTE
