"""A transformer with an exact induction circuit, built by hand, and the sequences it is shown."""

import numpy as np
import pytest
import torch

from replications.induction_heads.method import draw_random_sequences, repeat_sequences
from replications.induction_heads.model import Shape, Transformer

WORDS = 40
START = WORDS
SHARP = 1e4  # large enough that a softmax puts all attention on the highest score


@pytest.fixture
def plain() -> torch.Tensor:
    return draw_random_sequences(np.arange(WORDS), np.random.default_rng(0))


@pytest.fixture
def repeated(plain: torch.Tensor) -> torch.Tensor:
    return repeat_sequences(plain, START)


@pytest.fixture
def hand_built(repeated: torch.Tensor) -> Transformer:
    """One head a layer. The stream holds, side by side, the token, the token before it, and room for the position.

    Layer 0 attends to the position before and notes its token; layer 1 looks for the present token among those notes
    and copies the token it finds there.
    """
    tokens, positions = WORDS + 1, repeated.shape[1]
    width = 2 * tokens + positions + (2 * tokens + positions) % 2
    model = Transformer(Shape(layers=2, heads=1, width=width, vocabulary=tokens, context=positions))
    own, before = torch.eye(width)[:tokens], torch.eye(width)[tokens : 2 * tokens]
    place = torch.eye(width)[2 * tokens : 2 * tokens + positions]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.positions = place.clone()
        model.embedding.copy_(own)
        model.unembedding.copy_(own.T)
        first, second = model.attention
        first.W_Q[0] = SHARP * place[1:].T @ place[:-1]  # position i asks for position i - 1
        first.W_K[0] = place.T @ place
        first.W_V[0] = own.T @ own
        first.W_O[0] = own.T @ before
        second.W_Q[0] = SHARP * own.T @ own
        second.W_K[0] = before.T @ own
        second.W_V[0] = own.T @ own
        second.W_O[0] = SHARP * own.T @ own
    return model.requires_grad_(False)


def make_model(**changes) -> Transformer:
    """Returns a small random model; the same one every time."""
    torch.manual_seed(0)
    sizes = {"layers": 2, "heads": 4, "width": 32, "vocabulary": WORDS + 1, "context": 128, **changes}
    return Transformer(Shape(**sizes)).requires_grad_(False)
