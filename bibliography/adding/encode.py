r"""Writes Unicode text as the LaTeX that entries are written in: ``Bürger`` becomes ``B{\"u}rger``."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from pylatexenc.latexencode import UnicodeToLatexEncoder

from bibliography.braces import is_one_group
from bibliography.files import is_control
from bibliography.latex import LatexError, decode, fold_space
from bibliography.model import Author

_SIGNS = {
    "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": "(", "}": ")",
    "\\": r"{\textbackslash}", "~": r"{\textasciitilde}", "^": r"{\textasciicircum}",
    # A parser may take @ and the brace of an accent after it for the start of an entry.
    "@": "{@}", "`": "'",
    "“": "``", "”": "''", "‘": "'", "’": "'", "–": "--", "—": "---", "…": "...", "\N{NO-BREAK SPACE}": " ",
    "\N{HYPHEN}": "-", "\N{NON-BREAKING HYPHEN}": "-", "−": "-",
}  # fmt: skip
_ENCODER = UnicodeToLatexEncoder(
    non_ascii_only=True,
    unknown_char_policy="keep",
    unknown_char_warning=False,
    replacement_latex_protection="braces-all",
)
# A style may write titles in lower case; letters after the first that are capital must stay so.
_MIXED_CASE = re.compile(r"[A-Za-z]+[A-Z][A-Za-z]*")
_UNESCAPED = re.compile(r"(?<!\\)([&%#_])")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_SPLIT_NAME = re.compile(r",|\band\b", re.I)


def encode(text: str) -> str:
    """Return plain text as LaTeX. A letter that LaTeX does not know stays as it is; `check` will name it."""
    return _balanced("".join(map(_encode_letter, visible(text))))


def encode_latex(text: str) -> str:
    """Return text that may be LaTeX already, with what is not ASCII encoded; as plain text if it is not."""
    latex = "".join(letter if letter.isascii() else _encode_letter(letter) for letter in visible(text))
    if "@" not in latex and is_one_group(f"{{{latex}}}"):
        for candidate in (latex, _UNESCAPED.sub(r"\\\1", latex)):
            if _is_latex(candidate):
                return candidate
    return encode(text)


def encode_title(text: str, *, is_latex: bool) -> str:
    """Return a title as LaTeX, with names such as GPT protected from styles that write titles in lower case."""
    if is_latex and re.search(r"[\\${}]", text):
        return encode_latex(text)
    shouted = sum(map(str.isupper, text)) > sum(map(str.islower, text))
    pieces, start = [], 0
    for match in () if shouted else _MIXED_CASE.finditer(text := visible(text)):
        pieces += [encode(text[start : match.start()]), f"{{{match[0]}}}"]
        start = match.end()
    return "".join([*pieces, encode(text[start:])])


def encode_name(author: Author) -> str:
    """Return a name as ``Family, Given``, or an organisation in braces; empty where nothing of it is visible."""
    family, given = fold_space(encode(author.family)), fold_space(encode(author.given))
    if not given or not family:
        return f"{{{family or given}}}" if family or given else ""
    return ", ".join(f"{{{part}}}" if _SPLIT_NAME.search(part) else part for part in (family, given))


def visible(text: str) -> str:
    """Return text without characters that hide, in composed form, each white space made a plain one."""
    spaced = re.sub(r"\s", " ", text)
    return unicodedata.normalize("NFC", "".join(letter for letter in spaced if not is_control(letter)))


@cache
def _encode_letter(letter: str) -> str:
    if letter in _SIGNS:
        return _SIGNS[letter]
    if letter.isascii():
        return letter
    latex: str = _ENCODER.unicode_to_latex(letter)
    mathematics = re.sub(r"^\{\\ensuremath\{(.*)\}\}$", r"$\1$", latex)
    for candidate in (latex, mathematics):
        if candidate.isascii() and _decodes_to(candidate, letter):
            return candidate
    return letter


def _is_latex(text: str) -> bool:
    try:
        decode(_NOT_ASCII.sub("x", text))
    except LatexError:
        return False
    return True


def _decodes_to(latex: str, letter: str) -> bool:
    try:
        return is_one_group(f"{{{latex}}}") and decode(latex) == letter
    except LatexError:
        return False


def _balanced(latex: str) -> str:
    """Return LaTeX as it is; every piece of it is balanced, and so must be the whole."""
    if not is_one_group(f"{{{latex}}}"):
        raise AssertionError(f"unbalanced braces in {latex!r}")
    return latex
