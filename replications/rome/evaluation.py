"""What an edit is measured by: how likely the new and the true object are, and what the model writes."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from sklearn.feature_extraction.text import TfidfVectorizer
from torch import Tensor

from replications.rome.decoder import Decoder, Keys, attend, embed, run_mlp, unembed
from replications.rome.runs import next_token_logits, pad, target_log_probability

WORD = re.compile(r"\w+|[^\w\s]")
NGRAM_WEIGHTS = {2: 2 / 3, 3: 4 / 3}  # the authors' code


@dataclass(frozen=True)
class Questions:
    """The prompts of a fact, in tokens, with both objects."""

    edited: Sequence[int]
    paraphrases: Sequence[Sequence[int]]
    neighbours: Sequence[Sequence[int]]
    true: Sequence[int]
    new: Sequence[int]


@dataclass(frozen=True)
class Scores:
    """Scores of one edit: shares of prompts with the wanted order, and mean differences of probability.

    Attributes:
        efficacy: P[new] > P[true] on the edited prompt, 0 or 1 (ES).
        efficacy_magnitude: P[new] - P[true] there (EM).
        paraphrase: share of the paraphrases with P[new] > P[true] (PS).
        paraphrase_magnitude: P[new] - P[true] there (PM).
        neighborhood: share of the neighbours with P[true] > P[new] (NS).
        neighborhood_magnitude: P[true] - P[new] there (NM).
        new: P[new] on the edited prompt.
    """

    efficacy: float
    efficacy_magnitude: float
    paraphrase: float
    paraphrase_magnitude: float
    neighborhood: float
    neighborhood_magnitude: float
    new: float


@torch.no_grad()
def probabilities(decoder: Decoder, questions: Questions) -> Float[np.ndarray, "prompt object"]:
    """Returns P of the true and of the new object after every prompt: the edited one, paraphrases, neighbours.

    P of an object of several tokens is the geometric mean over its tokens, as in the authors' code.
    """
    prompts = [questions.edited, *questions.paraphrases, *questions.neighbours]
    if len(questions.true) == len(questions.new) == 1:
        logits = next_token_logits(decoder, pad(prompts, decoder.device))
        found = logits.softmax(-1)[:, [questions.true[0], questions.new[0]]]
    else:
        targets = [questions.true] * len(prompts) + [questions.new] * len(prompts)
        found = target_log_probability(decoder, prompts * 2, targets).exp().unflatten(0, (2, -1)).T
    return np.asarray(found.cpu().numpy(), dtype=float)


def score(found: Float[np.ndarray, "prompt object"], paraphrases: int) -> Scores:
    """Returns the scores of an edit from the probabilities of all its prompts.

    Source: meng2022rome, § 3.3.
    """
    gain = found[:, 1] - found[:, 0]
    edited, paraphrased, neighbours = gain[0], gain[1 : 1 + paraphrases], gain[1 + paraphrases :]
    return Scores(
        float(edited > 0), float(edited), float((paraphrased > 0).mean()), float(paraphrased.mean()),
        float((neighbours < 0).mean()), float(-neighbours.mean()), float(found[0, 1]),
    )  # fmt: skip


def harmonic_score(
    efficacy: Float[np.ndarray, " edit"],
    paraphrase: Float[np.ndarray, " edit"],
    neighborhood: Float[np.ndarray, " edit"],
) -> float:
    """Returns S, the harmonic mean of the three mean scores; 0 if any of them is.

    Source: meng2022rome, § 3.3.
    """
    means = [float(values.mean()) for values in (efficacy, paraphrase, neighborhood)]
    return 0.0 if min(means) <= 0 else 3 / sum(1 / mean for mean in means)


@torch.no_grad()
def write_on(
    decoder: Decoder, prompts: Sequence[Sequence[int]], count: int, top_k: int, generator: torch.Generator
) -> list[list[int]]:
    """Returns `count` tokens after each prompt, drawn from the likeliest `top_k`; keys and values are kept."""
    rows = pad(prompts, decoder.device)
    positions, tokens = rows.positions, rows.tokens
    kept: list[Keys | None] = [None] * decoder.n_layers
    written = []
    for _ in range(count):
        residual = embed(decoder, tokens, positions.clamp(min=0))
        for number, layer in enumerate(decoder.layers):
            attention, keys, values = attend(decoder, layer, residual[None], positions, kept[number])
            kept[number] = _extend(kept[number], keys[0], values[0], positions)
            residual = residual + attention[0]
            residual = residual + run_mlp(decoder, layer, residual)
        likely = unembed(decoder, residual[:, -1]).topk(min(top_k, decoder.unembedding.shape[0]))
        drawn = torch.multinomial(likely.values.softmax(-1).cpu(), 1, generator=generator)
        tokens = likely.indices.gather(-1, drawn.to(decoder.device))
        positions = positions[:, -1:] + 1
        written.append(tokens[:, 0].tolist())
    return [list(row) for row in zip(*written, strict=True)]


def _extend(before: Keys | None, keys: Tensor, values: Tensor, positions: Tensor) -> Keys:
    seen = positions >= 0
    if before is None:
        return Keys(keys, values, seen)
    parts = (before.keys, keys), (before.values, values), (before.seen, seen)
    return Keys(*(torch.cat(part, dim=1) for part in parts))


def ngram_entropy(text: str) -> float:
    """Returns the weighted mean entropy of a text's bi- and trigrams, in bits (GE is 100 times that).

    Source: meng2022rome, § 3.3 (fluency), the weights as in the authors' code.
    """
    words = WORD.findall(text.lower())
    entropies = []
    for length, weight in NGRAM_WEIGHTS.items():
        counts = Counter(zip(*(words[start:] for start in range(length)), strict=False))
        shares = np.array(list(counts.values()), dtype=float) / max(1, counts.total())
        entropies.append(weight * float(-(shares * np.log2(shares)).sum()))
    return float(np.mean(entropies))


def consistency(text: str, references: Sequence[str], vectorizer: TfidfVectorizer) -> float:
    """Returns the cosine of a text and of reference texts together, as TF-IDF vectors.

    Source: meng2022rome, § 3.3 (RS).
    """
    one, other = vectorizer.transform([text, " ".join(references)])
    return float((one @ other.T).sum())
