"""MLP activations of a transformer, computed when they are needed: batch after batch, shuffled, no vector twice."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from replications.monosemanticity.transformer import Transformer

CHUNK = 512  # contexts that are read together, and whose vectors are shuffled together
READ_TOGETHER = 64  # contexts in one pass of the transformer


def cut_windows(tokens: Int[np.ndarray, " token"], context: int) -> Int[np.ndarray, "window position"]:
    """Returns the text as contexts that follow each other; what is left at the end is dropped."""
    whole = len(tokens) // context
    return tokens[: whole * context].reshape(whole, context)


def spread(count: int, wanted: int) -> Int[np.ndarray, " window"]:
    """Returns the numbers of `wanted` windows, evenly over all `count` of them, or of all if there are fewer."""
    return np.linspace(0, count - 1, min(count, wanted)).round().astype(int)


@torch.no_grad()
def read_activations(
    transformer: Transformer, windows: Int[np.ndarray, "window position"]
) -> Float[Tensor, "vector neuron"]:
    """Returns the MLP activations of every token of the windows, in their order."""
    device = transformer.embedding.device
    parts = []
    for first in range(0, len(windows), READ_TOGETHER):
        tokens = torch.from_numpy(windows[first : first + READ_TOGETHER].astype(np.int64)).to(device)
        parts.append(transformer.read(tokens)[1].flatten(0, 1))
    return torch.cat(parts)


@dataclass
class VectorSource:
    """Batches of activation vectors of training text, by number.

    Attributes:
        transformer: whose activations.
        windows: the training text.
        batch: vectors a batch; a chunk holds a whole number of batches.
        seed: of the order. Two sources with one seed read the same text.
    """

    transformer: Transformer
    windows: Int[np.ndarray, "window position"]
    batch: int
    seed: int

    def __post_init__(self) -> None:
        context = self.windows.shape[1]
        self._contexts = max(CHUNK, -(-self.batch // context))
        self._batches = self._contexts * context // self.batch
        self._order = np.random.default_rng(self.seed).permutation(len(self.windows))
        self._held: tuple[int, Tensor] | None = None

    def take(self, number: int) -> Float[Tensor, "batch neuron"]:
        """Returns batch `number`; after the last window the text begins again."""
        chunk, place = divmod(number, self._batches)
        if self._held is None or self._held[0] != chunk:
            self._held = chunk, self._read(chunk)
        return self._held[1][place * self.batch : (place + 1) * self.batch]

    def _read(self, chunk: int) -> Tensor:
        places = np.arange(chunk * self._contexts, (chunk + 1) * self._contexts) % len(self._order)
        vectors = read_activations(self.transformer, self.windows[np.sort(self._order[places])])
        order = torch.randperm(len(vectors), generator=torch.Generator().manual_seed(self.seed + chunk))
        return vectors[order.to(vectors.device)]
