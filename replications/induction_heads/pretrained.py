"""The evaluators and the ablation on a pretrained model, and the numbers that the claims are about."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from tqdm import tqdm
from transformer_lens.head_detector import (
    compute_head_attention_similarity_score,
    get_induction_head_detection_pattern,
)
from transformers import PreTrainedTokenizerBase

from replications.common.bootstrap import bootstrap, bootstrap_mean
from replications.common.measurements import Measurement, exact, missing
from replications.common.models import LanguageModel
from replications.induction_heads import hooked
from replications.induction_heads.estimates import NO_HEADS, pearson
from replications.induction_heads.method import (
    EXAMPLES,
    PERIOD,
    copying_scores,
    draw_random_sequences,
    in_context_score,
    prefix_matching_scores,
    previous_token_scores,
    repeat_sequences,
    select_usual_tokens,
)

TEXT_LENGTH = 512  # tokens of an evaluation text (olsson2022context, App. Data Collection, 1)
Heads = list[tuple[int, int]]


@dataclass(frozen=True)
class HeadScores:
    """Scores of all heads, by example where an interval is wanted."""

    prefix: Float[np.ndarray, "example layer head"]
    copying: Float[np.ndarray, "example layer head"]
    previous: Float[np.ndarray, "layer head"]
    eigenvalues: Float[np.ndarray, "layer head"]
    prefix_by_transformerlens: Float[np.ndarray, "layer head"]

    def find_induction_heads(self, line: float, examples: Int[np.ndarray, " draw"] | slice = slice(None)) -> Heads:
        """Returns the induction heads that some examples show, strongest first."""
        prefix, copying = self.prefix[examples].mean(0), self.copying[examples].mean(0)
        found = zip(*np.nonzero((prefix >= line) & (copying > 0)), strict=True)
        return sorted(((int(layer), int(head)) for layer, head in found), key=lambda address: -prefix[address])

    def find_strongest(self, count: int) -> Heads:
        """Returns the heads with the highest prefix matching scores, whatever they copy, strongest first."""
        # Deviation: strongest-by-prefix-matching
        prefix = self.prefix.mean(0)
        places = np.argsort(-prefix, axis=None, kind="stable")[:count]
        return [(int(layer), int(head)) for layer, head in zip(*np.unravel_index(places, prefix.shape), strict=True)]


@dataclass(frozen=True)
class Ablations:
    """Losses by item and token: of the whole model, without induction heads, and without each draw of random ones."""

    whole: Float[np.ndarray, "item token"]
    without: Float[np.ndarray, "item token"]
    without_random: Float[np.ndarray, "draw item token"]


@torch.no_grad()
def score_heads(model: LanguageModel, texts: Int[Tensor, "text position"], rng: np.random.Generator) -> HeadScores:
    """Returns the scores of all heads; `texts` are for the previous-token score."""
    bridge = model.bridge
    plain, repeated = draw_sequences(model.tokenizer, rng)
    prefix, copying, theirs = [], [], []
    for example in tqdm(range(EXAMPLES), desc="head evaluators"):
        patterns = hooked.attention_patterns(bridge, repeated[example : example + 1])
        prefix.append(torch.stack([prefix_matching_scores(layer) for layer in patterns]))
        theirs.append(detect_by_transformerlens(patterns[:, 0], repeated[example : example + 1]))
        copying.append(_copying_of(model, plain[example : example + 1]))
    previous = [
        torch.stack([previous_token_scores(layer) for layer in hooked.attention_patterns(bridge, text[None])])
        for text in tqdm(texts[:EXAMPLES], desc="previous-token score")
    ]
    return HeadScores(
        prefix=torch.stack(prefix).numpy(),
        copying=torch.stack(copying).numpy(),
        previous=torch.stack(previous).mean(0).numpy(),
        eigenvalues=hooked.copying_by_eigenvalues(bridge).numpy(),
        prefix_by_transformerlens=torch.stack(theirs).mean(0).numpy(),
    )


def _copying_of(model: LanguageModel, tokens: Int[Tensor, "one position"]) -> Float[Tensor, "layer head"]:
    patterns = hooked.attention_patterns(model.bridge, tokens)
    residuals = hooked.residuals_before(model.bridge, tokens)
    raised = (hooked.raised_logits(model.bridge, layer, residual) for layer, residual in enumerate(residuals))
    return torch.stack([copying_scores(pattern, r, tokens) for pattern, r in zip(patterns, raised, strict=True)])


def detect_by_transformerlens(
    patterns: Float[Tensor, "layer head query key"], tokens: Int[Tensor, "one position"]
) -> Float[Tensor, "layer head"]:
    """Returns the score of TransformerLens' induction head detector, over the queries that have an earlier repeat."""
    target = get_induction_head_detection_pattern(tokens.cpu())
    scores = [
        [
            compute_head_attention_similarity_score(
                pattern, target, exclude_bos=False, exclude_current_token=False, error_measure="mul"
            )
            for pattern in layer
        ]
        for layer in patterns
    ]
    positions = tokens.shape[1]
    return torch.tensor(scores) * positions / (positions - PERIOD - 1)


