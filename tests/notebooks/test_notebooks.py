"""What every notebook has: two files that agree, a card, short cells, alt text, no typed result.

The rule about results in prose. Numbers that were measured come from a run, so in Markdown

- a percentage is never typed, and
- a decimal number is not typed in a sentence that names a metric or says what was reached,

unless it stands in mathematics or code: `0.5` as a rate, `$10\\,\\%$` as the chance level. Those
are settings and arithmetic, and the markup says so. Addresses and citations are left out.
"""

import ast
import os
import re
import shutil
import statistics
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest

from labkit.course import handout

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import make_notebooks  # noqa: E402

NOTEBOOKS = make_notebooks.sources()
PARAMETERS = ("BUDGET", "SEED", "MODE", "SOURCE")
LONGEST, USUAL = 25, 5  # lines of a code cell: at most, and the median
MANY_LINES = 0.2  # the share of cells over the usual that a reader sees, at most
CARD = ("Purpose", "Before this", "Time", "GPU needed?")
PARTS = ("core", "going further")  # of a practical, by their names in the card
LAB_SESSION = 120  # minutes, for the core
TIME = re.compile(r"\*(Core|Going further) · (\d+) minutes\*")
NOT_ANSWERED = "Not answered yet: replace the ... in the cell above, then run both cells.\n"
NOT_COMPARED = {"nbval-ignore-output", "remove-output"}
METRICS = re.compile(
    r"\b(?:accurac(?:y|ies)|loss(?:es)?|errors?|scores?d?|precision|recall|auc|f1|ma?e|mse|rmse"
    r"|reach(?:es|ed)?|achieved?s?|attain(?:s|ed)?|got|gets|drops?|dropped|rises?|rose)\b",
    re.IGNORECASE,
)
PERCENTAGE = re.compile(r"\d\s*(?:%|per\s?cent\b)", re.IGNORECASE)
DECIMAL = re.compile(r"(?<![\w.])\d*\.\d+(?![\w.]*\w)")
LOCAL_PATH = re.compile(
    r"(?<![\w.~:/-])/(?:home|root|Users|tmp|private|var|opt|usr|mnt|content|work)/|\b[A-Z]:\\\\?\w"
)

pytestmark = pytest.mark.parametrize("source", NOTEBOOKS, ids=lambda path: path.stem)


def written(source):
    return nbformat.read(source.with_suffix(".ipynb"), as_version=4)


