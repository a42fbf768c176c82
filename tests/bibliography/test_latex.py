"""Decoding of names and titles."""

import pytest

from bibliography.braces import is_one_group, split_outside_braces
from bibliography.latex import LatexError, decode, fold_to_ascii
from bibliography.names import NameFormError, read_names, surnames_for_key


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"B{\"u}rger", "Bürger"),
        (r"Vi{\'e}gas", "Viégas"),
        (r"Garc{\'\i}a", "García"),
        (r"{\v{S}}ibenik and {\c c}", "Šibenik and ç"),
        (r"{\L}ukasz {\o} {\ss} {\AA}", "Łukasz ø ß Å"),
        ("{GPT}-2  in\n    the {W}ild", "GPT-2 in the Wild"),
        (r"$k$-Sparse $\alpha_1$ and $\ell_0$", "k-Sparse α_1 and ℓ_0"),
        ("``quoted'' --- 1--2", "“quoted” — 1–2"),
        (r"R\&D, 50\%, \#1, a\_b", "R&D, 50%, #1, a_b"),
        (r"Don't \emph{shout}", "Don't shout"),
        ("Figure~5", "Figure 5"),
    ],
)
def test_latex_becomes_unicode(latex: str, text: str) -> None:
    assert decode(latex) == text


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        (r"\foo{x}", r"unknown command \foo"),
        (r"\input{/etc/passwd}", r"unknown command \input"),
        (r"see \ref{x}", r"unknown command \ref"),
        (r"\begin{x}a\end{x}", r"unknown command \begin"),
        ("50% of it", "unescaped %"),
        ("this & that", "unescaped &"),
        ("a_b", "unescaped _ outside mathematics"),
        ("an open $k", "Unexpected end of stream"),
        ("\\", "unknown command \\"),
        (r"\"" * 5000 + "{" * 5000 + "}" * 5000, "commands nested too deeply"),
    ],
)
def test_latex_that_would_be_lost_is_refused(latex: str, message: str) -> None:
    with pytest.raises(LatexError) as error:
        decode(latex)
    assert message in str(error.value)


def test_names_are_split_outside_braces_before_they_are_decoded() -> None:
    names = read_names("van der Maaten, Laurens and\n    {Simon and Schuster} and {Knuth}, {D. E.} AND {\\'A}vila, J.")
    assert [(name.family, name.given) for name in names] == [
        ("van der Maaten", "Laurens"),
        ("Simon and Schuster", ""),
        ("Knuth", "D. E."),
        ("Ávila", "J."),
    ]


@pytest.mark.parametrize("name", ["others", "Eric Mitchell", "Mitchell,", ", Eric", "Mitchell, Jr., Eric", "", "{}"])
def test_a_name_in_another_form_is_refused(name: str) -> None:
    with pytest.raises(NameFormError):
        read_names(f"Lin, Charles and {name}")


@pytest.mark.parametrize(
    ("family", "key"),
    [
        ("De Cao", "decao"),
        ("Garriga-Alonso", "garrigaalonso"),
        ("van der Maaten", "maaten"),
        ("van der Maaten", "vandermaaten"),
        ("O'Neil", "oneil"),
        ("Łøß", "loss"),
    ],
)
def test_a_key_may_start_with_the_folded_family_name(family: str, key: str) -> None:
    assert key in surnames_for_key(family)


def test_folding_keeps_only_ascii_letters() -> None:
    assert fold_to_ascii("Çéß 3-x中") == "cessx"


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("{a}", True), ("{a{b}c}", True), ("{{a}{b}}", True), ("{}", True), ("{a}{b}", False), ("{a} and {b}", False),
        ("a{b}", False), ("{b}a", False), ("}a{", False), ("{a}}", False), ("{{a}", False), ("a", False), ("", False),
        ("{{a}b", False), ("a{{b}}", False), ("{{a}}b", False), ("{a\\{b}", False),
    ],
)  # fmt: skip
def test_one_group_closes_with_its_last_brace_alone(text: str, whole: bool) -> None:
    assert is_one_group(text) is whole


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a;b;c", ["a", "b", "c"]),
        ("a;{b;c};d", ["a", "{b;c}", "d"]),
        ("{a;{b;c};d};e", ["{a;{b;c};d}", "e"]),
        ("{a};b", ["{a}", "b"]),
        ("a", ["a"]),
        ("", [""]),
        (";{}", ["", "{}"]),
        ("a;{b;c", ["a", "{b;c"]),
        ("a};b;c", ["a};b;c"]),
    ],
)
def test_separators_part_a_text_only_outside_braces(text: str, parts: list[str]) -> None:
    assert split_outside_braces(text, ";") == parts
