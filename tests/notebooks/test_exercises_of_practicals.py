"""Exercises check the student: the solution passes, a wrong answer is refused with a hint.

Wrong answers stand in `answers/NAME.toml`. A practical runs once, as students find it; then each
answer takes the place of its stub, among the names that the page left. So no answer stands on
another one.
"""

import ast
import tomllib
from dataclasses import dataclass
from pathlib import Path

import practicals
import pytest

from labkit.errors import CheckFailed

ANSWERS = Path(__file__).parent / "answers"
NOT_ANSWERED = "Not answered yet: replace the ... in the cell above, then run both cells.\n"
ANSWERED = "✓ Exercise answered"
NAMES = sorted(
    path.stem
    for path in practicals.NOTEBOOKS.glob("[0-9]*.py")
    if any("exercise" in practicals.tags(cell) for cell in practicals.code_cells(path.stem))
)


@dataclass(frozen=True)
class Wrong:
    """An answer that a check is to refuse, and a part of its hint."""

    exercise: int
    answer: str
    hint: str


class Page:
    """A practical that ran once as it is handed out."""

    def __init__(self, name):
        self.exercises = practicals.exercises(name)
        self.wrong = wrong_answers(name)
        self._names, self.said = practicals.handed_out(name)

    def check(self, number, answer):
        """Put an answer in its stub's place and run the check; return what it prints."""
        names = dict(self._names)
        practicals.run(answer, names)
        return practicals.run(self.exercises[number - 1].check.source, names)

    def refusal(self, wrong):
        """Return what the check says against an answer; nothing where it lets it pass."""
        try:
            self.check(wrong.exercise, wrong.answer)
        except CheckFailed as failed:
            return str(failed)
        return ""


def wrong_answers(name):
    path = ANSWERS / f"{name}.toml"
    if not path.exists():
        return []
    return [Wrong(**one) for one in tomllib.loads(path.read_text("utf-8"))["wrong"]]


@pytest.fixture(scope="module", params=NAMES)
def page(request, tmp_path_factory):
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("own")))
        yield Page(request.param)


def test_a_page_as_handed_out_runs_to_its_end_and_says_what_to_do(page):
    assert page.said == [NOT_ANSWERED] * len(page.exercises)


def test_every_solution_passes_its_check(page):
    for number, one in enumerate(page.exercises, start=1):
        said = page.check(number, one.solution.source)
        assert said.splitlines()[-1] == ANSWERED, f"exercise {number}"


def test_every_wrong_answer_is_refused_with_its_hint(page):
    assert page.wrong
    unlike = [one for one in page.wrong if one.hint not in page.refusal(one)]
    assert [(one, page.refusal(one)) for one in unlike] == []


# --- what can be read without running a page ----------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_exercise_has_a_wrong_answer_and_every_hint_says_something(name):
    there = {one.exercise for one in wrong_answers(name)}
    assert there == set(range(1, len(practicals.exercises(name)) + 1))
    assert min(len(one.hint.split()) for one in wrong_answers(name)) >= 3


@pytest.mark.parametrize("name", NAMES)
def test_wrong_answers_and_solutions_give_a_value_to_the_names_of_the_stub(name):
    exercises = practicals.exercises(name)
    asked = [bound(one.stub.source) for one in exercises]
    assert [bound(one.solution.source) for one in exercises] == asked
    for one in wrong_answers(name):
        assert bound(one.answer) == asked[one.exercise - 1], one


def bound(source):
    """Return the names that a cell gives a value to outside its functions, imports apart."""
    found = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        for target in node.targets if isinstance(node, ast.Assign) else ():
            named = target.elts if isinstance(target, ast.Tuple) else [target]
            found |= {one.id for one in named if isinstance(one, ast.Name)}
    return found


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("answer = ...", {"answer"}),
        ("low, high = ..., ...", {"low", "high"}),
        ("def stopped(losses):\n    best = 1\n    return best", {"stopped"}),
        ("class Twice:\n    factor = 2", {"Twice"}),
        ("import math\nfrom keras import layers\nprint(math.pi)", set()),
        ("for one in range(3):\n    print(one)", set()),
        ("squares = [one**2 for one in range(3)]", {"squares"}),
        ("images[0] = 1\nrun.seed = 2", set()),
    ],
)
def test_names_of_a_cell_are_told_from_what_stands_inside(source, names):
    assert bound(source) == names
