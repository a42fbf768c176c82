"""Means over p_ABC, per template and position: what a knocked-out head or MLP is replaced with.

Source: wang2023ioi, § 2.1, Knockouts.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from replications.ioi.dataset import Prompt, PromptError
from replications.ioi.decoder import Decoder, embed
from replications.ioi.encoding import PromptBatch
from replications.ioi.forward import run_everywhere

SMALLEST_GROUP = 4  # with fewer prompts of p_ABC a mean is nearly one prompt, whose names it would carry


@dataclass(frozen=True)
class Means:
    """Means over the p_ABC prompts of each form (template and order of names).

    Attributes:
        mixed_values: of each head, before W_O.
        mlp_outputs: of each MLP.
    """

    mixed_values: dict[str, Float[Tensor, "layer position head d_head"]]
    mlp_outputs: dict[str, Float[Tensor, "layer position d_model"]]

    def for_batch(self, forms: Sequence[str]) -> Float[Tensor, "layer batch position head d_head"]:
        """Returns the mean mixed values for prompts of the given forms."""
        return torch.stack([self.mixed_values[form] for form in forms], dim=1)

    def mlps_for_batch(self, forms: Sequence[str]) -> Float[Tensor, "layer batch position d_model"]:
        """Returns the mean MLP outputs for prompts of the given forms."""
        return torch.stack([self.mlp_outputs[form] for form in forms], dim=1)


def take_means(decoder: Decoder, prompts: Sequence[Prompt], batches: Iterable[PromptBatch]) -> Means:
    """Returns the means over the p_ABC counterparts of all prompts.

    Source: wang2023ioi, § 2.1: over p_ABC and within a template, since otherwise the grammatical role leaks.

    Raises:
        PromptError: a form has fewer than `SMALLEST_GROUP` prompts, or prompts of different lengths.
    """
    counts = Counter(prompt.form for prompt in prompts)
    few = [form for form, count in counts.items() if count < SMALLEST_GROUP]
    if few:
        raise PromptError(
            f"got {counts[few[0]]} prompts of the form {few[0]!r} (and {len(few) - 1} more forms with few); expected "
            f"at least {SMALLEST_GROUP} of each for a mean; use more prompts, or fewer templates"
        )
    mixed: dict[str, Tensor] = {}
    mlps: dict[str, Tensor] = {}
    for batch in batches:
        run = run_everywhere(decoder, embed(decoder, batch.corrupted))
        w_o, b_o = (torch.stack([getattr(layer, name) for layer in decoder.layers]) for name in ("w_o", "b_o"))
        written = torch.einsum("lbpx,lxm->lbpm", run.mixed_values.flatten(3), w_o) + b_o[:, None, None]
        mlp_outputs = run.residuals[1:] - run.residuals[:-1] - written
        for place, row in enumerate(batch.rows):
            form = prompts[row].form
            for sums, values in ((mixed, run.mixed_values), (mlps, mlp_outputs)):
                share = values[:, place] / counts[form]
                if form in sums and sums[form].shape != share.shape:
                    raise PromptError(f"got prompts of different lengths for the form {form!r}; expected one length")
                sums[form] = sums[form] + share if form in sums else share
    return Means(mixed, mlps)
