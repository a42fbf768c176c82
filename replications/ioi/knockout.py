"""Knock-outs by mean ablation: F(C), the logit difference with everything outside a circuit C replaced by its mean.

A circuit keeps its nodes, pairs of a head and a position (S1+1, S2 or END). All other heads are replaced at every
position, and the circuit's own heads at every position but theirs. So the residual stream elsewhere is the same for
every circuit, and the three positions alone are recomputed. MLPs, embeddings and norms are always kept.

Source: wang2023ioi, § 2.1 (knock-outs) and § 4 (F).
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from tqdm import tqdm

from replications.ioi.dataset import Prompt
from replications.ioi.decoder import Decoder, embed
from replications.ioi.encoding import END, SLOTS, PromptBatch
from replications.ioi.forward import Activations, OutputPatch, final_residual, propagate, run_everywhere
from replications.ioi.keeping import Arrays, Keep, compute_again
from replications.ioi.means import Means
from replications.ioi.method import logit_difference_of_residual
from replications.ioi.paths import ROWS_AT_ONCE
from replications.ioi.roles import Node

Nodes = Collection[Node]


@dataclass(frozen=True)
class AblationCase:
    """A batch of prompts with what its knock-outs start from.

    Attributes:
        batch: the prompts.
        means: what knocked-out heads are replaced with.
        clean: the run of the whole model.
        ablated: the run of the empty circuit, every head at every position replaced.
    """

    batch: PromptBatch
    means: Float[Tensor, "layer batch position head d_head"]
    clean: Activations
    ablated: Activations


class Knockouts:
    """F of circuits, and of the model without some nodes, on a set of prompts.

    Attributes:
        decoder: the model.
        cases: the prompts in batches.
        n_prompts: how many there are; their rows are 0 to n_prompts - 1.
    """

    def __init__(
        self,
        decoder: Decoder,
        means: Means,
        prompts: Sequence[Prompt],
        batches: Iterable[PromptBatch],
        keep: Keep = compute_again,
    ) -> None:
        """Runs the model, and the empty circuit, on all prompts; values of F go through `keep`."""
        self.decoder, self._keep = decoder, keep
        self.n_prompts = len(prompts)
        self.cases = []
        for batch in tqdm(list(batches), desc="runs for the knock-outs", unit="batch"):
            embedded = embed(decoder, batch.clean)
            replacement = means.for_batch([prompts[row].form for row in batch.rows])
            everywhere = torch.ones(1, *batch.clean.shape, dtype=torch.bool)
            every_head = torch.ones(1, decoder.n_layers, 1, decoder.n_heads, dtype=torch.bool)
            ablated = run_everywhere(decoder, embedded, OutputPatch(every_head, everywhere, replacement))
            self.cases.append(AblationCase(batch, replacement, run_everywhere(decoder, embedded), ablated))

    def of_circuits(
        self, circuits: Sequence[Nodes], progress: str | None = None
    ) -> Float[np.ndarray, "circuit prompt"]:
        """Returns F(C) of each circuit, for each prompt, in logits."""
        kept = self._mask(circuits)
        layers = kept.any(0).any(-1).any(-1).nonzero()
        start = int(layers[0]) if len(layers) else self.decoder.n_layers

        def run(case: AblationCase, part: Tensor) -> Tensor:
            positions = torch.stack([case.batch.position(slot) for slot in SLOTS], dim=1)
            return self._run(case, case.ablated, start, positions, ~kept[part])

        def compute() -> Arrays:
            return {"f": self._collect(run, len(circuits), len(SLOTS), progress)}

        return self._keep(f"F of the circuits {list(map(list, circuits))}", compute)["f"]

    def without(self, knocked_out: Sequence[Nodes], progress: str | None = None) -> Float[np.ndarray, "set prompt"]:
        """Returns F(M without K) of each set of nodes K, for each prompt, in logits."""
        inputs = f"F without {list(map(list, knocked_out))}"
        return self._keep(inputs, lambda: {"f": self._without(knocked_out, progress)})["f"]

    def of_model(self) -> Float[np.ndarray, " prompt"]:
        """Returns F(M), the logit difference of the whole model, for each prompt, in logits."""
        return self._collect(
            lambda case, part: self._difference(case, case.clean.residuals[-1, :, -1].unsqueeze(0)), 1, 1
        )[0]

    def _without(self, knocked_out: Sequence[Nodes], progress: str | None) -> Float[np.ndarray, "set prompt"]:
        values = np.empty((len(knocked_out), self.n_prompts))
        lowest = [min((SLOTS.index(node.slot) for node in nodes), default=SLOTS.index(END)) for nodes in knocked_out]
        for first in set(lowest):
            members = [place for place, slot in enumerate(lowest) if slot == first]
            remove = self._mask([knocked_out[place] for place in members])
            layers = remove.any(0).any(-1).any(-1).nonzero()
            start = int(layers[0]) if len(layers) else 0

            def run(
                case: AblationCase, part: Tensor, first: int = first, start: int = start, remove: Tensor = remove
            ) -> Tensor:
                position = case.batch.position(SLOTS[first])
                positions = torch.arange(int(position.min()), case.batch.clean.shape[1]).expand(len(position), -1)
                return self._run(case, case.clean, start, positions, remove[part])

            values[members] = self._collect(run, len(members), 12, progress)
        return values

    def _run(self, case: AblationCase, base: Activations, start: int, positions: Tensor, heads: Tensor) -> Tensor:
        rows = torch.arange(len(case.batch)).unsqueeze(1)
        slots = torch.stack([positions == case.batch.position(slot).unsqueeze(1) for slot in SLOTS])
        residual = base.residuals[start][rows, positions].expand(len(heads), -1, -1, -1)
        patch = OutputPatch(heads, slots, case.means[:, rows, positions])
        steps = propagate(self.decoder, start, residual, positions, base, outputs=patch)
        return self._difference(case, final_residual(steps))

    def _difference(self, case: AblationCase, residual: Tensor) -> Tensor:
        return logit_difference_of_residual(self.decoder.bridge, residual, case.batch.io_token, case.batch.s_token)

    def _collect(
        self, run: Callable[[AblationCase, Tensor], Tensor], count: int, positions: int, progress: str | None = None
    ) -> Float[np.ndarray, "variant prompt"]:
        values = np.empty((count, self.n_prompts))
        for case in tqdm(self.cases, desc=progress, unit="batch", disable=progress is None):
            for part in _parts(count, len(case.batch) * positions):
                values[part.unsqueeze(1).numpy(), case.batch.rows] = run(case, part).numpy()
        return values

    def _mask(self, sets: Sequence[Nodes]) -> Bool[Tensor, "set layer slot head"]:
        mask = torch.zeros(len(sets), self.decoder.n_layers, len(SLOTS), self.decoder.n_heads, dtype=torch.bool)
        for place, nodes in enumerate(sets):
            for node in nodes:
                mask[place, node.head.layer, SLOTS.index(node.slot), node.head.head] = True
        return mask


def _parts(count: int, rows: int) -> Iterator[Int[Tensor, " part"]]:
    yield from torch.arange(count).split(max(1, ROWS_AT_ONCE // rows))
