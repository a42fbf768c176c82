"""What the training of a model shows, in numbers: curves, times, induction heads, ablations."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from replications.induction_heads.circuits import Composition, compose, ov_eigenvalues, positive_share
from replications.induction_heads.curves import Bump, crossing, find_bump, share_in_window, time_of_share
from replications.induction_heads.evaluation import Probes
from replications.induction_heads.method import in_context_score, run_ablated, token_losses
from replications.induction_heads.model import Transformer
from replications.induction_heads.settings import Experiment
from replications.induction_heads.training import History, RunName

WINDOW = (0.1, 0.9)  # shares of the rise of the prefix matching score between which the phase change lies
FEW = 64  # documents
SMOOTHING = 3  # snapshots over which the loss is averaged before its descent is taken
HeadAddress = tuple[int, int]


@dataclass(frozen=True)
class Lines:
    """From which scores on a head, or a bump, counts.

    Attributes:
        induction: prefix matching score of an induction head.
        bump: nats per e-fold of tokens.
        copying: share of eigenvalues of a copying head.
    """

    induction: float
    bump: float
    copying: float


@dataclass(frozen=True)
class RunEvidence:
    """One trained model with its history."""

    name: RunName
    experiment: Experiment
    history: History
    model: Transformer
    probes: Probes
    lines: Lines

    @property
    def tokens(self) -> Float[np.ndarray, " time"]:
        """Tokens seen at each snapshot."""
        return self.history.tokens

    @property
    def loss(self) -> Float[np.ndarray, " time"]:
        """Mean loss over positions, in nats."""
        return self.history.losses.mean(1)

    @cached_property
    def in_context(self) -> Float[np.ndarray, " time"]:
        """In-context score, in nats; late-minus-early loss where the context is short."""
        # Deviation: late-minus-early
        return in_context_score(self.history.losses, self.experiment.early, self.experiment.late)

    @property
    def best_prefix(self) -> Float[np.ndarray, " time"]:
        """Highest prefix matching score of all heads."""
        return self.history.prefix.max((1, 2))

    @property
    def best_previous(self) -> Float[np.ndarray, " time"]:
        """Highest previous-token score of all heads."""
        return self.history.previous.max((1, 2))

    @cached_property
    def induction_heads(self) -> list[HeadAddress]:
        """Induction heads of the trained model, strongest first."""
        prefix, copying = self.history.prefix[-1], self.history.copying[-1]
        found = zip(*np.nonzero((prefix >= self.lines.induction) & (copying > 0)), strict=True)
        return sorted(((int(layer), int(head)) for layer, head in found), key=lambda address: -prefix[address])

    @property
    def previous_token_head(self) -> HeadAddress:
        """The head of the first layer with the highest previous-token score."""
        return 0, int(self.history.previous[-1][0].argmax())

    @property
    def half_prefix(self) -> float:
        """Tokens seen when the highest prefix matching score is half way."""
        return time_of_share(self.tokens, self.best_prefix, 0.5)

    @property
    def half_in_context(self) -> float:
        """Tokens seen when the in-context score is half way."""
        return time_of_share(self.tokens, self.in_context, 0.5)

    @property
    def formed_at(self) -> float:
        """Tokens seen when a head passes the line of an induction head; all tokens of the run if none does."""
        return crossing(self.tokens, self.best_prefix, self.lines.induction) or float(self.tokens[-1])

    @property
    def window(self) -> tuple[float, float]:
        """Tokens between which the highest prefix matching score makes most of its way."""
        first, last = (time_of_share(self.tokens, self.best_prefix, share) for share in WINDOW)
        return first, last

    @property
    def in_context_in_window(self) -> float:
        """Share of the final in-context score that forms within the window."""
        return share_in_window(self.tokens, self.in_context, *self.window)

    @property
    def in_context_before(self) -> float:
        """In-context score at the beginning of the window, in nats."""
        return float(np.interp(self.window[0], self.tokens, self.in_context))

    @property
    def bump(self) -> Bump:
        """The bump of the loss curve."""
        return find_bump(self.tokens, self.loss, SMOOTHING, self.experiment.bump_from)

    @cached_property
    def copying_by_eigenvalues(self) -> Float[np.ndarray, "layer head"]:
        """Sum of the eigenvalues of each full OV circuit over the sum of their sizes."""
        shares = [positive_share(ov_eigenvalues(self.model, layer)).cpu() for layer in range(self.model.shape.layers)]
        return np.stack(shares)

    @property
    def few_documents(self) -> Int[Tensor, "document position"]:
        """Some of the held-out documents, where the model is; for what keeps all logits at once."""
        return self.probes.documents[:FEW].to(self.model.embedding.device)

    @cached_property
    def composition(self) -> Composition:
        """Composition of the first layer's heads with the second's."""
        return compose(*self.model.attention[:2], torch.Generator().manual_seed(self.name.seed))

    def in_context_without(self, heads: Sequence[HeadAddress]) -> float:
        """Returns the in-context score with heads ablated, patterns frozen, in nats."""
        total = torch.zeros(self.probes.documents.shape[1] - 1)
        for part in self.probes.documents.split(self.experiment.documents_at_once):
            tokens = part.to(self.model.embedding.device)
            total += token_losses(run_ablated(self.model, tokens, heads).logits, tokens).sum(0).cpu()
        losses = (total / len(self.probes.documents)).numpy()
        return float(in_context_score(losses, self.experiment.early, self.experiment.late))

    @cached_property
    def ablation_effects(self) -> Float[np.ndarray, "layer head"]:
        """What the ablation of each head alone takes from the in-context score, in nats; positive = the head helps."""
        shape = self.model.shape
        whole = self.in_context_without([])
        effects = [
            self.in_context_without([(la, he)]) - whole for la in range(shape.layers) for he in range(shape.heads)
        ]
        return np.array(effects).reshape(shape.layers, shape.heads)

    def share_lost_without(self, heads: Sequence[HeadAddress]) -> float:
        """Returns the share of the in-context score that is lost when heads are ablated together."""
        return 1 - self.in_context_without(heads) / self.in_context_without([])

    def draw_other_heads(self, rng: np.random.Generator) -> list[HeadAddress]:
        """Returns as many heads as there are induction heads, none of them one (fewer if there are not so many)."""
        shape = self.model.shape
        others = [(la, he) for la in range(shape.layers) for he in range(shape.heads)]
        others = [address for address in others if address not in self.induction_heads]
        picked = rng.permutation(len(others))[: len(self.induction_heads)]
        return [others[place] for place in picked]
