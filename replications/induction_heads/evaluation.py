"""What is observed on a model at a snapshot: losses by position, and the three scores of every head."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from replications.induction_heads.corpora import Corpus, find_usual_tokens
from replications.induction_heads.method import (
    copying_scores,
    draw_random_sequences,
    prefix_matching_scores,
    previous_token_scores,
    raised_logits,
    repeat_sequences,
    token_losses,
)
from replications.induction_heads.model import Transformer

EVALUATED_TOKENS = 512  # length of an evaluation document (olsson2022context, App. Data Collection, 1)
PREVIOUS_TOKEN_DOCUMENTS = 10  # every score is a mean of 10 examples (App. Data Collection, 3)
WATCHED_PERIOD, WATCHED_REPEATS = 8, 3  # a sequence short enough to draw


@dataclass(frozen=True)
class Probes:
    """What every snapshot of every model of an experiment is shown.

    Attributes:
        documents: held-out documents.
        repeated: random sequences, repeated.
        plain: random sequences that do not repeat.
        watched: one short sequence, repeated, whose attention is kept.
    """

    documents: Int[Tensor, "document position"]
    repeated: Int[Tensor, "example position"]
    plain: Int[Tensor, "example period"]
    watched: Int[Tensor, "one position"]


@dataclass(frozen=True)
class Observation:
    """What was observed at one snapshot."""

    losses: Float[np.ndarray, " position"]
    prefix: Float[np.ndarray, "layer head"]
    copying: Float[np.ndarray, "layer head"]
    previous: Float[np.ndarray, "layer head"]
    watched: Float[np.ndarray, "layer head query key"]


def draw_probes(corpus: Corpus, count: int, seed: int) -> Probes:
    """Returns the probes of a corpus; the same seed gives the same ones.

    Args:
        corpus: the corpus.
        count: number of held-out documents.
        seed: of all draws.
    """
    # Deviation: fewer-examples
    rng = np.random.default_rng(seed)
    documents = corpus.draw_held_out(count, rng)[:, :EVALUATED_TOKENS]
    usual = find_usual_tokens(corpus, rng)
    plain = draw_random_sequences(usual, rng)
    short = draw_random_sequences(usual, rng, examples=1, period=WATCHED_PERIOD)
    return Probes(
        documents,
        repeat_sequences(plain, corpus.start),
        plain,
        repeat_sequences(short, corpus.start, WATCHED_REPEATS),
    )


@torch.no_grad()
def observe(model: Transformer, probes: Probes, documents_at_once: int) -> Observation:
    """Returns what a model does on the probes, as numpy arrays."""
    device = model.embedding.device

    def stack(scores: list[Tensor]) -> Float[np.ndarray, "layer head"]:
        return torch.stack(scores).cpu().numpy()

    plain = probes.plain.to(device)
    spread = model.run(plain).patterns
    raised = raised_logits(model, plain)
    ordinary = probes.documents[:PREVIOUS_TOKEN_DOCUMENTS].to(device)
    return Observation(
        losses=mean_losses(model, probes.documents, documents_at_once),
        prefix=stack([prefix_matching_scores(p) for p in model.run(probes.repeated.to(device)).patterns]),
        copying=stack([copying_scores(p, r, plain) for p, r in zip(spread, raised, strict=True)]),
        previous=stack([previous_token_scores(p) for p in model.run(ordinary).patterns]),
        watched=stack([p[0] for p in model.run(probes.watched.to(device)).patterns]),
    )


@torch.no_grad()
def mean_losses(
    model: Transformer, documents: Int[Tensor, "document position"], documents_at_once: int
) -> Float[np.ndarray, " position"]:
    """Returns the mean loss of each token but the first, in nats."""
    device = model.embedding.device
    total = torch.zeros(documents.shape[1] - 1, device=device)
    for part in documents.split(documents_at_once):
        tokens = part.to(device)
        total += token_losses(model(tokens), tokens).sum(0)
    return (total / len(documents)).cpu().numpy()
