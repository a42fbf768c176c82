"""Formulas become MathML when pages are derived; what cannot be shown stops the build."""

import html
import re
from dataclasses import replace

import markdown
import pytest

from docs.mathematics import FormulaError, render_mathematics
from docs.pages import derive_site
from docs.records import load_records


def render(text):
    """Returns a text as the site renders it."""
    return markdown.markdown(render_mathematics(text), extensions=["md_in_html", "pymdownx.superfences", "tables"])


def test_a_formula_in_a_line_becomes_mathml_and_stays_in_its_paragraph():
    shown = render(r"$\frac{1}{n}$ is the *weight*.")
    assert "<mfrac><mn>1</mn><mi>n</mi></mfrac>" in shown
    assert shown.startswith("<p>") and shown.endswith("is the <em>weight</em>.</p>")
    assert "$" not in shown


def test_a_formula_of_its_own_is_displayed_and_can_be_scrolled_with_the_keyboard():
    shown = render("Text\n\n$$\n\\sum_{i < n} a_i\n$$\n\nmore")
    assert '<div class="formula" tabindex="0"' in shown
    assert 'display="block"' in shown
    assert "&lt;" in shown and "&amp;lt;" not in shown
    assert shown.endswith("<p>more</p>")


@pytest.mark.parametrize("latex", ["a * b * c", "x_1 = y_1", "a^*_i b^*_j", r"\{x \mid x^2\}", "[a](b)"])
def test_markdown_reads_no_syntax_inside_a_formula(latex):
    shown = render(f"${latex}$")
    assert not re.search("<(em|strong|a|sub|sup|del)\\b", shown)


def test_prices_escaped_dollars_and_code_are_no_formulas():
    for text in ("It costs $5 or $6.", r"\$x\$", "`$x$`", "```\n$x$\n```", "    $x$"):
        assert "<math" not in render(text)
    assert "$x$" in html.unescape(render(r"\$x\$"))


def test_an_unknown_command_is_refused_with_the_formula_and_the_reason():
    with pytest.raises(FormulaError, match=r'got the formula `\\foo`: Unknown command "\\foo"\. Expected LaTeX'):
        render(r"$\foo$")


def test_the_build_names_the_page_of_a_formula_that_cannot_be_shown():
    records = load_records()
    wrong = replace(records.replications[0], abstract=r"The loss is $\foo$.")
    with pytest.raises(FormulaError, match=rf"^replications/{wrong.slug}\.md: got the formula `\\foo`"):
        list(derive_site(replace(records, replications=(wrong,))))


def test_a_formula_that_does_not_close_is_refused():
    with pytest.raises(FormulaError, match="got the formula"):
        render(r"$\frac{a}{b$")
