"""Everything that is read off the model, prompt by prompt; what is concluded from it stands in estimates.py."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from tqdm import tqdm

from replications.common.models import LanguageModel
from replications.ioi.dataset import Prompt
from replications.ioi.encoding import PromptBatch, encode_prompts
from replications.ioi.heads import attention_to, copies, projection_on, residual_after_first_mlp
from replications.ioi.method import RunAtEnd, direct_effects, io_probability, logit_difference, run_at_end


@dataclass(frozen=True)
class EndReadings:
    """What the model answers, and what each head does, at END of every prompt.

    Attributes:
        logit_difference: in logits, IO minus S.
        io_probability: of the next token.
        corrupted: logit difference, of the same IO and S, on the p_ABC prompt.
        effects: direct effect of each head on the logit difference, in logits; negative = the head helps.
        attention_io: attention to IO.
        attention_s: attention to S1 and S2 together.
        projection_io: output along the unembedding of IO.
        projection_s: output along the unembedding of S.
        effects_of_nothing: direct effects where a second clean run takes the place of the corrupted one; one batch.
    """

    logit_difference: Float[np.ndarray, " prompt"]
    io_probability: Float[np.ndarray, " prompt"]
    corrupted: Float[np.ndarray, " prompt"]
    effects: Float[np.ndarray, "prompt layer head"]
    attention_io: Float[np.ndarray, "prompt layer head"]
    attention_s: Float[np.ndarray, "prompt layer head"]
    projection_io: Float[np.ndarray, "prompt layer head"]
    projection_s: Float[np.ndarray, "prompt layer head"]
    effects_of_nothing: Float[np.ndarray, "batch layer head"]


@dataclass(frozen=True)
class Variants:
    """The logit difference, per prompt, with a sentence before the prompt, and with a start-of-sequence token."""

    longer_prefix: Float[np.ndarray, " prompt"]
    with_bos: Float[np.ndarray, " prompt"]


@dataclass(frozen=True)
class CopyReadings:
    """Share of a prompt's three name tokens that each head's OV circuit copies, and its negative."""

    copied: Float[np.ndarray, "prompt layer head"]
    copied_negatively: Float[np.ndarray, "prompt layer head"]


@dataclass
class _Columns:
    """Collects values batch by batch and puts them into the order of the prompts."""

    rows: list[np.ndarray] = field(default_factory=list)
    values: dict[str, list[np.ndarray]] = field(default_factory=dict)

    def add(self, batch: PromptBatch, **columns: Float[Tensor, "batch *rest"]) -> None:
        self.rows.append(batch.rows)
        for name, column in columns.items():
            self.values.setdefault(name, []).append(column.numpy())

    def ordered(self) -> dict[str, Float[np.ndarray, "prompt *rest"]]:
        order = np.argsort(np.concatenate(self.rows))
        return {name: np.concatenate(values)[order] for name, values in self.values.items()}


def observe_end(model: LanguageModel, prompts: Sequence[Prompt], batch_size: int) -> EndReadings:
    """Returns answer, direct effects, attention and projections on every prompt.

    Source: wang2023ioi, § 2 (answer), § 3.1 and Fig. 3 (heads).
    """
    columns = _Columns()
    batches = encode_prompts(prompts, model.tokenizer, batch_size)
    for batch in _progress(batches, "answer and direct effect of every head"):
        clean, corrupted = (run_at_end(model.bridge, tokens) for tokens in (batch.clean, batch.corrupted))
        columns.add(batch, **_read_end(model, batch, clean, corrupted))
    return EndReadings(**columns.ordered(), effects_of_nothing=_patch_nothing(model, batches[0]))


def _read_end(
    model: LanguageModel, batch: PromptBatch, clean: RunAtEnd, corrupted: RunAtEnd
) -> dict[str, Float[Tensor, "batch *rest"]]:
    names = batch.io_token, batch.s_token
    return {
        "logit_difference": logit_difference(clean.logits, *names),
        "io_probability": io_probability(clean.logits, batch.io_token),
        "corrupted": logit_difference(corrupted.logits, *names),
        "effects": direct_effects(model.bridge, clean, corrupted.mixed_values, *names).permute(2, 0, 1),
        "attention_io": attention_to(clean, batch.io),
        "attention_s": attention_to(clean, batch.s1, batch.s2),
        "projection_io": projection_on(model.bridge, clean, batch.io_token),
        "projection_s": projection_on(model.bridge, clean, batch.s_token),
    }


def _patch_nothing(model: LanguageModel, batch: PromptBatch) -> Float[np.ndarray, "batch layer head"]:
    clean = run_at_end(model.bridge, batch.clean)
    again = run_at_end(model.bridge, batch.clean.flip(0))  # in another order, so that rounding may show
    values = again.mixed_values.flip(1)
    effects = direct_effects(model.bridge, clean, values, batch.io_token, batch.s_token)
    return np.asarray(effects.permute(2, 0, 1).numpy())


def observe_variants(model: LanguageModel, prompts: Sequence[Prompt], batch_size: int) -> Variants:
    """Returns the logit difference on the variants of every prompt."""

    def observe(description: str, batches: list[PromptBatch]) -> Float[np.ndarray, " prompt"]:
        columns = _Columns()
        for batch in _progress(batches, description):
            logits = model.bridge(batch.clean, logits_to_keep=1)[:, -1]
            columns.add(batch, difference=logit_difference(logits, batch.io_token, batch.s_token))
        return columns.ordered()["difference"]

    longer = encode_prompts(prompts, model.tokenizer, batch_size, longer_prefix=True)
    with_bos = encode_prompts(prompts, model.tokenizer, batch_size, prepend_bos=True)
    return Variants(observe("answer, longer prefix", longer), observe("answer, with BOS", with_bos))


def observe_copying(model: LanguageModel, prompts: Sequence[Prompt], batch_size: int, within: int) -> CopyReadings:
    """Returns which names every head's OV circuit copies, at the positions IO, S1 and S2 of every prompt.

    Source: wang2023ioi, § 3.1, copy score.
    """
    bridge, columns = model.bridge, _Columns()
    for batch in _progress(encode_prompts(prompts, model.tokenizer, batch_size), "copy score of every head"):
        residual = residual_after_first_mlp(bridge, batch.clean, batch.io, batch.s1, batch.s2).flatten(0, 1)
        tokens = torch.cat([batch.io_token, batch.s_token, batch.s_token])
        layers = [copies(bridge, residual, tokens, layer, within) for layer in range(bridge.cfg.n_layers)]
        positive, negative = (
            torch.stack(columns_of_sign, dim=1).float().unflatten(0, (3, len(batch))).mean(0)
            for columns_of_sign in zip(*layers, strict=True)
        )
        columns.add(batch, copied=positive, copied_negatively=negative)
    return CopyReadings(**columns.ordered())


def _progress(batches: list[PromptBatch], description: str) -> "tqdm[PromptBatch]":
    return tqdm(batches, desc=description, unit="batch")
