"""Proposes the key of a new entry, and the sections that it may belong to."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from bibliography.adding.draft import Draft
from bibliography.latex import fold_to_ascii
from bibliography.model import Section
from bibliography.names import surnames_for_key
from bibliography.online.fold import fold, fold_together

_SMALL_WORDS = frozenset(
    re.findall(
        r"\w+",
        """a an and are as at be between beyond but by can do does for from has have how i if in into is it its more no
        not of on or our out s so some than that the their there these they this to toward towards under up us using
        via we what when where which who why will with without you your""",
    )
)
# A key that starts so is refused as soon as the author is filled in.
_NO_SURNAME = "todo"


def propose_key(draft: Draft, taken: Collection[str]) -> str:
    """Return ``surnameYEARword`` with the first significant word of the title, made unique by the next ones."""
    year = draft.fields.get("year", "")
    stem = f"{_surname(draft)}{year if year.isdigit() else '0000'}"
    words = [word for word in _words(draft.title) if word.isascii()]
    identifier = fold_together(draft.fields.get("eprint", "") or draft.fields.get("doi", ""))
    candidates = _candidates(words or [identifier if identifier.isascii() and identifier else "untitled"])
    return next(key for word in candidates if (key := f"{stem}{word}") not in taken)


def _candidates(words: list[str]) -> Iterator[str]:
    yield from words
    number = 2
    while True:
        yield f"{words[0]}{number}"
        number += 1


def _surname(draft: Draft) -> str:
    author = draft.first_author
    if author is None:
        return _NO_SURNAME
    if not author.given:
        return next((name for word in author.family.split() if (name := fold_to_ascii(word))), _NO_SURNAME)
    return min(surnames_for_key(author.family), key=len) or _NO_SURNAME


def _words(text: str) -> Iterator[str]:
    """Yield the significant words of a text, folded; the small ones if there are no others."""
    words = fold(text).split()
    yield from [word for word in words if word not in _SMALL_WORDS and len(word) > 1] or words


def propose_sections(
    title: str, sections: Iterable[Section], titles: Mapping[str, str], most: int = 3
) -> list[tuple[str, list[str]]]:
    """Return the slugs of the sections whose papers' titles share most with a title, with the shared words.

    Args:
        title: Of the new paper.
        sections: The top-level sections.
        titles: Of the papers in them, by key.
        most: How many to return.
    """
    words_by_slug: dict[str, Counter[str]] = defaultdict(Counter)
    for top in sections:
        for _, section in top.walk():
            texts = [section.title, *(titles.get(key, "") for key in section.keys)]
            words_by_slug[section.slug].update(word for text in texts for word in set(_words(text)))
    spread = Counter(word for words in words_by_slug.values() for word in words)
    scores = {}
    for slug, words in words_by_slug.items():
        shared = sorted(set(_words(title)) & set(words), key=lambda word: (spread[word], word))
        # A word says the more the fewer sections have it.
        if score := sum(min(words[word], 3) / spread[word] for word in shared):
            scores[slug] = (score, shared)
    best = sorted(scores, key=lambda slug: (-scores[slug][0], -len(scores[slug][1]), slug))[:most]
    return [(slug, scores[slug][1]) for slug in best]
