"""The built wheel, away from the checkout: what a notebook in Colab has to live on."""

import os
import shutil
import subprocess
import sys
import zipfile

import nbformat
import pytest

from labkit import folders

pytestmark = pytest.mark.skipif(folders.checkout() is None, reason="needs the checkout to build")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with labkit as the wheel has it, and an empty one to work in."""
    built, site, empty = (tmp_path_factory.mktemp(name) for name in ("built", "site", "empty"))
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(built)]
    subprocess.run([*build, str(folders.checkout())], check=True, capture_output=True)
    (wheel,) = built.glob("labkit-*.whl")
    zipfile.ZipFile(wheel).extractall(site)
    shutil.copy(folders.checkout() / "notebooks" / "01_mnist_dense.ipynb", empty)
    return site, empty


def run(installed, *arguments, **settings):
    site, empty = installed
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LABKIT_")}
    environment = kept | {"PYTHONPATH": str(site), "HOME": str(empty), "XDG_DATA_HOME": str(empty)}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=empty,
        env=environment | settings,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_is_the_wheel_that_is_imported(installed):
    code = "from labkit import folders; print(folders.checkout(), folders.store_folder())"
    printed = run(installed, "-c", code).stdout
    assert printed.startswith("None ")
    assert str(installed[0] / "labkit" / "_course" / "runs") in printed


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("mode", "budget"), [("replay", None), ("train", "smoke")])
def test_practical_01_runs_from_the_wheel(installed, mode, budget):
    parameters = ["-p", "MODE", mode, "-p", "SOURCE", "sample"]
    parameters += ["-p", "BUDGET", budget] if budget else []
    done = run(installed, "-m", "labkit", "run", "01_mnist_dense.ipynb", *parameters)
    assert done.returncode == 0, done.stderr
    copy = nbformat.read(installed[1] / "_build/executed/01_mnist_dense.ipynb", as_version=4)
    shown = [
        output["data"]["text/html"]
        for cell in copy.cells
        for output in cell.get("outputs", [])
        if "text/html" in output.get("data", {})
    ]
    tables = [html for html in shown if "run-caption" in html and "seed" in html]
    assert len(tables) >= 5
    expected = "full, " if mode == "replay" else "SAMPLE DATA"
    ledgers = [html for html in tables if "labkit-ledger" in html]
    assert ledgers and all("full, " in html for html in ledgers)  # it knows the records alone
    assert all(expected in html for html in tables if html not in ledgers)
