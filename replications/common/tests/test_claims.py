"""`claims.yml` is read strictly: what is wrong is named, with its place."""

from pathlib import Path

import pytest

from replications.common.claims import ClaimsError, Line, read_claims

GOOD = """
paper: someone2020word
settings:
  small: {scale: reduced, note: a test}
claims:
  - id: the-claim
    statement: A number is large.
    where: § 1
    unit: "1"
    paper_value: 10
    read: printed
    expect:
      small: {at_least: 5}
    because: drawn for a test
"""


def read(tmp_path: Path, text: str):
    path = tmp_path / "claims.yml"
    path.write_text(text, encoding="utf-8")
    return read_claims(path)


def test_a_good_file_loads(tmp_path):
    claims = read(tmp_path, GOOD)
    assert claims.claims[0].paper_value == 10
    assert claims.claims[0].expect["small"].bounds(10) == (5, float("inf"))


def test_a_claim_may_belong_to_another_paper_than_the_replications_own(tmp_path):
    claims = read(tmp_path, GOOD.replace("    where: § 1\n", "    where: § 1\n    paper: other2019word\n"))
    assert claims.paper_of == {"the-claim": "other2019word"}
    assert claims.papers == ("someone2020word", "other2019word")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    because: drawn for a test\n", "", "claims.0.because: Field required"),
        ('    unit: "1"\n', '    unit: ""\n', "claims.0.unit: String should have at least 1 character"),
        ("read: printed", "read: guessed", "claims.0.read: Input should be 'printed', 'figure' or 'derived'"),
        ("read: printed", "read: figure", "reading_error goes with read: figure"),
        ("scale: reduced", "scale: tiny", "settings.small.scale: Input should be 'paper', 'reduced' or 'substitute'"),
        ("id: the-claim", "id: The Claim", "claims.0.id: String should match pattern"),
        ("paper_value: 10", "paper_value: many", "claims.0.paper_value: Input should be a valid number"),
        ("{at_least: 5}", "{at_least: 5, at_most: 9}", "expected exactly 1 of close, at_least, at_most, between"),
        ("{at_least: 5}", "{}", "expected exactly 1 of close, at_least, at_most, between"),
        ("{at_least: 5}", "{at_leest: 5}", "at_leest: Extra inputs are not permitted"),
        ("{at_least: 5}", "{between: [9, 5]}", "expected the lower bound first"),
        ("{at_least: 5}", "{close: {rel: 0.1, abs: 2}}", "expected exactly one"),
        ("      small: {at_least: 5}", "      large: {at_least: 5}", "expected one for each setting"),
        ("paper: someone2020word", "paper: someone2020word\nauthor: me", "author: Extra inputs are not permitted"),
        ("claims:\n", "claims: [\n", "not valid YAML"),
    ],
)
def test_a_fault_is_named_with_its_place(tmp_path, old, new, message):
    assert old in GOOD
    with pytest.raises(ClaimsError) as error:
        read(tmp_path, GOOD.replace(old, new))
    assert message in str(error.value)
    assert "claims.yml" in str(error.value)


def test_two_claims_cannot_share_an_id(tmp_path):
    claim = GOOD[GOOD.index("  - id") :]
    with pytest.raises(ClaimsError, match="got the id 'the-claim' twice"):
        read(tmp_path, GOOD + claim)


def test_a_control_cannot_be_close_to_a_paper_that_says_nothing(tmp_path):
    control = "controls:\n  - {id: c, statement: s, unit: '1', expect: {small: {close: {abs: 1}}}, because: b}\n"
    with pytest.raises(ClaimsError, match="which has no number for a control"):
        read(tmp_path, GOOD + control)


@pytest.mark.parametrize(
    ("line", "bounds", "words"),
    [
        ({"at_least": 0.25}, (0.25, float("inf")), "at least 0.25"),
        ({"at_most": -3}, (float("-inf"), -3), "at most -3"),
        ({"between": (1, 2.5)}, (1, 2.5), "between 1 and 2.5"),
        ({"close": {"abs": 2}}, (-12, -8), "the paper's value within 2"),
        ({"close": {"rel": 0.25}}, (-12.5, -7.5), "the paper's value within 25% of it"),
    ],
)
def test_a_line_is_an_interval_and_can_be_said(line, bounds, words):
    drawn = Line.model_validate(line)
    assert drawn.bounds(-10) == bounds
    assert drawn.describe() == words


def test_every_fault_is_named_in_a_line_of_its_own_with_what_was_got(tmp_path):
    long = "x" * 200
    with pytest.raises(ClaimsError) as error:
        read(tmp_path, GOOD.replace("read: printed", "read: guessed").replace("at_least: 5", f"at_least: {long}"))
    path = tmp_path / "claims.yml"
    assert str(error.value).split("\n") == [
        f"{path}: claims.0.expect.small.at_least: Input should be a valid number, unable to parse string as a number, "
        f"got '{'x' * 79}",
        f"{path}: claims.0.read: Input should be 'printed', 'figure' or 'derived', got 'guessed'",
    ]


def test_a_fault_of_the_whole_file_says_so(tmp_path):
    with pytest.raises(ClaimsError, match=r"claims\.yml: file: Input should be a valid dictionary .*, got \['a'\]$"):
        read(tmp_path, "[a]\n")


def test_claims_come_before_controls_and_may_hold_any_alphabet(tmp_path):
    control = "controls:\n  - {id: c, statement: Größe, unit: '1', expect: {small: {at_most: 1}}, because: b}\n"
    claims = read(tmp_path, GOOD + control)
    assert [statement.id for statement in claims.statements()] == ["the-claim", "c"]
    assert [statement.value_in_paper() for statement in claims.statements()] == [10, None]
    assert claims.controls[0].statement == "Größe"