def draw_sequences(
    tokenizer: PreTrainedTokenizerBase, rng: np.random.Generator
) -> tuple[Int[Tensor, "example period"], Int[Tensor, "example position"]]:
    """Returns random sequences, plain and repeated; a token's rank in the vocabulary stands for its frequency."""
    ranks = np.arange(len(tokenizer))
    plain = draw_random_sequences(select_usual_tokens(-ranks), rng)
    return plain, repeat_sequences(plain, int(tokenizer.bos_token_id))


def cut_texts(
    files: Sequence[str], tokenizer: PreTrainedTokenizerBase, count: int, rng: np.random.Generator
) -> Int[Tensor, "text position"]:
    """Returns the beginnings of `count` files that are long enough, each after the start token."""
    texts: list[list[int]] = []
    for place in rng.permutation(len(files)):
        tokens = tokenizer.encode(files[place][: 20 * TEXT_LENGTH], add_special_tokens=False)
        if len(tokens) >= TEXT_LENGTH - 1:
            texts.append([int(tokenizer.bos_token_id), *tokens[: TEXT_LENGTH - 1]])
        if len(texts) == count:
            return torch.tensor(texts)
    raise ValueError(f"got {len(texts)} files of at least {TEXT_LENGTH - 1} tokens; expected {count}; ask for fewer")


@torch.no_grad()
def ablate(
    model: LanguageModel, items: Int[Tensor, "item position"], heads: Heads, draws: int, rng: np.random.Generator
) -> Ablations:
    """Returns losses with and without heads, and without as many random others, all with the patterns of the whole."""
    bridge = model.bridge
    hooked.check_intervention(bridge, items[:2, :64], heads)
    everything = [(layer, head) for layer in range(bridge.cfg.n_layers) for head in range(bridge.cfg.n_heads)]
    others = [address for address in everything if address not in heads]
    random_sets = [[others[place] for place in rng.permutation(len(others))[: len(heads)]] for _ in range(draws)]
    rows = []
    for item in tqdm(items, desc=f"ablation of {len(heads)} heads"):
        tokens = item[None]
        patterns = hooked.attention_patterns(bridge, tokens)
        sets: list[Heads] = [[], heads, *random_sets]
        rows.append(torch.cat([hooked.losses_ablated(bridge, tokens, patterns, chosen) for chosen in sets]))
    whole, without, *random = torch.stack(rows, 1).numpy()
    return Ablations(whole, without, np.stack(random))


@torch.no_grad()
def text_losses(model: LanguageModel, texts: Int[Tensor, "text position"]) -> Float[np.ndarray, "text token"]:
    """Returns the loss of every token but the first of each text, in nats."""
    losses = []
    for text in tqdm(texts, desc="losses on text"):
        logits = model.bridge(text[None])
        losses.append(torch.nn.functional.cross_entropy(logits[0, :-1], text[1:], reduction="none").numpy())
    return np.stack(losses)


