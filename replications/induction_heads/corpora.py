"""Corpora: what models are trained and evaluated on, phrase documents or text behind the same three methods."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from replications.common.byte_pairs import EncodedText
from replications.common.params import StageParams
from replications.induction_heads.dataset import PhraseLanguage, make_language, write_documents
from replications.induction_heads.method import select_usual_tokens
from replications.induction_heads.settings import Experiment
from replications.induction_heads.text import load_text

FREQUENCY_SAMPLE = 512  # documents in which tokens are counted


class Params(StageParams):
    """Section `train` of `params.yaml`."""

    phrase_share: float
    phrase_length: int
    concentration: float
    language_seed: int
    evaluation_seed: int
    watched_model: str


class Corpus(Protocol):
    """Documents of one length, each beginning with the start token."""

    @property
    def start(self) -> int:
        """The start token."""

    @property
    def vocabulary(self) -> int:
        """Number of tokens, the start token included."""

    def draw(self, count: int, rng: np.random.Generator) -> Int[Tensor, "document position"]:
        """Returns documents to train on."""

    def draw_held_out(self, count: int, rng: np.random.Generator) -> Int[Tensor, "document position"]:
        """Returns documents to evaluate on."""


@dataclass(frozen=True)
class PhraseCorpus:
    """Phrase documents; fresh ones are as good as held-out ones."""

    language: PhraseLanguage
    context: int
    phrases: int

    @property
    def start(self) -> int:
        """The start token."""
        return self.language.start

    @property
    def vocabulary(self) -> int:
        """Number of tokens, the start token included."""
        return self.language.words + 1

    def draw(self, count: int, rng: np.random.Generator) -> Int[Tensor, "document position"]:
        """Returns fresh documents."""
        return write_documents(self.language, count, self.context, self.phrases, rng)

    draw_held_out = draw


@dataclass(frozen=True)
class TextCorpus:
    """Pieces of text from random places."""

    text: EncodedText
    context: int
    start: int = 0

    @property
    def vocabulary(self) -> int:
        """Number of tokens, the start token included."""
        return self.text.tokenizer.get_vocab_size()

    def draw(self, count: int, rng: np.random.Generator) -> Int[Tensor, "document position"]:
        """Returns pieces of the training text."""
        return self._cut(self.text.training, count, rng)

    def draw_held_out(self, count: int, rng: np.random.Generator) -> Int[Tensor, "document position"]:
        """Returns pieces of the held-out text."""
        return self._cut(self.text.held_out, count, rng)

    def _cut(self, tokens: Int[np.ndarray, " token"], count: int, rng: np.random.Generator) -> Tensor:
        length = self.context - 1
        begins = rng.integers(len(tokens) - length, size=count)
        pieces = np.stack([tokens[begin : begin + length] for begin in begins]).astype(np.int64)
        return torch.from_numpy(np.pad(pieces, ((0, 0), (1, 0)), constant_values=self.start))


def open_corpus(experiment: Experiment, phrases: int, params: Params) -> Corpus:
    """Returns the corpus of an experiment; `phrases` is how many a phrase document owns. Raises as `load_text`."""
    choice = experiment.corpus
    if choice.source != "phrases":
        return TextCorpus(load_text(choice.source, choice.path, choice.vocabulary), experiment.context)
    language = make_language(
        choice.vocabulary,
        concentration=params.concentration,
        phrase_share=params.phrase_share,
        phrase_length=params.phrase_length,
        rng=np.random.default_rng(params.language_seed),
    )
    return PhraseCorpus(language, experiment.context, phrases)


def find_usual_tokens(corpus: Corpus, rng: np.random.Generator) -> Int[np.ndarray, " token"]:
    """Returns the tokens of a corpus that random sequences are drawn from; never the start token."""
    counted = np.bincount(corpus.draw(FREQUENCY_SAMPLE, rng)[:, 1:].flatten().numpy(), minlength=corpus.vocabulary)
    return select_usual_tokens(counted)
