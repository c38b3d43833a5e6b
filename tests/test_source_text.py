"""What the text of a function or class is, and what of it counts."""

import functools
import hashlib
import itertools
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from labkit.choices import by_budget
from labkit.source_text import described, is_installed

HASH = r"[0-9a-f]{8}"
FILES = itertools.count()


def short_hash(content):
    return hashlib.sha256(content).hexdigest()[:8]


@pytest.fixture
def cell(tmp_path):
    """Return a function that runs a text as a cell of its own and returns the names it defines."""

    def run(text, **known):
        path = tmp_path / f"cell_{next(FILES)}.py"
        path.write_text(text)
        names = {"__name__": "a_notebook", **known}
        exec(compile(text, str(path), "exec"), names)
        return names

    return run


SQUASH = """
RATE = 0.3

def halved(values):
    return values / 2

def squash(values):
    return halved(values) * RATE
"""


def test_a_function_is_told_by_its_text_and_what_it_uses(cell):
    text = described(cell(SQUASH)["squash"])
    assert re.fullmatch(rf"squash {HASH} \(RATE=0\.3, halved {HASH}\)", text)
    assert described(cell(SQUASH)["squash"]) == text


def test_formatting_comments_and_docstrings_do_not_count(cell):
    other = SQUASH.replace("(values) * RATE", "((values)) * RATE")
    other = other.replace(":\n", ":  # a remark\n\n    'Compute.'\n")
    assert other.count("((") == 1 and other.count("Compute") == 2
    assert described(cell(other)["squash"]) == described(cell(SQUASH)["squash"])


def test_the_hash_is_the_same_in_every_python(cell):
    text = "def joined(words, /, *more, by=', ', **rest) -> str:\n    return f'{\",\".join(words)}'"
    assert described(cell(text)["joined"]) == "joined 2505004e"


def differing(cell, text, old, new, name):
    """Return what only one of two texts says: before a change and after it."""
    assert text.count(old) == 1
    before, after = (described(cell(one)[name]) for one in (text, text.replace(old, new)))
    words = [set(re.sub(r"[(),]", "", one).split()) for one in (before, after)]
    return words[0] - words[1], words[1] - words[0]


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("(values) * RATE", "(values) + RATE", HASH),
        ("values / 2", "values / 3", HASH),
        ("RATE = 0.3", "RATE = 0.5", r"RATE=0\.[35]"),
    ],
    ids=["its body", "its helper", "its constant"],
)
def test_a_function_changes_with(cell, old, new, what):
    for different in differing(cell, SQUASH, old, new, "squash"):
        assert len(different) == 1 and re.fullmatch(what, different.pop())


CLASS = """
import functools
RATE, OTHER = 0.3, 7

def halved(values):
    return values / 2

class Base:
    def start(self):
        return 1

class Squash(Base):
    factor = 2 * RATE

    @property
    def part(self):
        return halved(self.factor)

    @functools.cached_property
    def kept(self):
        return 1.5

    @classmethod
    def made(cls):
        return cls()

    @staticmethod
    def doubled(values):
        return [value * RATE for value in values]

    def call(self, values):
        \"\"\"Compute.\"\"\"
        def inner():
            return OTHER + super(Squash, self).start()
        return values - self.OTHER - inner()
"""


def test_a_class_is_told_by_its_methods_attributes_and_bases(cell):
    text = described(cell(CLASS)["Squash"])
    uses = rf"Base {HASH}, OTHER=7, RATE=0\.3, factor=0\.6, halved {HASH}"
    assert re.fullmatch(rf"Squash {HASH} \({uses}\)", text)
    assert described(cell(CLASS)["Squash"]()) == text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("- self.OTHER", "+ self.OTHER"),
        ("cls()", "cls"),
        ("1.5", "2.5"),
        ("value * RATE", "value + RATE"),
        ("halved(self.factor)", "halved(1)"),
        ("return 1\n", "return 2\n"),
        ("2 * RATE", "3 * RATE"),
        ("class Squash(Base)", "class Squash(dict)"),
        ("OTHER = 0.3, 7", "OTHER = 0.3, 8"),
    ],
)
def test_a_class_changes_with(cell, old, new):
    assert all(differing(cell, CLASS, old, new, "Squash"))


def test_a_class_without_methods_is_told_by_what_it_holds(cell):
    text = "class Settings(Kind):\n    rate = 0.3"
    one = described(cell(text, Kind=dict)["Settings"])
    assert re.fullmatch(rf"Settings {HASH} \(rate=0\.3\)", one)
    assert described(cell(text, Kind=list)["Settings"]) != one


