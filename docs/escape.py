"""Escaping: fields of the records are plain text, and plain text they stay on a page, whatever they contain."""

import html
import json
import re

from markupsafe import Markup

# Everything that Markdown or one of its extensions may read as syntax, written as an HTML entity, which every Markdown
# processor and every raw HTML block shows as the character itself.
_SYNTAX = re.compile(r"[&<>\"'\\`*_\[\]{}|~^$#!]")
# What JSON allows in a string, and YAML does not, or takes for the end of a line; and what may start markup.
_CODED = re.compile("[<>&\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_LINE_START = re.compile(r"^(\s*)([-+=:]|\d+[.)](?=\s|$))", re.MULTILINE)


def escape_markdown(text: object) -> Markup:
    """Returns `text` so that Markdown and HTML both show it letter by letter; `Markup` passes unchanged."""
    if isinstance(text, Markup):
        return text
    escaped = _SYNTAX.sub(lambda match: f"&#{ord(match.group())};", str(text))
    return Markup(_LINE_START.sub(lambda m: m.group(1) + "".join(f"&#{ord(c)};" for c in m.group(2)), escaped))


def quote_front_matter(text: str) -> Markup:
    """Returns `text` as a YAML string for front matter; HTML is escaped, because themes print titles unescaped."""
    return quote_data(html.escape(" ".join(text.split())))


def quote_data(value: object) -> Markup:
    """Returns a value of JSON as YAML for front matter, on one line; a theme must escape it before it prints it."""
    text = json.dumps(value, ensure_ascii=False)
    return Markup(_CODED.sub(lambda match: f"\\u{ord(match.group()):04x}", text))


def fence_code(text: str, language: str = "") -> Markup:
    """Returns `text` as a fenced code block that no run of backticks in it can close."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return Markup(f"{fence}{language}\n{text.rstrip()}\n{fence}")
