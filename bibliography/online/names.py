"""Compares the names of people across the ways in which services write them."""

from __future__ import annotations

from enum import Enum

from bibliography.model import Author
from bibliography.online.fold import fold, fold_case, fold_together


class Likeness(Enum):
    """How alike two values are, the most alike first; the value says what differs."""

    SAME = "the same"
    PUNCTUATION = "differs in accents or punctuation only"
    NUMBERS = "differs in numbers or small words only"
    MIDDLE_NAME = "differs in a middle name only"
    DIFFERENT = "different"


def compare_names(ours: Author, theirs: Author) -> Likeness:
    """Return how alike two names are; theirs may be split elsewhere than ours, or not at all.

    Initials agree with the names that they stand for, and a missing middle initial with its absence.
    """
    if fold_case(ours.display) == fold_case(theirs.display):
        return Likeness.SAME
    if fold_together(ours.display) == fold_together(theirs.display):
        return Likeness.PUNCTUATION
    family, whole = fold(ours.family).split(), fold(theirs.display).split()
    if not ours.given or len(whole) <= len(family) or whole[-len(family) :] != family:
        return Likeness.DIFFERENT
    likeness = _compare_given(fold(ours.given).split(), whole[: -len(family)])
    if likeness is Likeness.SAME and not _ends_with_family(ours, theirs):
        return Likeness.PUNCTUATION
    return likeness


def _ends_with_family(ours: Author, theirs: Author) -> bool:
    """Return whether the family names agree in accents and punctuation as well."""
    return fold_case(theirs.display).endswith(fold_case(ours.family))


def _compare_given(ours: list[str], theirs: list[str]) -> Likeness:
    """Return how alike given names are, as lists of folded words."""
    if len(ours) == len(theirs) == 1 and _agree(ours[0], theirs[0]):
        return Likeness.SAME
    short, long = sorted((ours, theirs), key=len)
    if short and "".join(word[0] for word in long) == "".join(short):
        return Likeness.SAME  # initials written as one word: "JA" for "John Alan"
    if not _agree(short[0], long[0]):
        return Likeness.DIFFERENT
    rest = list(long[1:])
    for word in short[1:]:
        while rest and not _agree(word, rest[0]):
            if len(rest.pop(0)) > 1:
                return Likeness.DIFFERENT
        if not rest:
            return Likeness.DIFFERENT
        rest.pop(0)
    return Likeness.MIDDLE_NAME if any(len(word) > 1 for word in rest) else Likeness.SAME


def _agree(one: str, other: str) -> bool:
    """Return whether two words are the same, or one is the initial of the other."""
    return one == other or (min(len(one), len(other)) == 1 and one[0] == other[0])