def estimate_heads(scores: HeadScores, line: float, rng: np.random.Generator) -> dict[str, Measurement]:
    """Returns the measurements about the heads; intervals by resampling examples."""
    examples = np.arange(len(scores.prefix))
    found = scores.find_induction_heads(line)
    n_layers = scores.prefix.shape[1]

    def resample(statistic, unit: str) -> Measurement:  # type: ignore[no-untyped-def]
        return bootstrap(lambda drawn: statistic(drawn.astype(int)), [examples], rng, unit=unit)

    def early(drawn: Int[np.ndarray, " draw"]) -> float:
        heads = scores.find_induction_heads(line, drawn)
        return float(np.mean([layer < n_layers / 2 for layer, _ in heads])) if heads else 0.0

    def literal(drawn: Int[np.ndarray, " draw"]) -> float:
        heads = scores.find_induction_heads(line, drawn)
        return float(max((scores.copying[drawn].mean(0)[address] for address in heads), default=-1.0))

    difference = np.abs(scores.prefix.mean(0) - scores.prefix_by_transformerlens).max()
    flat = [scores.copying.mean(0).ravel().astype(float), scores.eigenvalues.ravel().astype(float)]
    return {
        "strongest-prefix-matching": resample(lambda drawn: float(scores.prefix[drawn].mean(0).max()), "1"),
        "induction-heads-before-half-depth": resample(early, "fraction") if found else missing(NO_HEADS, "fraction"),
        "literal-copying-head": resample(literal, "1") if found else missing(NO_HEADS, "1"),
        "copying-follows-eigenvalues": bootstrap(pearson, flat, rng, unit="1"),
        "agrees-with-transformerlens": exact(difference, scores.prefix[0].size, "1"),
    }


def estimate_text(
    losses: Float[np.ndarray, "text token"],
    ablations: Ablations,
    bands: tuple[tuple[int, int], tuple[int, int]],
    rng: np.random.Generator,
) -> dict[str, Measurement]:
    """Returns the measurements on text; intervals by resampling texts."""
    whole, without, random = (
        in_context_score(kind, *bands) for kind in (ablations.whole, ablations.without, ablations.without_random)
    )
    return {
        "banded-icl-score": bootstrap_mean(in_context_score(losses, *bands), rng, unit="nat"),
        "icl-lost-without-induction-heads": bootstrap(lost_share, [whole, without], rng, unit="fraction"),
        "icl-lost-without-random-heads": bootstrap(lost_share, [whole, random.mean(0)], rng, unit="fraction"),
    }


def estimate_repetition(ablations: Ablations, rng: np.random.Generator) -> dict[str, Measurement]:
    """Returns the measurements on repeated random tokens; intervals by resampling examples."""
    whole, without, random = (
        repetition_gain(kind) for kind in (ablations.whole, ablations.without, ablations.without_random)
    )
    return {
        "repetition-lost-without-induction-heads": bootstrap(lost_share, [whole, without], rng, unit="fraction"),
        "repetition-lost-without-random-heads": bootstrap(lost_share, [whole, random.mean(0)], rng, unit="fraction"),
    }


def repetition_gain(losses: Float[np.ndarray, "... token"]) -> Float[np.ndarray, "..."]:
    """Returns the mean loss in the first copy minus that in the later ones, first tokens left out, in nats."""
    copies = losses.reshape(*losses.shape[:-1], -1, PERIOD)[..., 1:]
    return copies[..., 0, :].mean(-1) - copies[..., 1:, :].mean((-1, -2))


def lost_share(whole: Float[np.ndarray, " item"], without: Float[np.ndarray, " item"]) -> float:
    """Returns the share of a mean score that is lost."""
    return float(1 - without.mean() / whole.mean())
