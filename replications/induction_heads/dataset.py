"""Phrase documents: a bigram language, interrupted by phrases of random words that recur within one document."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True)
class PhraseLanguage:
    """A language of words from 0 on; its start token is the number of its words.

    Attributes:
        transitions: probability of each word after each word, outside of phrases.
        phrase_share: of the segments that are phrases.
        phrase_length: words in a phrase, and in the mean run of the chain.
    """

    transitions: Float[np.ndarray, "word next"]
    phrase_share: float
    phrase_length: int

    @property
    def words(self) -> int:
        """Number of words."""
        return len(self.transitions)

    @property
    def start(self) -> int:
        """The start token."""
        return self.words


def make_language(
    words: int, *, concentration: float, phrase_share: float, phrase_length: int, rng: np.random.Generator
) -> PhraseLanguage:
    """Returns a language whose bigram chain draws each word's successors from a Dirichlet distribution."""
    transitions = rng.dirichlet(np.full(words, concentration), size=words)
    return PhraseLanguage(transitions, phrase_share, phrase_length)


def write_documents(
    language: PhraseLanguage, count: int, length: int, phrases: int, rng: np.random.Generator
) -> Int[Tensor, "document position"]:
    """Returns documents: the start token, then phrases of the document's own and runs of the bigram chain, mixed.

    Args:
        language: the language.
        count: number of documents.
        length: tokens in each, the start token included.
        phrases: phrases that a document owns and draws from; 0 = each is used once, so that none recurs.
        rng: source of the draws.
    """
    # Deviation: phrase-documents
    owned = phrases or length // language.phrase_length + 1
    texts = rng.integers(language.words, size=(count, owned, language.phrase_length))
    cumulative = language.transitions.cumsum(1)
    documents = np.full((count, length), language.start)
    rows = np.arange(count)
    word = rng.integers(language.words, size=count)
    in_phrase = np.zeros(count, dtype=bool)
    phrase, place, left, used = (np.zeros(count, dtype=np.int64) for _ in range(4))
    for position in range(1, length):
        ended = left == 0
        begins_phrase = ended & (rng.random(count) < language.phrase_share)
        in_phrase = np.where(ended, begins_phrase, in_phrase)
        phrase = np.where(ended, rng.integers(owned, size=count) if phrases else used, phrase)
        used += begins_phrase
        place = np.where(ended, 0, place + 1)
        run = rng.integers(1, 2 * language.phrase_length, size=count)
        left = np.where(ended, np.where(begins_phrase, language.phrase_length, run), left)
        chained = np.minimum((rng.random(count)[:, None] >= cumulative[word]).sum(1), language.words - 1)
        spoken = texts[rows, phrase % owned, np.minimum(place, language.phrase_length - 1)]
        word = np.where(in_phrase, spoken, chained)
        documents[:, position] = word
        left -= 1
    return torch.from_numpy(documents)