def test_a_method_that_was_put_into_a_class_counts(cell):
    text = (
        "class Squash:\n    def call(self):\n        return 1\n\ndef other(self):\n    return 2\n"
    )
    plain, changed = cell(text), cell(text)
    changed["Squash"].call = changed["other"]
    assert described(plain["Squash"]) != described(changed["Squash"])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (0.1 + 0.2, "0.3"),
        (np.float64(0.25), "0.25"),
        (None, "None"),
        ("same", "'same'"),
        (("a", 1, (2.0,)), "('a', 1, (2.0))"),
        ([1, True], "[1, True]"),
        ({"a": [1], 2: None}, "{'a': [1], 2: None}"),
        ({"b", "a"}, "{'a', 'b'}"),
        (by_budget(lab=3, full=10), "ByBudget(lab=3, full=10)"),
        (np.eye(2, dtype="float32"), f"float32 (2, 2) {short_hash(np.eye(2, dtype='float32'))}"),
        (object(), "object"),
        (Path("/anywhere"), "PosixPath"),
        (functools.partial(max, key=len), "partial(max, key=len)"),
        (np.sqrt, "sqrt"),
        (list(range(100)), f"list {short_hash(str(list(range(100))).encode())}"),
    ],
)
def test_constants_are_written_out(cell, value, text):
    use = cell("def use():\n    return VALUE", VALUE=value)["use"]
    assert re.sub(HASH, "…", described(use), count=1) == f"use … (VALUE={text})"


def test_arrays_count_by_their_numbers(cell):
    text = "def use():\n    return VALUE"
    one, other = (described(cell(text, VALUE=np.ones(3) * n)["use"]) for n in (1, 2))
    assert one != other


REACHED = """
RATE = 0.3
def halved(values):
    return values / RATE
def by_default(values, change=halved, rate=RATE, *, times=2 * RATE, plain=4):
    return change(values)
def around(change):
    def inside(values):
        return change(values)
    return inside
by_closure = around(halved)
by_part = functools.partial(by_default, change=halved)
def by_list():
    return [step(1) for step in STEPS]
STEPS = {"first": [halved]}
def by_partial():
    return by_part(3)
@functools.wraps(halved)
def decorated(values):
    return values
def logged(function):
    @functools.wraps(function)
    def wrapper(*values):
        return function(*values)
    return wrapper
@logged
def by_decorator(values):
    return halved(values)
class Holder:
    def __call__(self):
        return halved(1)
holder = Holder()
def by_object():
    return holder()
class Inherits(Holder):
    pass
cached = functools.lru_cache(lambda values: halved(values))
def by_cache():
    return cached(1)
by_lambda = lambda values: halved(values)
"""


@pytest.mark.parametrize(
    "name",
    [
        "by_default",
        "by_closure",
        "by_part",
        "by_list",
        "by_partial",
        "by_decorator",
        "by_object",
        "by_cache",
        "by_lambda",
        "Inherits",
    ],
)
def test_a_helper_is_found(cell, name):
    one = cell(REACHED, functools=functools)
    other = cell(REACHED.replace("values / RATE", "values - RATE"), functools=functools)
    assert "RATE=0.3" in described(one[name])
    assert described(one[name]) == described(cell(REACHED, functools=functools)[name])
    assert described(one[name]) != described(other[name])


def test_defaults_that_are_computed_are_written_and_others_are_text(cell):
    text = described(cell(REACHED, functools=functools)["by_default"])
    uses = rf"RATE=0\.3, change=halved, halved {HASH}, rate=0\.3, times=0\.6"
    assert re.fullmatch(rf"by_default {HASH} \({uses}\)", text)


def test_a_decorator_and_what_it_decorates_are_one_text(cell):
    text = described(cell(REACHED, functools=functools)["by_decorator"])
    assert re.fullmatch(rf"by_decorator {HASH} \(RATE=0\.3, halved {HASH}\)", text)
    changed = REACHED.replace("return function(*values)", "return 2 * function(*values)")
    assert described(cell(changed, functools=functools)["by_decorator"]) != text


def test_functions_that_call_each_other_come_to_an_end(cell):
    text = "def odd(n):\n    return n and even(n - 1)\ndef even(n):\n    return not n or odd(n - 1)"
    assert re.fullmatch(rf"odd {HASH} \(even {HASH}\)", described(cell(text)["odd"]))


