"""Texts made comparable: what differs only in how it is written becomes equal."""

from __future__ import annotations

import re
import unicodedata

from bibliography.latex import LatexError, decode, fold_space

# Letters that Unicode does not decompose, and signs that are written in two ways.
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_SIGNS = str.maketrans(
    {letter: "-" for letter in "‐‑‒–—―−"}
    | {letter: "'" for letter in "‘’ʼ`´"}
    | {letter: '"' for letter in "“”„«»"}
    | {"\xad": None, "\u200b": None}
)


def read_latex(text: str) -> str:
    """Return a foreign text decoded where it is LaTeX (arXiv's are), and as it is where it is not."""
    try:
        return decode(text)
    except LatexError:
        return fold_space(re.sub(r"[{}$]", "", text))


def fold_case(text: str) -> str:
    """Return a text without what typesetting decides: case, white space, the shape of quotes and dashes."""
    text = unicodedata.normalize("NFKC", text).translate(_SIGNS).replace("--", "-")
    return fold_space(text.casefold())


def fold(text: str) -> str:
    """Return the letters and digits of a text, without accents, each word apart by one space."""
    text = fold_case(text).translate(_LETTERS).replace("&", " and ").replace("'", "")
    letters = (letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return fold_space("".join(letter if letter.isalnum() else " " for letter in letters))


def fold_together(text: str) -> str:
    """Return a folded text without spaces, so that a hyphen may stand where there is nothing elsewhere."""
    return fold(text).replace(" ", "")