def tags(cell):
    return cell.metadata.get("tags", [])


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def markdown(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def outputs(notebook):
    return [(cell, one) for cell in code(notebook) for one in cell.outputs]


def text_of(output):
    """Return all text of an output; nbformat keeps lines of a traceback in a list."""
    parts = [output.get("text", ""), output.get("evalue", ""), *output.get("traceback", [])]
    parts += [value for kind, value in output.get("data", {}).items() if kind.startswith("text/")]
    return "\n".join("".join(part) for part in parts)


def outside_code_blocks(text):
    """Yield the lines of a Markdown text, those of a directive but of no code or formula."""
    code_fence, depth = "", 0
    for line in text.splitlines():
        fence = re.match(r"\s*(`{3,}|:{3,})\s*(.*)", line)
        if code_fence:
            code_fence = "" if fence and fence[1] == code_fence else code_fence
        elif not fence:
            yield line
        elif re.match(r"\{(?!math|code)", fence[2]):
            depth += 1
        elif depth and not fence[2]:
            depth -= 1
        else:
            code_fence = fence[1]


def bare_prose(text):
    """Return Markdown without what the rule about results leaves out."""
    text = "\n".join(outside_code_blocks(text))
    text = re.sub(r"\$\$.*?\$\$|\$[^$\n]+\$|(`+).+?\1", "", text, flags=re.S)
    text = re.sub(r"\{\w+\}|\]\([^)]*\)|<[^>]*>|https?://\S+", " ", text)
    return re.sub(r"^:\w+:.*$", "", text, flags=re.M)  # options of a directive


def typed_results(text):
    """Return the sentences of a Markdown text that type a result."""
    sentences = re.split(r"(?<=[.?!:;])\s+|\n\s*\n|\n[-*#|]", bare_prose(text))
    return [
        " ".join(one.split())
        for one in sentences
        if PERCENTAGE.search(one) or (METRICS.search(one) and DECIMAL.search(one))
    ]


def sections(notebook):
    """Return of each part below a ## heading: the heading, its time or None, whether it has code.

    The time is that of the line below the heading, as ("core", 25).
    """
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "code" and found:
            found[-1][2] = True
        for line in outside_code_blocks(cell.source) if cell.cell_type == "markdown" else ():
            if line.startswith("## "):
                found.append([line, None, False])
                below = True
            elif line.strip() and found:
                time = TIME.fullmatch(line.strip())
                if time and below:
                    found[-1][1] = time[1].lower(), int(time[2])
                below = False
    return found


def in_card(card):
    """Return the minutes that a card gives each part of a practical."""
    given = re.search(r"\*\*Time\*\* \|(.*?)(?:·|\|)", card)[1]
    found = {}
    for part in PARTS:
        time = re.search(rf"\b{part}: (?:(\d+) h)? ?(?:(\d+) min)?", given)
        found[part] = 60 * int(time[1] or 0) + int(time[2] or 0) if time else 0
    return found


def visible(notebook):
    return [cell for cell in code(notebook) if not {"remove-cell", "hide-cell"} & set(tags(cell))]


def test_both_files_of_the_pair_say_the_same(source):
    assert make_notebooks.cells_of(written(source)) == make_notebooks.cells_of(
        make_notebooks.unrun(source)
    ), "run: make notebooks"


@pytest.mark.parametrize("newer", [".py", ".ipynb"])
def test_a_save_in_jupyterlab_without_an_edit_changes_neither_file(source, newer, tmp_path):
    pair = [shutil.copy(source.with_suffix(suffix), tmp_path) for suffix in (".py", ".ipynb")]
    shutil.copy(source.parent / "jupytext.toml", tmp_path)
    newest = tmp_path / f"{source.stem}{newer}"
    os.utime(newest, (newest.stat().st_atime, newest.stat().st_mtime + 60))
    before = [Path(path).read_bytes() for path in pair]
    contents = jupytext.TextFileContentsManager(root_dir=str(tmp_path))
    contents.save(contents.get(f"{source.stem}.ipynb"), f"{source.stem}.ipynb")
    assert [Path(path).read_bytes() for path in pair] == before


def test_it_was_run_with_the_records_that_are_here(source):
    assert make_notebooks.is_current(source), "run: make notebooks"


def test_cells_have_lasting_ids(source):
    notebook = written(source)
    found = [cell.id for cell in notebook.cells]
    make_notebooks.identify(notebook)
    assert found == [cell.id for cell in notebook.cells]
    assert len(set(found)) == len(found)


def test_it_opens_with_its_card(source):
    first = written(source).cells[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith(f"# {source.stem[:2]} · ")
    for word in CARD:
        assert f"**{word}**" in first.source


def test_each_section_with_work_says_what_time_a_student_needs(source):
    found = sections(written(source))
    lacking = [heading for heading, time, has_code in found if has_code and not time]
    assert lacking == []


def test_the_card_has_the_sum_of_the_sections_times_and_a_core_for_one_session(source):
    notebook = written(source)
    times = [time for _, time, _ in sections(notebook) if time]
    sums = {part: sum(minutes for one, minutes in times if one == part) for part in PARTS}
    assert in_card(notebook.cells[0].source) == sums
    assert 0 < sums["core"] <= LAB_SESSION


def test_the_setup_cell_comes_first_and_is_not_shown(source):
    setup = code(written(source))[0]
    assert tags(setup) == ["remove-cell"]
    assert 'importlib.util.find_spec("labkit") is None' in setup.source
    assert re.search(r"%pip install -q \"git\+https://\S+@main\"", setup.source)


def test_the_parameters_are_left_to_the_environment(source):
    (cell,) = [cell for cell in code(written(source)) if "parameters" in tags(cell)]
    assigned = {
        line.targets[0].id: ast.literal_eval(line.value) for line in ast.parse(cell.source).body
    }
    assert assigned == dict.fromkeys(PARAMETERS)


def loads(tree):
    """Yield the calls of `datasets.load` in a notebook's code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("datasets.load", "load"):
            yield node


def given(call, tree):
    """Return the names of what a call is given, those in a dictionary spread into it too."""
    spread = {keyword.value.id for keyword in call.keywords if keyword.arg is None}
    dictionaries = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in spread
    ]
    names = {key.value for one in dictionaries for key in one.keys}
    return names | {keyword.arg for keyword in call.keywords}


def test_data_are_loaded_with_the_seed_and_source_of_the_parameters(source):
    """Otherwise every recording would draw alike, and what was meant to be spread is none."""
    lines = "\n".join(cell.source for cell in code(jupytext.read(source))).splitlines()
    tree = ast.parse("\n".join(re.sub(r"^(\s*)[%!].*", r"\1pass", line) for line in lines))
    lacking = [
        ast.unparse(one) for one in loads(tree) if not {"seed", "source"} <= given(one, tree)
    ]
    assert lacking == []


def test_code_cells_are_short(source):
    lengths = [len(cell.source.splitlines()) for cell in code(written(source))]
    assert max(lengths) <= LONGEST
    assert statistics.median(lengths) <= USUAL


def test_few_of_the_cells_that_a_reader_sees_are_longer(source):
    lengths = [len(cell.source.splitlines()) for cell in visible(written(source))]
    assert sum(length > USUAL for length in lengths) < MANY_LINES * len(lengths)


def exercises(source):
    return handout.exercises(written(source), path=source)


def test_it_has_three_exercises_at_least_each_below_its_task(source):
    cells, found = written(source).cells, exercises(source)
    assert len(found) >= 3
    for number, one in enumerate(found, start=1):
        task = cells[cells.index(one.stub) - 1]
        assert re.search(rf"^### Exercise {number}: \w", task.source, re.M), one.stub.source


def test_the_cells_of_an_exercise_are_shown_but_for_the_solution(source):
    for one in exercises(source):
        assert tags(one.stub) == ["exercise"]
        assert tags(one.check) == ["check"]
        assert set(tags(one.solution)) - NOT_COMPARED == {"solution", "hide-cell"}


def test_what_is_not_answered_is_an_ellipsis_and_the_page_says_what_to_do(source):
    for one in exercises(source):
        gaps = [node for node in ast.walk(ast.parse(one.stub.source)) if is_gap(node)]
        assert gaps, one.stub.source
        assert [output.get("text") for output in one.check.outputs] == [NOT_ANSWERED]


def is_gap(node):
    return isinstance(node, ast.Constant) and node.value is ...


def test_a_check_defines_nothing_and_a_solution_checks_nothing(source):
    for one in exercises(source):
        top = ast.parse(one.check.source).body
        assert [ast.unparse(node.items[0]) for node in top if isinstance(node, ast.With)] == [
            "checks.exercise()"
        ]
        assert not [node for node in top if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        assert not re.search(r"\bassert\b|\bchecks\.", one.solution.source), one.solution.source


def test_every_figure_has_a_text_for_those_who_cannot_see_it(source):
    for cell, output in outputs(written(source)):
        if any(kind.startswith("image/") for kind in output.get("data", {})):
            image = cell.metadata.get("mystnb", {}).get("image", {})
            assert len(image.get("alt", "").split()) >= 5, cell.source


def test_prose_types_no_result(source):
    """A number that is typed stays when the records change: see this file's beginning."""
    assert [one for text in markdown(written(source)) for one in typed_results(text)] == []


def test_prose_is_plain(source):
    """To somebody who is stuck nothing is simple, and screen readers spell emoji out."""
    for text in map(bare_prose, markdown(written(source))):
        text = text.replace("![", "[")
        assert "!" not in text, text
        assert not re.search(r"\bsimply\b|[\U0001f300-\U0001faff\u2600-\u26ff]", text), text


def test_outputs_name_no_folder_of_this_machine(source):
    for cell, output in outputs(written(source)):
        shown = text_of(output)
        assert not LOCAL_PATH.search(shown), cell.source
        assert str(ROOT) not in shown
        assert "site-packages" not in shown


def test_nothing_is_written_to_stderr(source):
    names = [output.get("name") for _, output in outputs(written(source))]
    assert "stderr" not in names


def test_no_cell_stops_a_run(source):
    """Papermill ends with exit code 1 where one does, whatever tag announces it."""
    assert [one for _, one in outputs(written(source)) if one.output_type == "error"] == []
    assert not [cell for cell in code(written(source)) if "raises-exception" in tags(cell)]


def test_the_kernel_is_any_python_3_and_nothing_tells_when_or_where(source):
    metadata = written(source).metadata
    assert metadata.kernelspec == make_notebooks.METADATA["kernelspec"]
    assert "version" not in metadata.language_info
    assert not any("execution" in cell.metadata for cell in written(source).cells)
