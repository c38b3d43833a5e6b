import pytest

from labkit import claims
from labkit.errors import ClaimError

GOOD = """
[[claim]]
id = "r9-accuracy"
report = "R9"
section = "Results"
says = "the accuracy is {value}."
kind = "number"
value = 0.97
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "claims.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_the_course_s_claims_are_well_formed():
    assert len(claims.read()) >= 25


def test_a_claim_writes_its_number_into_its_sentence(written):
    (claim,) = claims.read(written(GOOD))
    assert claim.text == "the accuracy is 0.97."
    assert claim._repr_markdown_() == "> **R9 says** (Results): the accuracy is 0.97."


def test_whole_numbers_are_written_with_separators():
    assert "407,050" in claims.quote("r1-dense-2-parameters").text


def test_an_unknown_id_names_the_nearest():
    with pytest.raises(ClaimError) as problem:
        claims.quote("r1-dens-2-accuracy")
    assert str(problem.value) == (
        "claims.quote: expected the id of a claim in book/claims.toml; received "
        "'r1-dens-2-accuracy'. Did you mean 'r1-dense-2-accuracy'? See book/claims.toml for all "
        "of them."
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (GOOD + GOOD, "expected every id once; received 'r9-accuracy' 2 times"),
        (GOOD.replace("number", "nombre"), "received r9-accuracy: 'nombre'"),
        (GOOD.replace("0.97", '"0.97"'), "expected a number as value; received r9-accuracy"),
        (GOOD.replace("says", "sez"), "unexpected keyword argument 'sez'"),
        ("[[claim]\n", "expected a TOML file of claims"),
    ],
)
def test_refuses_what_is_not_well_formed(written, text, complaint):
    with pytest.raises(ClaimError) as problem:
        claims.read(written(text))
    assert complaint in str(problem.value)


def test_a_missing_file_is_a_claim_error(tmp_path):
    with pytest.raises(ClaimError, match="No such file"):
        claims.read(tmp_path / "none.toml")
