"""From the evidence of trained models to the numbers that the claims are about, each with its interval over seeds."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from replications.common.bootstrap import bootstrap, bootstrap_mean
from replications.common.measurements import Measurement, missing
from replications.induction_heads.circuits import loss_of_layers, losses_by_order
from replications.induction_heads.evidence import RunEvidence
from replications.induction_heads.model import Transformer

NO_HEADS = "no head counts as an induction head by both scores, so there is nothing to describe"
DEEP = ("two-layer", "three-layer")


@dataclass(frozen=True)
class Estimator:
    """Estimates of one setting.

    Attributes:
        runs: by experiment and model, in the order of the seeds. The first experiment is the main one.
        rng: for resampling and random heads.
        random_draws: sets of random heads a model.
        seeds: to be recorded.
    """

    runs: Mapping[str, Mapping[str, Sequence[RunEvidence]]]
    rng: np.random.Generator
    random_draws: int
    seeds: tuple[int, ...]

    def measure(self, claims: Iterable[str]) -> dict[str, Measurement]:
        """Returns the measurements of the claims that are named.

        Raises:
            KeyError: nothing here measures one of them.
        """
        return {claim: ESTIMATES[claim](self) for claim in claims}

    def each(self, value: Callable[[RunEvidence], float], *models: str, unit: str, experiment: str = "") -> Measurement:
        """Returns the mean of a number over the runs of some models."""
        return self.mean([value(run) for model in models for run in self.find(model, experiment)], unit)

    def paired(self, value: Callable[[RunEvidence, RunEvidence], float], model: str, control: str) -> Measurement:
        """Returns the mean of a number that compares two models of the same seed."""
        pairs = zip(self.find(model), self.find(control), strict=True)
        return self.mean([value(run, other) for run, other in pairs], "1")

    def described(self, value: Callable[[RunEvidence], float], *models: str) -> Measurement:
        """Returns the mean fraction over the runs that have induction heads."""
        values = [value(run) for model in models for run in self.find(model) if run.induction_heads]
        return self.mean(values, "fraction") if values else missing(NO_HEADS, "fraction")

    def mean(self, values: Sequence[float], unit: str) -> Measurement:
        """Returns a mean over runs with its interval."""
        # Deviation: three-seeds
        return bootstrap_mean(np.array(values, dtype=float), self.rng, unit=unit, seeds=self.seeds)

    def find(self, model: str, experiment: str = "") -> Sequence[RunEvidence]:
        """Returns the runs of a model, of the main experiment unless another is named."""
        return self.runs[experiment or next(iter(self.runs))][model]

    def lost_without_random(self, run: RunEvidence) -> float:
        """Returns the share of the in-context score lost without random heads, mean over draws."""
        return float(
            np.mean([run.share_lost_without(run.draw_other_heads(self.rng)) for _ in range(self.random_draws)])
        )

    def correlate_copying(self) -> Measurement:
        """Returns the correlation of copying scores and eigenvalues over all heads of the main experiment."""
        runs = [run for runs in next(iter(self.runs.values())).values() for run in runs]
        samples = [
            np.concatenate([run.history.copying[-1].ravel() for run in runs]).astype(float),
            np.concatenate([run.copying_by_eigenvalues.ravel() for run in runs]).astype(float),
        ]
        return bootstrap(pearson, samples, self.rng, unit="1", seeds=self.seeds)


def pearson(x: np.ndarray, y: np.ndarray) -> float:
    """Returns the Pearson correlation; 0 if one of the two does not vary."""
    return float(np.corrcoef(x, y)[0, 1]) if x.std() and y.std() else 0.0


def ablated_share(run: RunEvidence) -> float:
    """Returns the share of induction heads in what single ablations take from the in-context score."""
    effects = run.ablation_effects.clip(min=0)
    return float(sum(effects[address] for address in run.induction_heads) / effects.sum())


def previous_token_head_composes(run: RunEvidence) -> bool:
    """Returns whether the largest composition is of an induction head's keys with the previous-token head."""
    scores = torch.stack([run.composition.query, run.composition.key, run.composition.value])
    kind, earlier, later = np.unravel_index(int(scores.argmax()), scores.shape)
    composed_through_key = kind == 1
    return composed_through_key and earlier == run.previous_token_head[1] and (1, int(later)) in run.induction_heads


def virtual_share(run: RunEvidence) -> float:
    """Returns the share of order 2 in what all orders take off the loss of the uniform prediction."""
    direct, heads, virtual = losses_by_order(run.model, run.few_documents)
    uniform = float(np.log(run.model.shape.vocabulary))
    return (heads - virtual) / (uniform - min(direct, heads, virtual))


def first_layer_share(run: RunEvidence) -> float:
    """Returns what the first layer adds to the rest, over what the second adds to the rest, individual heads alone."""
    loss = {layers: loss_of_layers(run.model, run.few_documents, set(layers)) for layers in ((0,), (1,), (0, 1))}
    return (loss[1,] - loss[0, 1]) / (loss[0,] - loss[0, 1])


