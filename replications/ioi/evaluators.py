"""Further evaluators: scores on repeated random tokens, knock-out of MLPs, prompts that mention a name once more.

Source: wang2023ioi, App. H (scores), App. J (MLPs), § 4.4 (adversarial prompts).
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from tqdm import tqdm

from replications.common.models import LanguageModel
from replications.ioi.dataset import Prompt, fill_frame
from replications.ioi.decoder import Decoder, attend, embed, project, run_mlp
from replications.ioi.encoding import PromptBatch, name_token
from replications.ioi.means import Means
from replications.ioi.method import io_probability, logit_difference, logit_difference_of_residual

SECOND_MENTION = " [NAME] had a good day."  # § 4.4, Figure 8


@dataclass(frozen=True)
class RandomTokenScores:
    """Mean attention of each head on a sequence of random tokens that is repeated once.

    Attributes:
        previous: from every token to the one before.
        duplicate: from the second half to the same token in the first.
        induction: from the second half to the token after that.
    """

    previous: Float[np.ndarray, "layer head"]
    duplicate: Float[np.ndarray, "layer head"]
    induction: Float[np.ndarray, "layer head"]


def score_on_random_tokens(
    model: LanguageModel, length: int, count: int, rng: np.random.Generator
) -> RandomTokenScores:
    """Returns the scores over `count` sequences of `length` tokens, uniform over the vocabulary, each repeated once.

    Source: wang2023ioi, App. H (100 tokens, so 200 with the repetition).
    """
    bridge = model.bridge
    names = [f"blocks.{layer}.attn.hook_pattern" for layer in range(bridge.cfg.n_layers)]
    sums = np.zeros((3, bridge.cfg.n_layers, bridge.cfg.n_heads))
    for _ in tqdm(range(count), desc="random tokens", unit="sequence"):
        once = torch.from_numpy(rng.integers(bridge.cfg.d_vocab, size=length))
        _, cache = bridge.run_with_cache(
            torch.cat([once, once]).unsqueeze(0), names_filter=names, return_cache_object=False, logits_to_keep=1
        )
        patterns = torch.stack([cache[name][0] for name in names])  # layer head query key
        for place, distance in enumerate((1, length, length - 1)):
            diagonal = patterns.diagonal(-distance, dim1=-2, dim2=-1)  # from distance, distance + 1, … to 0, 1, …
            first = max(0, length - distance)  # duplicate and induction: from the second half alone
            sums[place] += (diagonal if place == 0 else diagonal[..., first:]).mean(-1).numpy()
    return RandomTokenScores(*(sums / count))


def knock_out_mlps(
    decoder: Decoder, prompts: Sequence[Prompt], batches: Sequence[PromptBatch], means: Means
) -> Float[np.ndarray, "set prompt"]:
    """Returns the logit difference without each MLP alone, and last without all but the first (mean ablation).

    All knock-outs go up the layers together: each layer adds the run without its own MLP.

    Source: wang2023ioi, App. J.
    """
    values = np.empty((decoder.n_layers + 1, len(prompts)))
    for batch in tqdm(batches, desc="knock-out of MLPs", unit="batch"):
        replacement = means.mlps_for_batch([prompts[row].form for row in batch.rows])
        positions = torch.arange(batch.clean.shape[1]).expand(len(batch), -1)
        embedded = embed(decoder, batch.clean)
        runs = torch.stack([embedded, embedded])  # of the whole model, and without all MLPs but the first
        for number, layer in enumerate(decoder.layers):
            _, mixed = attend(*project(decoder, number, runs, positions), positions)
            attended = runs + mixed.flatten(-2) @ layer.w_o + layer.b_o
            without = attended[:2] + replacement[number]
            runs = attended + run_mlp(layer, attended)
            if number:
                runs[1] = without[1]
            runs = torch.cat([runs, without[:1]])
        of_sets = torch.cat([runs[2:], runs[1:2]])[:, :, -1]
        differences = logit_difference_of_residual(decoder.bridge, of_sets, batch.io_token, batch.s_token)
        values[:, batch.rows] = differences.numpy()
    return values


@dataclass(frozen=True)
class Mentions:
    """The behaviour on prompts of two sentences, in logits and as probability of IO, per prompt.

    Attributes:
        plain: logit difference of the prompts as they are.
        second_io: with IO mentioned once more between the sentences.
        second_io_probability: probability of IO then.
        extra_s: logit difference with S mentioned once more there.
    """

    plain: Float[np.ndarray, " prompt"]
    second_io: Float[np.ndarray, " prompt"]
    second_io_probability: Float[np.ndarray, " prompt"]
    extra_s: Float[np.ndarray, " prompt"]


def mention_again(model: LanguageModel, prompts: Sequence[Prompt], batch_size: int) -> Mentions:
    """Returns the behaviour with IO, or S, mentioned once more, on the prompts of two sentences.

    Source: wang2023ioi, § 4.4, Figure 8.
    """
    # Deviation: two-sentence-prompts
    cut = [(prompt, sentence) for prompt in prompts if (sentence := _first_sentence(prompt.frame))]
    readings = []
    for mention in ("", SECOND_MENTION.replace("[NAME]", "[IO]"), SECOND_MENTION.replace("[NAME]", "[S1]")):
        texts = []
        for prompt, sentence in cut:
            frame = sentence + mention + prompt.frame[len(sentence) :]
            texts.append(fill_frame(frame, (prompt.io, prompt.s, prompt.s)))
        readings.append(_answer(model, texts, [prompt for prompt, _ in cut], batch_size))
    (plain, _), (second_io, probability), (extra_s, _) = readings
    return Mentions(plain, second_io, probability, extra_s)


def _first_sentence(frame: str) -> str | None:
    """Returns the text up to the full stop between the clauses, which names both; None if there is no such stop."""
    match = re.match(r"(.*\[(?:IO|S1)\].*\[(?:IO|S1)\][^.]*\.) .*\[S2\]", frame)
    return match[1] if match else None


def _answer(
    model: LanguageModel, texts: Sequence[str], prompts: Sequence[Prompt], batch_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns logit difference and probability of IO after each text."""
    encoded = [model.tokenizer.encode(text, add_special_tokens=False) for text in texts]
    by_length: dict[int, list[int]] = defaultdict(list)
    for row, tokens in enumerate(encoded):
        by_length[len(tokens)].append(row)
    difference, probability = np.empty(len(texts)), np.empty(len(texts))
    groups = [g[i : i + batch_size] for _, g in sorted(by_length.items()) for i in range(0, len(g), batch_size)]
    for rows in tqdm(groups, desc="another mention", unit="batch"):
        logits = model.bridge(torch.tensor([encoded[row] for row in rows]), logits_to_keep=1)[:, -1]
        io, s = (_name_tokens(model, [getattr(prompts[row], name) for row in rows]) for name in ("io", "s"))
        difference[rows] = logit_difference(logits, io, s).numpy()
        probability[rows] = io_probability(logits, io).numpy()
    return difference, probability


def _name_tokens(model: LanguageModel, names: Sequence[str]) -> Int[Tensor, " name"]:
    return torch.tensor([name_token(name, model.tokenizer) for name in names])
