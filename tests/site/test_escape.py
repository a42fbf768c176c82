"""Whatever a field contains is shown letter by letter, in Markdown, in raw HTML and in front matter."""

import html
import re

import markdown
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from docs.escape import escape_markdown, fence_code, isolate_direction, quote_data, quote_front_matter

EXTENSIONS = ["admonition", "attr_list", "md_in_html", "tables", "toc", "pymdownx.highlight", "pymdownx.superfences"]
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "[click](javascript:alert(1))",
    "*a* _b_ `c` **d** ~~e~~ ^f^ $g$ | h | {: .i } {{ j }} {% k %}",
    "# not a heading",
    "- not a list",
    "12. not a list",
    "> not a quote",
    "!!! not an admonition",
    "=== not a heading",
    "![not an image](x.png)",
    "&lt;already&gt; &amp; escaped",
    "trailing backslash \\",
    "مرحبا 你好 🙂 Ünï",
]
# Markdown strips these as white space, or keeps them for its own bookkeeping.
DIRECTION = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
LETTERS = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters=DIRECTION)


def shown(source: str) -> str:
    """Returns the text that a reader of the rendered source sees."""
    rendered = markdown.markdown(source, extensions=EXTENSIONS)
    return html.unescape(re.sub(r"<[^>]*>|[\u2068\u2069]", "", rendered))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_as_it_is(text):
    rendered = markdown.markdown(f"before {escape_markdown(text)} after", extensions=EXTENSIONS)
    assert re.findall(r"<(\w+)", rendered) == ["p"]
    assert shown(f"before {escape_markdown(text)} after") == f"before {text} after"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_at_the_start_of_a_line_is_no_syntax(text):
    assert re.findall(r"<(\w+)", markdown.markdown(str(escape_markdown(text)), extensions=EXTENSIONS)) == ["p"]


@given(st.text(LETTERS, min_size=1))
def test_any_text_is_shown_as_it_is(text):
    folded = " ".join(text.split())
    assert " ".join(shown(f"x {escape_markdown(folded)} x").split()) == f"x {folded} x".replace("  ", " ").strip()


@given(st.text(LETTERS))
def test_front_matter_survives_yaml_and_no_theme_can_be_broken_by_it(text):
    value = yaml.safe_load(f"title: {quote_front_matter(text)}")["title"]
    assert html.unescape(value).strip("\u2068\u2069") == html.unescape(html.escape(" ".join(text.split())))
    assert not set('<>"') & set(value)


@pytest.mark.parametrize("text", ["```", "a\n````\nb", "~~~", "plain"])
def test_no_text_closes_its_own_code_block(text):
    rendered = markdown.markdown(str(fence_code(text)), extensions=EXTENSIONS)
    assert rendered.count("<pre") == 1
    assert text in html.unescape(re.sub(r"<[^>]*>", "", rendered))


@given(st.dictionaries(st.text(), st.lists(st.text())))
def test_data_in_front_matter_comes_back_as_it_was(value):
    line = str(quote_data(value))
    assert "\n" not in line
    assert not set("<>&") & set(line)
    assert yaml.safe_load(f"key: {line}")["key"] == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain, ASCII", "plain, ASCII"),
        ("Łukasz Müller", "Łukasz Müller"),
        ("abc \u202egpj.exe\u2067", "abc gpj.exe"),
        ("محمد", "\u2068محمد\u2069"),
        ("a \u200fדוד\u202c b", "\u2068a דוד b\u2069"),
    ],
)
def test_no_text_turns_the_direction_of_what_stands_beside_it(text, expected):
    assert isolate_direction(text) == expected