def untrained_composition(run: RunEvidence) -> float:
    """Returns the largest mean composition score, in size, of the same model before training."""
    torch.manual_seed(run.name.seed)
    fresh = replace(run, model=Transformer(run.model.shape))
    composition = fresh.composition
    return max(abs(scores.mean().item()) for scores in (composition.query, composition.key, composition.value))


def share_in_last_layer(run: RunEvidence) -> float:
    """Returns the share of the induction heads that sit in the last layer."""
    return float(np.mean([layer == run.model.shape.layers - 1 for layer, _ in run.induction_heads]))


ESTIMATES: Mapping[str, Callable[[Estimator], Measurement]] = {
    "one-layer-induction-heads": lambda e: e.each(lambda r: len(r.induction_heads), "one-layer", unit="heads"),
    "induction-heads-with-more-layers": lambda e: e.each(lambda r: bool(r.induction_heads), *DEEP, unit="fraction"),
    "one-layer-bump": lambda e: e.each(lambda r: r.bump.height >= r.lines.bump, "one-layer", unit="fraction"),
    "bump-with-more-layers": lambda e: e.each(lambda r: r.bump.height >= r.lines.bump, *DEEP, unit="fraction"),
    "bump-at-the-transition": lambda e: e.each(lambda r: r.bump.tokens / r.half_prefix, *DEEP, unit="1"),
    "icl-and-induction-heads-co-occur": lambda e: e.each(lambda r: r.half_in_context / r.half_prefix, *DEEP, unit="1"),
    "icl-formed-in-the-window": lambda e: e.each(lambda r: r.in_context_in_window, "two-layer", unit="fraction"),
    "icl-score-before": lambda e: e.each(lambda r: r.in_context_before, "two-layer", unit="nat"),
    "icl-score-after": lambda e: e.each(lambda r: float(r.in_context[-1]), "two-layer", unit="nat"),
    "icl-same-with-three-layers": lambda e: e.paired(in_context_ratio, "three-layer", "two-layer"),
    "smeared-one-layer-induction-heads": lambda e: e.each(
        lambda r: bool(r.induction_heads), "smeared-one-layer", unit="fraction"
    ),
    "smeared-two-layer-earlier": lambda e: e.paired(
        lambda r, control: r.half_prefix / control.half_prefix, "smeared-two-layer", "two-layer"
    ),
    "ablation-effect-in-induction-heads": lambda e: e.described(ablated_share, "two-layer"),
    "induction-heads-in-the-last-layer": lambda e: e.described(share_in_last_layer, *DEEP),
    "copying-heads-in-one-layer": lambda e: e.each(
        lambda r: (r.copying_by_eigenvalues > r.lines.copying).mean(), "one-layer", unit="fraction"
    ),
    "k-composition-with-a-previous-token-head": lambda e: e.each(
        previous_token_head_composes, "two-layer", unit="fraction"
    ),
    "virtual-heads-matter-little": lambda e: e.each(virtual_share, "two-layer", unit="fraction"),
    "first-layer-heads-matter-little-directly": lambda e: e.each(first_layer_share, "two-layer", unit="fraction"),
    "untrained-prefix-matching": lambda e: e.each(lambda r: float(r.best_prefix[0]), "two-layer", unit="1"),
    "without-recurrence": lambda e: e.each(lambda r: float(r.best_prefix[-1]), "phrases-never-recur", unit="1"),
    "rarer-recurrence-forms-later": lambda e: e.paired(
        lambda r, control: r.formed_at / control.formed_at, "phrases-8", "two-layer"
    ),
    "every-width-forms": lambda e: e.each(
        lambda r: bool(r.induction_heads), "width-32", "two-layer", "width-128", unit="fraction"
    ),
    "one-layer-icl": lambda e: replace(e.paired(in_context_ratio, "one-layer", "two-layer"), unit="fraction"),
    "smeared-one-layer-icl": lambda e: replace(
        e.paired(in_context_ratio, "smeared-one-layer", "two-layer"), unit="fraction"
    ),
    "icl-lost-without-induction-heads": lambda e: e.described(
        lambda r: r.share_lost_without(r.induction_heads), "two-layer"
    ),
    "icl-lost-without-random-heads": lambda e: e.described(e.lost_without_random, "two-layer"),
    "copying-follows-eigenvalues": lambda e: e.correlate_copying(),
    "random-composition": lambda e: e.each(untrained_composition, "two-layer", unit="1"),
    "natural-text-prefix-matching": lambda e: e.each(
        lambda r: float(r.best_prefix[-1]), "two-layer", unit="1", experiment="text"
    ),
    "natural-text-one-layer": lambda e: e.each(
        lambda r: float(r.best_prefix[-1]), "one-layer", unit="1", experiment="text"
    ),
    "natural-text-co-occurrence": lambda e: e.each(
        lambda r: r.half_in_context / r.half_prefix, "two-layer", unit="1", experiment="text"
    ),
}


def in_context_ratio(run: RunEvidence, control: RunEvidence) -> float:
    """Returns the final in-context score of a run over that of another."""
    return float(run.in_context[-1] / control.in_context[-1])
