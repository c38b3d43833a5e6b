import os
import shutil
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest

from labkit.ledger import claims

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import make_notebooks  # noqa: E402

HEADER = """# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

"""
TEXT = HEADER + (
    "# %% [markdown]\n# # 99 · Tiny\n\n"
    '# %% tags=["parameters"]\nSEED = None\n\n'
    '# %%\nimport os\n\nos.environ["LABKIT_MODE"], os.environ.get("LABKIT_SEED")\n'
)


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A notebook's text in a repository of its own, and an environment that comes back."""
    monkeypatch.setattr(make_notebooks, "ROOT", tmp_path)
    monkeypatch.setattr(make_notebooks, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(os, "environ", os.environ.copy())
    path = tmp_path / "notebooks" / "99_tiny.py"
    path.parent.mkdir()
    path.write_text(TEXT, encoding="utf-8")
    write_claims(tmp_path, "")
    return path


def write_claims(folder, text, findings=""):
    (folder / "book").mkdir(exist_ok=True)
    (folder / "book" / "claims").mkdir(exist_ok=True)
    (folder / "book" / "claims" / "all.toml").write_text(text, encoding="utf-8")
    (folder / "book" / "findings.toml").write_text(findings, encoding="utf-8")
    claims._read.cache_clear()
    claims._read_findings.cache_clear()


def made(source):
    assert make_notebooks.main([str(source)]) == 0
    return nbformat.read(source.with_suffix(".ipynb"), as_version=4)


def test_cells_are_run_in_replay_whatever_the_shell_says(source, monkeypatch):
    monkeypatch.setenv("LABKIT_MODE", "train")
    monkeypatch.setenv("LABKIT_SEED", "7")
    last = made(source).cells[-1]
    assert last.outputs[0].data["text/plain"] == "('replay', None)"


def test_made_twice_it_is_the_same_file(source):
    made(source)
    first = source.with_suffix(".ipynb").read_bytes()
    assert make_notebooks.main(["--all", str(source)]) == 0
    assert source.with_suffix(".ipynb").read_bytes() == first


def test_only_what_changed_is_made(source, monkeypatch, capsys):
    made(source)
    assert make_notebooks.main(["--check"]) == 0
    monkeypatch.setattr(make_notebooks, "make", lambda path: pytest.fail("nothing changed"))
    assert make_notebooks.main([]) == 0
    source.write_text(TEXT.replace("Tiny", "Tinier"), encoding="utf-8")
    assert make_notebooks.main(["--check"]) == 1
    expected = f"{Path('notebooks/99_tiny.py')}: its .ipynb differs, or was run in place. "
    assert capsys.readouterr().err == expected + "Run: make notebooks\n"


def run_in_place(notebook):
    notebook.cells[-1].outputs[0].data["text/plain"] = "('train', None)"


def run_once_more(notebook):
    notebook.cells[-1].execution_count += 1


def clear(notebook):
    for cell in notebook.cells[1:]:
        cell.update(outputs=[], execution_count=None)


def unfold(notebook):
    notebook.cells[-1].metadata["jupyter"] = {"source_hidden": False}


def choose_another_kernel(notebook):
    notebook.metadata.kernelspec.name = "conda-base"


@pytest.mark.parametrize(
    "changed", [run_in_place, run_once_more, clear, unfold, choose_another_kernel]
)
def test_what_was_changed_in_place_is_told_apart_and_mended(source, changed):
    notebook = made(source)
    target = source.with_suffix(".ipynb")
    before = target.read_bytes()
    changed(notebook)
    nbformat.write(notebook, target)
    assert make_notebooks.main(["--check"]) == 1
    assert make_notebooks.main([]) == 0
    assert target.read_bytes() == before


@pytest.mark.parametrize(
    ("tag", "folded"),
    [
        (
            "hide-cell",
            {
                "jupyter": {"source_hidden": True, "outputs_hidden": True},
                "collapsed": True,
                "cellView": "form",
            },
        ),
        ("hide-input", {"jupyter": {"source_hidden": True}, "cellView": "form"}),
        ("hide-output", {"jupyter": {"outputs_hidden": True}, "collapsed": True}),
        ("nbval-ignore-output", {}),
    ],
)
def test_what_the_site_folds_is_folded_in_jupyterlab_and_colab(source, tag, folded):
    source.write_text(TEXT.replace("# %%\n", f'# %% tags=["{tag}"]\n'), encoding="utf-8")
    notebook = make_notebooks.unrun(source)
    assert notebook.cells[-1].metadata == {"tags": [tag], **folded}
    assert "hidden" not in jupytext.writes(notebook, fmt="py:percent")


def test_a_changed_cell_changes_no_other_s_id(source):
    before = [cell.id for cell in made(source).cells]
    source.write_text(TEXT.replace("SEED = None", "SEED = 1"), encoding="utf-8")
    after = [cell.id for cell in made(source).cells]
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, False, True]


def test_other_records_make_it_stale(source, tmp_path):
    made(source)
    record = tmp_path / "runs" / "99" / "tiny.json"
    record.parent.mkdir(parents=True)
    record.write_text("{}")
    assert not make_notebooks.is_current(source)


CLAIM = """
[[claim]]
id = "r9-wide-loss"
report = "R9"
section = "Results"
says = "The loss is {value}."
kind = "number"
value = 0.5
tolerance = 0.1
page = "99_tiny#99-tiny"
experiment = "98/wide"
metric = "test_loss"
"""
SAYS = "The loss is {value}."


