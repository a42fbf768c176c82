"""The people of a BibTeX author field, split before anything is decoded."""

from __future__ import annotations

from bibliography.braces import is_one_group, split_outside_braces
from bibliography.latex import decode, fold_to_ascii
from bibliography.model import Author

_AND = r"(?:^|\s+)(?i:and)(?:\s+|$)"
_COMMA = r"\s*,\s*"


class NameFormError(ValueError):
    """A name that is not written ``Family, Given``; the message is the name."""


def read_names(value: str) -> tuple[Author, ...]:
    """Return the authors of a value such as ``De Cao, Nicola and {Anthropic}``.

    Raises:
        NameFormError: A name is neither ``Family, Given`` nor an organisation in braces.
        LatexError: A name holds LaTeX that cannot be decoded.
    """
    return tuple(_read_name(name.strip()) for name in split_outside_braces(value, _AND))


def surnames_for_key(family: str) -> set[str]:
    """Return how a key may write a family name: with its lower-case particles (van, de), or without."""
    words = family.split()
    while len(words) > 1 and words[0].islower():
        words.pop(0)
    return {fold_to_ascii(family), fold_to_ascii("".join(words))}


def _read_name(name: str) -> Author:
    if is_one_group(name):
        parts = [decode(name), ""]
    else:
        parts = [decode(part) for part in split_outside_braces(name, _COMMA)]
        if len(parts) != 2 or not parts[1]:
            raise NameFormError(name)
    if not parts[0]:
        raise NameFormError(name)
    return Author(family=parts[0], given=parts[1])
