import numpy as np
import pytest

from labkit.course import checks
from labkit.errors import CheckFailed, NotAnswered

HINT = "Patience counts epochs without improvement."
TO_DO = "Not answered yet: replace the ... in the cell above, then run both cells.\n"
CHECKS = {
    "answered": lambda answer: checks.answered(answer),
    "equal": lambda answer: checks.equal(answer, 3, hint=HINT),
    "holds": lambda answer: checks.holds(answer, hint=HINT),
    "shape": lambda answer: checks.shape(answer, (3,)),
    "parameters": lambda answer: checks.parameters(answer, 3),
    "no_leakage": lambda answer: checks.no_leakage(answer),
    "beats_baseline": lambda answer: checks.beats_baseline(answer, 0.1, metric="test_accuracy"),
    "distinct": lambda answer: checks.distinct(answer),
}


@pytest.fixture(autouse=True)
def nobody_grades(monkeypatch):
    monkeypatch.delenv("LABKIT_GRADING", raising=False)


@pytest.fixture(params=CHECKS)
def check(request):
    return CHECKS[request.param]


def test_a_right_answer_is_said_to_be_one(capsys):
    with checks.exercise():
        checks.equal(checks.answered(3), 3, hint=HINT)
    assert capsys.readouterr().out == "✓ Exercise answered\n"


def test_an_exercise_without_an_answer_says_what_to_do_and_goes_on(capsys, check):
    with checks.exercise():
        check(...)
        raise AssertionError("the checks behind it are not for what is not there")
    assert capsys.readouterr().out == TO_DO


def test_whoever_grades_sees_a_missing_answer_as_an_error(capsys, monkeypatch):
    monkeypatch.setenv("LABKIT_GRADING", "1")
    with pytest.raises(NotAnswered) as missing, checks.exercise():
        checks.answered(...)
    assert capsys.readouterr().out == ""
    assert str(missing.value) == (
        "exercise: expected an answer; received the ... that stands for it. "
        "Replace the ... in the cell above, then run both cells."
    )


def test_a_right_answer_passes_where_somebody_grades(capsys, monkeypatch):
    monkeypatch.setenv("LABKIT_GRADING", "1")
    with checks.exercise():
        checks.holds(True, hint=HINT)
    assert capsys.readouterr().out == "✓ Exercise answered\n"


def test_a_wrong_answer_is_refused_with_a_hint_that_does_not_tell_the_right_one(capsys):
    with pytest.raises(CheckFailed) as wrong, checks.exercise():
        checks.equal(17, 3, hint=HINT)
    assert capsys.readouterr().out == ""
    assert str(wrong.value) == f"answer: expected another one; received 17. Hint: {HINT}"


def test_an_error_of_the_student_s_own_is_left_as_it_is():
    with pytest.raises(ZeroDivisionError), checks.exercise():
        checks.holds(1 / 0, hint=HINT)


@pytest.mark.parametrize("answer", [..., (1, ...), [[...]], {"dense": {"units": ...}}])
def test_a_gap_is_found_wherever_it_is_left(answer):
    with pytest.raises(NotAnswered):
        checks.answered(answer)


@pytest.mark.parametrize("answer", [0, "", False, (), {"units": 3}, "...", np.zeros(3)])
def test_whatever_is_given_is_an_answer(answer):
    assert checks.answered(answer) is answer


def test_none_hints_at_the_missing_return(check):
    with pytest.raises(CheckFailed) as failed:
        check(None)
    assert str(failed.value) == (
        "answer: expected a value; received None. "
        "Hint: A function gives its result back with return."
    )


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (3, 3),
        (3.0, 3),
        (np.float32(3), 3),
        (True, True),
        ("relu", "relu"),
        ((3, "relu"), (3, "relu")),
        ([3, 4], (3, 4)),
        (np.array([3, 4]), (3, 4)),
        ([[1, 2], [3, 4]], np.array([[1, 2], [3, 4]])),
        (np.uint8([1]), np.uint8([1])),
        (float("inf"), float("inf")),
        ({"relu": 1}, {"relu": 1}),
        (("a", (1, 2)), ("a", (1, 2))),
    ],
)
def test_equal_answers_pass(received, expected):
    checks.equal(received, expected, hint=HINT)


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (4, 3),
        (np.nextafter(3, 4), 3),
        (float("nan"), float("nan")),
        ("relu", "tanh"),
        ("3", 3),
        (3, "3"),
        (3, (3,)),
        ((3, "tanh"), (3, "relu")),
        ((3, 4, 5), (3, 4)),
        (np.zeros((3, 1)), np.zeros(3)),
        (np.zeros(1), 0),
        ([[1], [1, 2]], np.zeros((2, 1))),
        (np.uint8([0]), np.uint8([255])),
        ({"relu": 1}, {"relu": 2}),
        (print, 3),
    ],
)
def test_another_answer_is_refused(received, expected):
    with pytest.raises(CheckFailed, match=HINT):
        checks.equal(received, expected, hint=HINT)


def test_a_number_may_lie_as_far_off_as_the_check_says():
    checks.equal(0.35, 0.3, hint=HINT, within=0.06)
    checks.equal((0.35, 1.0), (0.3, 1.0), hint=HINT, within=0.06)
    with pytest.raises(CheckFailed):
        checks.equal(0.35, 0.3, hint=HINT, within=0.04)


def test_a_long_answer_is_shown_in_short():
    with pytest.raises(CheckFailed) as failed:
        checks.equal(np.arange(1000.0), 3, hint=HINT)
    assert (
        failed.value.received
        == "[ 0. 1. 2. 3. 4. 5. 6. 7. 8. 9. 10. 11. 12. 13. 14. 15. 16. 17. 18. …"
    )


def test_a_property_that_does_not_hold_is_refused_with_the_hint():
    checks.holds(np.bool_(True), hint=HINT)
    with pytest.raises(CheckFailed) as failed:
        checks.holds(np.bool_(False), hint=HINT)
    assert str(failed.value) == (
        f"answer: expected one that passes this check; received one that does not. Hint: {HINT}"
    )
