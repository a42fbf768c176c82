"""What is read off the trained models before anything is estimated: codes, labels, losses."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
import torch
from jaxtyping import Bool, Float, Int

from replications.monosemanticity.baselines import bigram_loss, unigram_loss
from replications.monosemanticity.coding import encode_text
from replications.monosemanticity.contexts import label_documents
from replications.monosemanticity.encoding import split
from replications.monosemanticity.method import Autoencoder
from replications.monosemanticity.recovery import replaced_losses
from replications.monosemanticity.settings import MeasureParams
from replications.monosemanticity.text import read_documents
from replications.monosemanticity.transformer import Transformer
from replications.monosemanticity.units import Workshop, load_autoencoder, load_transformer
from replications.monosemanticity.vectors import cut_windows, read_activations, spread

LOSS_WINDOWS = 512  # of held-out text, on which losses with replaced activations are measured
MAIN, SMALL, LARGE, LARGEST, OTHER, RANDOM = "A/1", "A/0", "A/2", "A/5", "B/1", "random/1"


@dataclass
class Evidence:
    """A setting's models and the held-out text that they are measured on."""

    workshop: Workshop
    params: MeasureParams

    @cached_property
    def labelled(
        self,
    ) -> tuple[Int[np.ndarray, "window position"], Bool[np.ndarray, "context token"], Int[np.ndarray, " token"]]:
        """Windows of held-out text, which of their tokens lie in each context, and the document of each."""
        s = self.workshop.setting
        documents, _ = split(read_documents(s.corpus, s.path), s.held_out)
        tokens, labels, numbers = label_documents(documents, self.workshop.text.tokenizer, self.params.contexts)
        windows = cut_windows(tokens, s.context)
        chosen = spread(len(windows), s.evaluation_tokens // s.context)
        by_window = labels[:, : windows.size].reshape(len(labels), *windows.shape)
        of_window = numbers[: windows.size].reshape(windows.shape)[chosen]
        return windows[chosen], by_window[:, chosen].reshape(len(labels), -1), of_window.reshape(-1)

    @property
    def windows(self) -> Int[np.ndarray, "window position"]:
        """Windows of held-out text."""
        return self.labelled[0]

    @property
    def tokens(self) -> Int[np.ndarray, " token"]:
        """The same in one line."""
        return self.windows.reshape(-1)

    @property
    def documents(self) -> Int[np.ndarray, " token"]:
        """The document of each token."""
        return self.labelled[2]

    @property
    def labels(self) -> dict[str, Bool[np.ndarray, " token"]]:
        """Which tokens lie in each context, contexts that occur in both halves of the text."""
        half = self.half
        named = dict(zip(self.params.contexts, self.labelled[1], strict=True))
        return {name: label for name, label in named.items() if label[:half].any() and label[half:].any()}

    @property
    def half(self) -> int:
        """The first token of the second half; what is chosen is chosen on the first."""
        return len(self.windows) // 2 * self.windows.shape[1]

    @cached_property
    def transformers(self) -> dict[str, Transformer]:
        """The transformers by name, with the shuffled one."""
        names = {dictionary.transformer for dictionary in self.workshop.setting.dictionaries.values()}
        return {name: load_transformer(self.workshop, name) for name in sorted(names)}

    @cached_property
    def sweep(self) -> dict[str, tuple[Autoencoder, float]]:
        """The dictionaries of the sweep, with their coefficients."""
        count = len(self.workshop.setting.sweep) if self.workshop.setting.coefficient is None else 0
        return {f"sweep/{number}": load_autoencoder(self.workshop, f"sweep/{number}") for number in range(count)}

    @cached_property
    def dictionaries(self) -> dict[str, tuple[Autoencoder, float]]:
        """The dictionaries of the setting, with their coefficients."""
        return {name: load_autoencoder(self.workshop, name) for name in self.workshop.setting.dictionaries}

    @cached_property
    def codes(self) -> dict[str, sp.csr_array]:
        """The codes of the held-out text under each dictionary."""
        found = {}
        for name, (autoencoder, _) in self.dictionaries.items():
            print(f"encoding {self.windows.size} tokens with {name} …", flush=True)
            transformer = self.transformers[self.workshop.setting.dictionaries[name].transformer]
            found[name] = encode_text(transformer, autoencoder, self.windows)
        return found

    @cached_property
    def losses(self) -> dict[str, Float[np.ndarray, " window"]]:
        """Loss of each window with the MLP of A replaced: at zero, at its mean, and by every dictionary of A."""
        print("losses with reconstructions in place of the MLP …", flush=True)
        transformer, windows = self.transformers["A"], self.windows[:LOSS_WINDOWS]
        mean = read_activations(transformer, windows).mean(0)
        of_a = {name: pair[0] for name, pair in (self.dictionaries | self.sweep).items() if self.is_of_a(name)}
        return replaced_losses(transformer, of_a, windows, mean)

    def is_of_a(self, name: str) -> bool:
        """Tells whether a dictionary is of transformer A."""
        return name in self.sweep or self.workshop.setting.dictionaries[name].transformer == "A"

    @cached_property
    def clean_losses(self) -> dict[str, Float[np.ndarray, " window"]]:
        """Loss of each window: transformers by name, `unigram` and `bigram`."""
        windows, vocabulary = self.windows[:LOSS_WINDOWS], self.workshop.setting.vocabulary
        training = self.workshop.text.training
        empty = torch.zeros(self.workshop.setting.neurons, device=self.workshop.setting.device)
        trained = {
            name: replaced_losses(self.transformers[name], {}, windows, empty)["clean"]
            for name in self.workshop.setting.seeds
        }
        counted = {"unigram": unigram_loss, "bigram": bigram_loss}
        return trained | {name: loss(training, windows, vocabulary).mean(1) for name, loss in counted.items()}

    def live(self, name: str, densities: Mapping[str, np.ndarray]) -> Bool[np.ndarray, " feature"]:
        """Tells which features of a dictionary are neither dead nor of ultralow density."""
        # Deviation: density-resolution
        return densities[name] >= self.params.rare
