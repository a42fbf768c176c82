"""Escaping: fields of the records are plain text, and plain text they stay on a page, whatever they contain."""

import html
import json
import re
import unicodedata

from markupsafe import Markup

# Everything that Markdown or one of its extensions may read as syntax, written as an HTML entity, which every Markdown
# processor and every raw HTML block shows as the character itself.
_SYNTAX = re.compile(r"[&<>\"'\\`*_\[\]{}|~^$#!]")
# What JSON allows in a string, and YAML does not, or takes for the end of a line; and what may start markup.
_CODED = re.compile("[<>&\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
# Characters that turn the direction of the text around them, beyond their own text if no counterpart ends them.
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_ISOLATED = "\u2068{}\u2069"
_LINE_START = re.compile(r"^(\s*)([-+=:]|\d+[.)](?=\s|$))", re.MULTILINE)


def escape_markdown(text: object) -> Markup:
    """Returns `text` so that Markdown and HTML both show it letter by letter; `Markup` passes unchanged.

    Text that holds letters written from right to left is isolated, so that it does not reorder what stands beside it.
    """
    if isinstance(text, Markup):
        return text
    escaped = _SYNTAX.sub(lambda match: f"&#{ord(match.group())};", isolate_direction(str(text)))
    return Markup(_LINE_START.sub(lambda m: m.group(1) + "".join(f"&#{ord(c)};" for c in m.group(2)), escaped))


def isolate_direction(text: str) -> str:
    """Returns `text` without characters that steer its direction, isolated if it has letters from right to left."""
    if text.isascii():
        return text
    text = _DIRECTION.sub("", text)
    turned = any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text)
    return _ISOLATED.format(text) if turned else text


def escape_title(text: str) -> str:
    """Returns `text` on one line, HTML escaped: themes print titles in the head and the navigation as they are."""
    return html.escape(" ".join(isolate_direction(text).split()))


def quote_front_matter(text: str) -> Markup:
    """Returns a title or description as a YAML string for front matter."""
    return quote_data(escape_title(text))


def quote_data(value: object) -> Markup:
    """Returns a value of JSON as YAML for front matter, on one line; a theme must escape it before it prints it."""
    text = json.dumps(value, ensure_ascii=False)
    return Markup(_CODED.sub(lambda match: f"\\u{ord(match.group()):04x}", text))


def fence_code(text: str, language: str = "") -> Markup:
    """Returns `text` as a fenced code block that no run of backticks in it can close."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return Markup(f"{fence}{language}\n{text.rstrip()}\n{fence}")
