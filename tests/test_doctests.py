"""The examples in labkit's docstrings do what they say."""

import doctest
import importlib
import pkgutil

import pytest

import labkit

FOUND = pkgutil.walk_packages(labkit.__path__, "labkit.")
MODULES = [one.name for one in FOUND if one.name != "labkit.__main__"]


@pytest.mark.parametrize("name", MODULES)
def test_examples_do_what_they_say(name):
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module)
    assert failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    modules = [importlib.import_module(name) for name in MODULES]
    examples = [one for module in modules for one in finder.find(module) if one.examples]
    assert len(examples) >= 9