SHOWS = (
    'claims.quote("r9-wide-loss")',
    'claims.quote(f"r9-{name}-loss")',
    "claims.quote(id)",
    'ledger.read().of(practical="99_tiny")',
    "ledger.read()",
)


@pytest.mark.parametrize("shows", SHOWS)
def test_another_word_in_a_claim_that_it_shows_makes_it_stale(source, tmp_path, shows):
    source.write_text(f"{TEXT}\n# %%\n{shows}\n", encoding="utf-8")
    write_claims(tmp_path, CLAIM)
    before = make_notebooks.records_of(source)
    write_claims(tmp_path, CLAIM.replace(SAYS, "The cost is {value}."))
    assert make_notebooks.records_of(source) != before


@pytest.mark.parametrize("shows", SHOWS)
def test_another_record_that_decides_such_a_claim_makes_it_stale(source, tmp_path, shows):
    source.write_text(f"{TEXT}\n# %%\n{shows}\n", encoding="utf-8")
    write_claims(tmp_path, CLAIM)
    before = make_notebooks.records_of(source)
    (tmp_path / "runs" / "98").mkdir(parents=True)
    (tmp_path / "runs" / "98" / "wide.json").write_text("{}")
    assert make_notebooks.records_of(source) != before


@pytest.mark.parametrize("shows", ["", *SHOWS[:2], SHOWS[3]])
def test_a_claim_of_another_practical_leaves_it_current(source, tmp_path, shows):
    source.write_text(f"{TEXT}\n# %%\n{shows}\n", encoding="utf-8")
    write_claims(tmp_path, CLAIM)
    before = make_notebooks.records_of(source)
    other = CLAIM.replace("99_tiny", "97_other").replace("-loss", "-cost")
    write_claims(tmp_path, CLAIM + other)
    assert make_notebooks.records_of(source) == before


TOLERANCE = '[[tolerance]]\nunit = "loss"\nvalue = 0.1\nbecause = "So."\n'
FINDING = """
[[finding]]
id = "a-is-good"
page = "97_other#there"
says = "a is good."
comparison = "97/a.test_loss < 1"
"""


@pytest.mark.parametrize(
    ("shows", "claims_now", "findings_now"),
    [
        ("ledger.findings()", TOLERANCE, FINDING.replace("is good.", "is better.")),
        ("ledger.tolerances()", TOLERANCE.replace("So.", "And so."), FINDING),
    ],
)
def test_findings_and_tolerances_concern_who_shows_them(
    source, tmp_path, shows, claims_now, findings_now
):
    hashes = {}
    for text in (TEXT, f"{TEXT}\n# %%\n{shows}\n"):
        source.write_text(text, encoding="utf-8")
        write_claims(tmp_path, TOLERANCE, FINDING)
        before = make_notebooks.records_of(source)
        write_claims(tmp_path, claims_now, findings_now)
        hashes[text] = before == make_notebooks.records_of(source)
    assert list(hashes.values()) == [True, False]


def test_one_word_in_a_claim_of_practical_01_concerns_it_and_the_ledger_alone(source, tmp_path):
    for name in ("runs", "notebooks"):
        shutil.copytree(ROOT / name, tmp_path / name, dirs_exist_ok=True)
    files = sorted((ROOT / "book" / "claims").glob("*.toml"))
    text = "\n".join(one.read_text(encoding="utf-8") for one in files)
    write_claims(tmp_path, text)
    before = {path.stem: make_notebooks.records_of(path) for path in make_notebooks.sources()}
    deep = next(one for one in claims.read() if one.id == "r1-deeper-networks-overfit")
    write_claims(tmp_path, text.replace(deep.says, f"Again: {deep.says}"))
    after = {path.stem: make_notebooks.records_of(path) for path in make_notebooks.sources()}
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"01_mnist_dense", "07_replication_ledger"}


@pytest.mark.parametrize("shows", [True, False])
def test_a_ledger_is_stale_when_any_record_changes(source, tmp_path, shows):
    if shows:
        source.write_text(TEXT + "\n# %%\n# labkit.ledger.ledger.read()\n", encoding="utf-8")
    made(source)
    record = tmp_path / "runs" / "01" / "of-another-practical.json"
    record.parent.mkdir(parents=True)
    record.write_text("{}")
    assert make_notebooks.is_current(source) != shows


def test_a_failing_cell_leaves_the_notebook_as_it_was(source, capsys):
    made(source)
    before = source.with_suffix(".ipynb").read_bytes()
    source.write_text(TEXT + "\n# %%\nraise ValueError('an unlucky cell')\n", encoding="utf-8")
    assert make_notebooks.main([]) == 1
    assert source.with_suffix(".ipynb").read_bytes() == before
    assert "an unlucky cell" in capsys.readouterr().err


def test_a_copy_that_jupyter_keeps_is_none(source):
    (source.parent / ".ipynb_checkpoints").mkdir()
    shutil.copy(source, source.parent / ".ipynb_checkpoints" / "99_tiny-checkpoint.py")
    assert make_notebooks.sources() == [source]


def test_a_module_beside_the_notebooks_is_none(source):
    (source.parent / "helper.py").write_text("x = 1\n")
    assert make_notebooks.sources() == [source]
