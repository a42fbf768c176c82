"""What the S-inhibition heads carry: their output is taken from prompts with the same words and other names or places.

Source: wang2023ioi, App. A (six data sets, Figure 9) and § 3.3 (where the position signal comes from).
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from tqdm import tqdm

from replications.ioi.decoder import Decoder, embed
from replications.ioi.encoding import SLOTS, PromptBatch
from replications.ioi.forward import OutputPatch, final_residual, propagate, run_everywhere
from replications.ioi.knockout import AblationCase, Knockouts
from replications.ioi.method import logit_difference_of_residual, run_at_end
from replications.ioi.roles import Node

# name of the data set -> (token signal, position signal): 1 as in the original prompt, 0 unrelated, -1 inverted
SIGNALS = {
    "original": (1, 1),
    "random-token": (0, 1),
    "inverted-token": (-1, 1),
    "inverted-position": (1, -1),
    "inverted-position-random-token": (0, -1),
    "both-inverted": (-1, -1),
}


def with_signal(batch: PromptBatch, name: str) -> Int[Tensor, "batch position"]:
    """Returns the prompts of a batch with the names that give a data set its signals.

    The repeated name is the subject (token signal 1), the indirect object (-1) or another one (0); it first occurs
    where it did in the original prompt (position signal 1) or where the other name did (-1).

    Source: wang2023ioi, App. A.
    """
    token, position = SIGNALS[name]
    rows, tokens = torch.arange(len(batch)), batch.clean.clone()
    unrelated = batch.corrupted[rows, batch.io], batch.corrupted[rows, batch.s1]
    single, repeated = {1: (batch.io_token, batch.s_token), 0: unrelated, -1: (batch.s_token, batch.io_token)}[token]
    first, other = (batch.s1, batch.io) if position == 1 else (batch.io, batch.s1)
    tokens[rows, first] = tokens[rows, batch.s2] = repeated
    tokens[rows, other] = single
    return tokens


class Signals:
    """The logit difference with heads' outputs taken from other prompts."""

    def __init__(self, knockouts: Knockouts) -> None:
        """Takes the prompts of `knockouts`; the model runs on a data set of signals when it is first asked for."""
        self.decoder, self.knockouts = knockouts.decoder, knockouts
        self._mixed: dict[str, list[Tensor]] = {}

    def patch(self, name: str, sets: Sequence[Sequence[Node]]) -> Float[np.ndarray, "set prompt"]:
        """Returns the logit difference with the output of each set of nodes taken from a data set."""
        if name not in self._mixed:
            runs = tqdm(self.knockouts.cases, desc=f"signals, {name}", unit="batch")
            self._mixed[name] = [self._run(with_signal(case.batch, name)) for case in runs]
        values = np.empty((len(sets), self.knockouts.n_prompts))
        for case, mixed in zip(self.knockouts.cases, self._mixed[name], strict=True):
            values[:, case.batch.rows] = patch_nodes(self.decoder, case, mixed, sets).numpy()
        return values

    def _run(self, tokens: Int[Tensor, "batch position"]) -> Float[Tensor, "layer batch position head d_head"]:
        return run_everywhere(self.decoder, embed(self.decoder, tokens)).mixed_values


def patch_nodes(
    decoder: Decoder,
    case: AblationCase,
    mixed: Float[Tensor, "layer batch position head d_head"],
    sets: Sequence[Sequence[Node]],
) -> Float[Tensor, "set batch"]:
    """Returns the logit difference with the nodes' outputs taken from another run, everything later recomputed."""
    batch, clean = case.batch, case.clean
    heads = torch.zeros(len(sets), decoder.n_layers, len(SLOTS), decoder.n_heads, dtype=torch.bool)
    for place, nodes in enumerate(sets):
        for node in nodes:
            heads[place, node.head.layer, SLOTS.index(node.slot), node.head.head] = True
    start = min((node.head.layer for nodes in sets for node in nodes), default=decoder.n_layers)
    first = min(
        (int(batch.position(node.slot).min()) for nodes in sets for node in nodes), default=batch.clean.shape[1] - 1
    )
    positions = torch.arange(first, batch.clean.shape[1]).expand(len(batch), -1)
    slots = torch.stack([positions == batch.position(slot).unsqueeze(1) for slot in SLOTS])
    residual = clean.residuals[start][:, first:].expand(len(sets), -1, -1, -1)
    patch = OutputPatch(heads, slots, mixed[:, :, first:])
    final = final_residual(propagate(decoder, start, residual, positions, clean, outputs=patch))
    return logit_difference_of_residual(decoder.bridge, final, batch.io_token, batch.s_token)


def patch_from_longer_prompts(
    knockouts: Knockouts, longer: Sequence[PromptBatch], nodes: Sequence[Node]
) -> Float[np.ndarray, " prompt"]:
    """Returns the logit difference with the nodes' output at END taken from the prompts behind another sentence.

    Source: wang2023ioi, App. A: the position signal is relative.

    Args:
        knockouts: the prompts.
        longer: the same prompts, each with its prefix.
        nodes: nodes at END.
    """
    at_end: dict[int, Tensor] = {}
    for batch in tqdm(longer, desc="signals, longer prefix", unit="batch"):
        mixed = run_at_end(knockouts.decoder.bridge, batch.clean).mixed_values
        at_end |= {int(row): mixed[:, place] for place, row in enumerate(batch.rows)}
    values = np.empty(knockouts.n_prompts)
    for case in knockouts.cases:
        mixed = case.clean.mixed_values.clone()
        mixed[:, :, -1] = torch.stack([at_end[int(row)] for row in case.batch.rows], dim=1)
        values[case.batch.rows] = patch_nodes(knockouts.decoder, case, mixed, [nodes])[0].numpy()
    return values


def fit_signals(fractions: dict[str, float]) -> tuple[float, float, float]:
    """Returns the weights of position and token signal, and the mean distance from their sum, of six logit differences.

    Source: wang2023ioi, App. A: a linear function of the two signals without a constant.
    """
    tokens, positions = (np.array([SIGNALS[name][axis] for name in SIGNALS]) for axis in (0, 1))
    values = np.array([fractions[name] for name in SIGNALS])
    weights, *_ = np.linalg.lstsq(np.stack([positions, tokens], axis=1), values, rcond=None)
    error = np.abs(values - weights[0] * positions - weights[1] * tokens).mean()
    return float(weights[0]), float(weights[1]), float(error)
