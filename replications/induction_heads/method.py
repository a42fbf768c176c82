"""The head evaluators, the in-context score and pattern-preserving ablation.

Source: olsson2022context, Key Concepts; App. Data Collection (1) to (3). Pure functions of what a model computed,
so that they serve small models of our own and a pretrained one alike.
"""

from collections.abc import Collection

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from replications.induction_heads.model import Run, Transformer

PERIOD = 25  # random tokens in a sequence (App. Data Collection, 3)
REPEATS = 4  # times that the sequence is repeated for prefix matching
EXAMPLES = 10  # sequences that a score is the mean of


def draw_random_sequences(
    usual: Int[np.ndarray, " token"], rng: np.random.Generator, *, examples: int = EXAMPLES, period: int = PERIOD
) -> Int[Tensor, "example period"]:
    """Returns sequences of different random tokens.

    Source: olsson2022context, App. Data Collection (3).

    Args:
        usual: the tokens to draw from: neither the most nor the least common ones.
        rng: source of the draws.
        examples: number of sequences.
        period: tokens in each.

    Raises:
        ValueError: there are fewer usual tokens than a sequence needs.
    """
    if len(usual) < period:
        raise ValueError(f"got {len(usual)} usual tokens; expected at least {period}, all different in a sequence")
    # Deviation: distinct-tokens
    return torch.from_numpy(np.stack([rng.permutation(usual)[:period] for _ in range(examples)]))


def select_usual_tokens(counts: Int[np.ndarray, " token"]) -> Int[np.ndarray, " token"]:
    """Returns the tokens that are neither among the most common tenth nor in the less common half, by `counts`."""
    by_frequency = np.argsort(-counts, kind="stable")
    return np.sort(by_frequency[len(counts) // 10 : len(counts) // 2])


def repeat_sequences(
    sequences: Int[Tensor, "example period"], start: int, repeats: int = REPEATS
) -> Int[Tensor, "example position"]:
    """Returns each sequence repeated, after a start token.

    Source: olsson2022context, App. Data Collection (3), Prefix matching.
    """
    first = sequences.new_full((len(sequences), 1), start)
    return torch.cat([first, sequences.repeat(1, repeats)], 1)


def prefix_matching_scores(
    patterns: Float[Tensor, "batch head query key"], period: int = PERIOD
) -> Float[Tensor, " head"]:
    """Returns each head's prefix matching score, from 0 to 1.

    It is the attention from a token to the tokens that followed it in earlier repeats, summed over those, mean over the
    tokens that have an earlier repeat and over examples.

    Source: olsson2022context, App. Data Collection (3), Prefix matching.

    Args:
        patterns: on sequences of `repeat_sequences`; position 0 is the start token.
        period: tokens in a sequence before it repeats.
    """
    # Deviation: prefix-target
    positions = patterns.shape[-1]
    distance = torch.arange(positions)[:, None] - torch.arange(positions)  # query minus key
    target = (distance % period == period - 1) & (distance > 0)
    target[:, :2] = False  # key 1 follows the start token, not an earlier occurrence
    target = target.to(patterns.device)
    return (patterns * target)[:, :, period + 1 :].sum(-1).mean((0, 2))


def previous_token_scores(patterns: Float[Tensor, "batch head query key"]) -> Float[Tensor, " head"]:
    """Returns each head's mean attention from a token to the one before it, from 0 to 1, on documents of the corpus.

    Source: olsson2022context, App. Data Collection (3), Previous token.
    """
    return patterns.diagonal(-1, 2, 3).mean((0, 2))


def copying_scores(
    patterns: Float[Tensor, "batch head query key"],
    raised: Float[Tensor, "batch head key vocab"],
    tokens: Int[Tensor, "batch position"],
) -> Float[Tensor, " head"]:
    """Returns each head's copying score, from -1 (raises only other tokens) to 1 (raises only what it attends to).

    Source: olsson2022context, App. Data Collection (3), Copying.

    Args:
        patterns: on random sequences that do not repeat.
        raised: what each head would add to the logits if it attended to one key alone, along the direct path.
        tokens: the sequences.
    """
    # Deviation: copying-per-source
    lifted = (raised - raised.mean(-1, keepdim=True)).relu()
    weights = patterns.sum(2)  # attention that a key gets, over all queries
    in_sample = lifted.gather(3, tokens[:, None, None].expand(*lifted.shape[:3], -1))  # batch head key token
    of_itself = (weights * in_sample.diagonal(0, 2, 3)).sum(-1)
    of_all = (weights[..., None] * in_sample).sum((-1, -2))
    ratio = of_itself / (of_itself + of_all).clamp_min(torch.finfo(of_all.dtype).tiny)
    return (4 * ratio - 1).mean(0)


def raised_logits(
    model: Transformer, tokens: Int[Tensor, "batch position"]
) -> list[Float[Tensor, "batch head key vocab"]]:
    """Returns, for each layer, the logits that each head raises along the direct path, key by key.

    The scale of the final norm is left out: it is the same for all logits of a query.
    """
    raised = []

    def catch(layer: int, mixed: Tensor) -> Tensor:
        attention = model.attention[layer]
        raised.append(torch.einsum("bhpd,hdm,mv->bhpv", mixed, attention.W_O, model.unembedding))
        return own.mixed_values[layer]

    own = model.run(tokens)
    identity = torch.eye(tokens.shape[1], device=tokens.device)
    alone = [identity.expand_as(pattern) for pattern in own.patterns]
    model.run(
        tokens, patterns=alone, edit=catch
    )  # every head attends to itself alone; the next layer sees its real input
    return raised


def in_context_score(
    losses: Float[np.ndarray, "... position"], early: tuple[int, int], late: tuple[int, int]
) -> Float[np.ndarray, "..."]:
    """Returns the mean loss of the late tokens minus that of the early ones, in nats; negative = learns in context.

    Source: olsson2022context, Key Concepts (there tokens 500 and 50).

    Args:
        losses: of each token, the first entry that of token 1, since the start token 0 is given.
        early: first and last early token.
        late: first and last late token.
    """

    def mean_over(band: tuple[int, int]) -> Float[np.ndarray, "..."]:
        return losses[..., band[0] - 1 : band[1]].mean(-1)

    return mean_over(late) - mean_over(early)


def run_ablated(model: Transformer, tokens: Int[Tensor, "batch position"], heads: Collection[tuple[int, int]]) -> Run:
    """Returns the run in which the outputs of `heads` (layer, head) are zero, with all patterns of the whole model.

    Source: olsson2022context, App. Data Collection (2), pattern-preserving ablation.
    """

    def silence(layer: int, mixed: Tensor) -> Tensor:
        kept = torch.tensor([(layer, head) not in heads for head in range(mixed.shape[1])], device=mixed.device)
        return mixed * kept[:, None, None]

    return model.run(tokens, patterns=model.run(tokens).patterns, edit=silence)


def token_losses(
    logits: Float[Tensor, "batch position vocab"], tokens: Int[Tensor, "batch position"]
) -> Float[Tensor, "batch later"]:
    """Returns the loss of every token but the first, in nats."""
    return torch.nn.functional.cross_entropy(logits[:, :-1].transpose(1, 2), tokens[:, 1:], reduction="none")
