"""The site's own Sphinx extensions: formulas as MathML, the notebooks' copy, links."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from docutils import nodes

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "book" / "_ext"))

import course_site
import mathml

NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"


def tags(latex: str, *, as_block: bool = False) -> list[tuple[str, str]]:
    """The elements of a formula that hold text, each with its text."""
    tree = ElementTree.fromstring(mathml.mathml(nodes.math(latex, latex), as_block=as_block))
    return [(one.tag.removeprefix(NAMESPACE), one.text) for one in tree.iter() if one.text]


def elements(latex: str, tag: str) -> list[ElementTree.Element]:
    tree = ElementTree.fromstring(mathml.mathml(nodes.math(latex, latex), as_block=True))
    return list(tree.iter(NAMESPACE + tag))


def test_letters_are_identifiers_and_plus_minus_is_an_operator():
    assert tags(r"\bar{x} \pm 1") == [("mi", "x"), ("mo", "ˉ"), ("mo", "±"), ("mn", "1")]


def test_a_formula_says_whether_it_stands_alone():
    markup = mathml.mathml(nodes.math("x", "x"), as_block=True)
    assert ElementTree.fromstring(markup).get("display") == "block"


@pytest.mark.parametrize("latex", [r"\lvert w \rvert", "|w|", r"\lVert w \rVert", r"\|w\|"])
def test_bars_neither_grow_with_the_line_nor_stand_off(latex):
    bars = elements(latex + r"\sum_{i=1}^n", "mo")[:2]
    assert [bar.get("stretchy") for bar in bars] == ["false", "false"]
    assert all(bar.get("form") in ("prefix", "postfix") for bar in bars)


def test_bars_made_by_left_and_right_grow():
    bars = elements(r"\left| \frac{a}{b} \right|", "mo")
    assert [bar.get("stretchy") for bar in bars] == [None, None]


def test_a_function_stands_apart_from_its_neighbours():
    assert len(elements(r"y \log p", "mspace")) == 2


def test_a_function_stands_close_to_its_bracket():
    assert not elements(r"\log(p)", "mspace")


def test_the_label_of_a_brace_stands_below_it():
    assert len(elements(r"\underbrace{a + b}_{c}", "munder")) == 2
    assert not elements(r"\underbrace{a + b}_{c}", "msub")


def test_dots_are_dots():
    assert ("mo", "…") in tags(r"x_1, \dots, x_n") or ("mi", "…") in tags(r"x_1, \dots, x_n")


@pytest.mark.parametrize("latex", [r"\nosuchcommand x", "a & b", r"\begin{nosuch} x \end{nosuch}"])
def test_a_formula_that_cannot_be_shown_is_a_warning_and_its_source(latex, monkeypatch):
    warnings = []
    monkeypatch.setattr(mathml.logger, "warning", lambda text, *args, **_: warnings.append(args))
    markup = mathml.mathml(nodes.math(latex, latex), as_block=False)
    assert markup.startswith("<code>")
    assert warnings[0][0] == latex


@pytest.fixture
def app():
    options = {"repository_url": "https://github.com/some/where", "repository_branch": "main"}
    return SimpleNamespace(config=SimpleNamespace(html_theme_options=options))


@pytest.mark.parametrize(
    ("page", "written", "expected"),
    [
        ("index", "../notebooks/01_a.ipynb", "notebooks/01_a.ipynb"),
        ("index", "glossary.md#softmax", "glossary.md#softmax"),
        ("index", "../CONTRIBUTING.md", "https://github.com/some/where/blob/main/CONTRIBUTING.md"),
        ("notebooks/01_a", "../book/glossary.md", "../glossary.md"),
        ("notebooks/01_a", "00_start_here.ipynb", "00_start_here.ipynb"),
        ("notebooks/01_a", "../runs/01", "https://github.com/some/where/blob/main/runs/01"),
        ("notebooks/tp4/01_b", "../01_a.ipynb", "../01_a.ipynb"),
        ("notebooks/tp4/01_b", "../../book/glossary.md", "../../glossary.md"),
        ("index", "https://keras.io/../x", "https://keras.io/../x"),
    ],
)
def test_links_are_written_as_the_files_lie_in_the_repository(app, page, written, expected):
    source = [f"before [text]({written}) after"]
    course_site.follow_repository_links(app, page, source)
    assert source == [f"before [text]({expected}) after"]


def test_the_copy_of_the_notebooks_follows_its_source(tmp_path):
    source, target = tmp_path / "notebooks", tmp_path / "copy"
    for name in ("a.ipynb", "a.py", "tp4/b.ipynb", ".ipynb_checkpoints/a.ipynb"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)
    course_site.mirror(source, target, skip={".py"})
    copied = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}
    assert copied == {"a.ipynb", "tp4/b.ipynb"}

    (source / "a.ipynb").write_text("changed")
    (source / "tp4" / "b.ipynb").unlink()
    course_site.mirror(source, target, skip={".py"})
    assert (target / "a.ipynb").read_text() == "changed"
    assert not (target / "tp4" / "b.ipynb").exists()


def test_an_unchanged_notebook_is_not_copied_again(tmp_path):
    source, target = tmp_path / "a.ipynb", tmp_path / "copy" / "a.ipynb"
    source.write_text("same")
    course_site.copy_if_changed(source, target)
    target.chmod(0o444)
    before = target.stat().st_mtime_ns
    source.touch()
    course_site.copy_if_changed(source, target)
    assert target.stat().st_mtime_ns == before


def test_a_page_can_link_to_a_term_as_to_a_heading():
    term = nodes.term("", "early stopping", ids=["term-early-stopping"])
    env = SimpleNamespace(docname="glossary", metadata={"glossary": {}})
    course_site.link_to_terms(SimpleNamespace(env=env), nodes.section("", term))
    slugs = env.metadata["glossary"]["myst_slugs"]
    assert {one: slug[1:] for one, slug in slugs.items()} == {
        "term-early-stopping": ("term-early-stopping", "early stopping")
    }


CARD = """# %% [markdown]
# # 01 · Dense networks
#
# | At a glance | |
# |---|---|
# | **Time** | core: 1 h 50 min, going further: 40 min · training it all yourself: at lab 3 min |
"""


def test_the_times_are_those_of_the_cards(tmp_path):
    folder = tmp_path / "notebooks"
    for name in ("01_a.py", "tp4/02_b.py", ".ipynb_checkpoints/01_a.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(CARD, encoding="utf-8")
    (folder / "nocard.py").write_text("import labkit\n", encoding="utf-8")
    times = "core: 1 h 50 min, going further: 40 min | at lab 3 min"
    assert course_site.times(folder).splitlines()[2:] == [
        f"| [01 · Dense networks](notebooks/01_a.ipynb) | {times} |",
        f"| [01 · Dense networks](notebooks/tp4/02_b.ipynb) | {times} |",
    ]
