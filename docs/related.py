"""Papers near a paper: those that our entries relate, and those that share its topics and methods."""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from bibliography import Library, Paper

MOST = 5


@dataclass(frozen=True)
class Neighbour:
    """A paper that is near another one, and the words that both carry, the rarest first."""

    paper: Paper
    shared: tuple[str, ...]


def list_neighbours(library: Library) -> Mapping[str, tuple[Neighbour, ...]]:
    """Returns, for each paper, up to `MOST` papers near it that its own entry does not name.

    A shared word counts the more the fewer papers carry it; papers whose entry names this one come before the others.
    """
    words = {paper.key: (*paper.topics, *paper.methods) for paper in library}
    carriers: dict[str, list[str]] = defaultdict(list)
    named_by: dict[str, set[str]] = defaultdict(set)
    for paper in library:
        for word in words[paper.key]:
            carriers[word].append(paper.key)
        for key in paper.related:
            named_by[key].add(paper.key)
    rarity = {word: math.log(len(library) / len(keys)) for word, keys in carriers.items()}

    def find(paper: Paper) -> tuple[Neighbour, ...]:
        scores: dict[str, float] = dict.fromkeys(sorted(named_by[paper.key]), 0.0)
        for word in words[paper.key]:
            for key in carriers[word]:
                scores[key] = scores.get(key, 0.0) + rarity[word]
        left_out = {paper.key, *paper.related}
        ranked = sorted(
            (key for key in scores if key not in left_out),
            key=lambda key: (key not in named_by[paper.key], -scores[key]),
        )
        own = set(words[paper.key])
        return tuple(
            Neighbour(library[key], tuple(sorted(own & set(words[key]), key=lambda word: (-rarity[word], word))))
            for key in ranked[:MOST]
        )

    return {paper.key: find(paper) for paper in library}
