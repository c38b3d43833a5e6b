"""What a cell shows that fails on purpose, and what it does not take for its failure."""

import sys

import numpy as np
import pytest

from labkit.course import checks
from labkit.course.failures import Failure
from labkit.errors import CheckFailed


def test_the_error_is_shown_by_type_and_message_and_what_follows_runs(capsys):
    with checks.raises(ValueError, saying="invalid literal"):
        int("three")
    assert capsys.readouterr().out == (
        "ValueError: invalid literal for int() with base 10: 'three'\n"
    )


def test_a_type_further_up_is_enough_and_the_error_s_own_is_shown(capsys):
    with checks.raises(LookupError):
        {}["wide"]
    assert capsys.readouterr().out == "KeyError: 'wide'\n"


def test_without_ipython_it_is_printed_too(capsys, monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    with checks.raises(ValueError):
        raise ValueError("as in a script")
    assert capsys.readouterr().out == "ValueError: as in a script\n"


@pytest.mark.parametrize(
    "other", [ValueError("another message"), TypeError("the message")], ids=["message", "type"]
)
def test_another_error_is_not_taken_for_it(other, capsys):
    with pytest.raises(type(other)) as raised, checks.raises(ValueError, saying="the message"):
        raise other
    assert raised.value is other
    assert capsys.readouterr().out == ""


def test_a_block_that_does_not_fail_says_that_an_error_was_expected():
    with pytest.raises(CheckFailed) as failed, checks.raises(ValueError):
        int("3")
    assert str(failed.value) == (
        "checks.raises: expected the lines below it to raise ValueError; received no error. Hint: "
        "this cell is there to show the error. If you have mended its code, take the line with "
        "checks.raises away."
    )


def test_a_check_may_be_what_fails(capsys):
    with checks.raises(CheckFailed, saying="A and B agree"):
        checks.distinct({"A": 0.1, "B": 0.1})
    assert capsys.readouterr().out.startswith("CheckFailed: results: expected another number")


def test_keras_s_bold_parts_are_shown_as_plain_lines(capsys):
    from keras import layers

    class Broken(layers.Layer):
        def call(self, inputs):
            raise ValueError("no such axis")

    with checks.raises(ValueError, saying="no such axis"):
        Broken()(np.zeros((1, 4)))
    assert capsys.readouterr().out.splitlines()[:4] == [
        "ValueError: Exception encountered when calling Broken.call().",
        "",
        "no such axis",
        "",
    ]


def test_in_a_notebook_the_message_is_text_and_no_markup():
    page = Failure("ValueError", "<Dense units=4> & more\nArguments received")._repr_html_()
    assert page.endswith(
        "<strong>ValueError</strong>: &lt;Dense units=4&gt; &amp; more\nArguments received</pre>"
    )
    assert page.startswith('<pre class="labkit-failure" style="border-left: ')
