"""The reports' values stand in two tables, read from the reports independently of each other.

A wrong digit in book/claims, or in reported_values.toml beside this file, makes them differ.
"""

import dataclasses
import tomllib
from pathlib import Path

import pytest

from labkit.ledger import claims


def entries():
    """Return what the second table has: the id of a claim and its value, a text."""
    tables = tomllib.loads(
        Path(__file__).with_name("reported_values.toml").read_text(encoding="utf-8")
    )
    sections = [section for report in tables.values() for section in report.values()]
    return [entry for section in sections for entry in section.items()]


def disagreements(claimed, entered):
    """Return a line for each value that is not the same in both tables, or only in one."""
    first = {claim.id: claim.value for claim in claimed if claim.value is not None}
    second = {id: float(text) for id, text in entered.items()}
    return [
        f"{id}: {first.get(id)} in book/claims, {entered.get(id)} in reported_values.toml"
        for id in first | second
        if first.get(id) != second.get(id)
    ]


def with_a_wrong_digit(text):
    """Yield the text with another digit in place of one of its digits, for each of them."""
    for place, digit in enumerate(text):
        if digit.isdecimal():
            yield f"{text[:place]}{(int(digit) + 1) % 10}{text[place + 1 :]}"


@pytest.fixture(scope="module")
def entered():
    return dict(entries())


@pytest.fixture(scope="module")
def with_value():
    return [claim for claim in claims.read() if claim.value is not None]


def test_every_value_is_the_same_in_both_tables(entered):
    assert disagreements(claims.read(), entered) == []


def test_every_value_stands_once_in_the_second_table(entered):
    assert len(entered) == len(entries())


def test_a_wrong_digit_of_a_claim_is_found(with_value, entered):
    for claim in with_value:
        entry = entered[claim.id]
        for wrong in with_a_wrong_digit(str(claim.value)):
            changed = dataclasses.replace(claim, value=float(wrong))
            assert disagreements([changed], {claim.id: entry}) == [
                f"{claim.id}: {changed.value} in book/claims, {entry} in reported_values.toml"
            ]


def test_a_wrong_digit_of_the_second_table_is_found(with_value, entered):
    for claim in with_value:
        for wrong in with_a_wrong_digit(entered[claim.id]):
            assert disagreements([claim], {claim.id: wrong}) == [
                f"{claim.id}: {claim.value} in book/claims, {wrong} in reported_values.toml"
            ]


def test_a_claim_that_is_removed_is_found(with_value, entered):
    removed, *rest = with_value
    assert disagreements(rest, entered) == [
        f"{removed.id}: None in book/claims, {entered[removed.id]} in reported_values.toml"
    ]


def test_an_entry_that_is_removed_is_found(with_value, entered):
    removed = with_value[0]
    rest = {id: text for id, text in entered.items() if id != removed.id}
    assert disagreements(with_value, rest) == [
        f"{removed.id}: {removed.value} in book/claims, None in reported_values.toml"
    ]