def test_what_is_not_there_changes_nothing(cell):
    text = "def early():\n    return missing, later\n    never\nlater = 3"
    assert re.fullmatch(rf"early {HASH} \(later=3\)", described(cell(text)["early"]))
    empty = "def outer():\n    def inner():\n        return late\n    return inner\n    late = 1\n"
    assert re.fullmatch(rf"inner {HASH}", described(cell(empty)["outer"]()))


def test_attributes_and_locals_are_no_globals(cell):
    text = "rate = 3\nsize = 4\ndef use(thing):\n    size = thing.rate\n    return size"
    assert re.fullmatch(rf"use {HASH}", described(cell(text)["use"]))


def test_the_notebooks_parameters_do_not_count(cell):
    text = "def use():\n    return SEED, BUDGET, MODE, SOURCE"
    known = dict.fromkeys(("SEED", "BUDGET", "MODE", "SOURCE"), 1)
    assert re.fullmatch(rf"use {HASH}", described(cell(text, **known)["use"]))


def test_a_library_function_counts_by_its_name_where_it_goes_by_another(cell):
    text = "def use(x):\n    return root(x), sqrt(x), module.cos(x)"
    use = cell(text, root=np.sqrt, sqrt=np.sqrt, module=np)["use"]
    assert re.fullmatch(rf"use {HASH} \(root=sqrt\)", described(use))


def test_what_python_itself_puts_into_a_text_does_not_count(cell):
    text = (
        "def made():\n    class Inner:\n        size = RATE\n        def start(self):\n"
        "            return super().start()\n    return Inner"
    )
    made = cell(text, RATE=0.3)["made"]
    assert re.fullmatch(rf"made {HASH} \(RATE=0\.3\)", described(made))
    assert re.fullmatch(rf"Inner {HASH} \(size=0\.3\)", described(made()))


def test_lambdas_of_one_line_are_told_apart(cell):
    text = "PAIR = [lambda x: x + RATE, lambda x: (lambda y: y if y else x)(x)]"
    first, second = cell(text, RATE=0.3)["PAIR"]
    assert described(first) == "lambda x: x + RATE (RATE=0.3)"
    assert described(second) == "lambda x: (lambda y: y if y else x)(x)"


def test_generators_and_coroutines_have_a_text(cell):
    text = "def each():\n    yield RATE\nasync def wait():\n    await RATE"
    names = cell(text, RATE=0.3)
    for name in ("each", "wait"):
        assert re.fullmatch(rf"{name} {HASH} \(RATE=0\.3\)", described(names[name]))


def test_what_was_typed_at_a_prompt_is_its_name():
    names = {"__name__": "__main__", "RATE": 0.3}
    exec("def squash(x):\n    return x * RATE\nclass Squash:\n    call = squash", names)
    assert described(names["squash"]) == "squash"
    assert described(names["Squash"]) == "Squash"
    assert described(eval("lambda x: x * RATE", names)) == "<lambda>"


@pytest.mark.parametrize("thing", [len, dict, np.sqrt, np.ndarray, Path, functools.partial])
def test_what_is_installed_is_its_name(thing):
    assert described(thing) == thing.__name__


def test_what_is_installed_and_what_is_not():
    assert is_installed(described) and is_installed(pytest.raises) and is_installed(Path.exists)
    assert is_installed(object.__init__) and is_installed(type(by_budget(lab=1, full=2)))
    assert not is_installed(cell) and not is_installed(test_what_is_installed_and_what_is_not)


CELLS = (
    "RATE = 0.3\ndef halved(x): return x / 2",
    "class Squash(dict):\n    def call(self, x): return halved(x) * RATE",
    "%pwd\nsaid(Squash)",
    "class Squash(dict):\n    def call(self, x): return halved(x) + RATE",
    "said(Squash)",
    "class Squash(dict):\n    def call(self, x): return halved(x) * RATE",
    "said(Squash)",
    "def halved(x): return x / 3",
    "said(Squash); said(lambda x: halved(x))",
)


def test_a_class_defined_anew_in_another_cell_is_told_by_the_cell_that_ran_last():
    code = f"""
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell("from labkit.source_text import described\\ndef said(x): print(described(x))")
for cell in {CELLS!r}:
    shell.run_cell(cell).raise_error()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, second, again, helped, step = done.stdout.splitlines()
    for line in (first, second, again, helped):
        assert re.fullmatch(rf"Squash {HASH} \(RATE=0\.3, halved {HASH}\)", line)
    assert first == again and len({first, second, helped}) == 3
    assert re.fullmatch(rf"lambda x: halved\(x\) \(halved {HASH}\)", step)
