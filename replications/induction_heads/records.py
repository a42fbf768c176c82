"""From the evidence to the small result files that figures and page draw."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from replications.induction_heads.circuits import ov_eigenvalues
from replications.induction_heads.evidence import RunEvidence
from replications.induction_heads.tables import Curve, HeadRow

ABLATED_ALONE = "two-layer"  # the model whose heads are ablated one by one
RunsByModel = Mapping[str, Sequence[RunEvidence]]


def tabulate_heads(runs: Mapping[str, RunsByModel]) -> list[HeadRow]:
    """Returns a row per head of every run."""
    return [row for models in runs.values() for group in models.values() for run in group for row in _rows(run)]


def _rows(run: RunEvidence) -> list[HeadRow]:
    last = run.history.prefix[-1], run.history.copying[-1], run.history.previous[-1], run.copying_by_eigenvalues
    alone = np.full(last[0].shape, math.nan)
    if run.name.model == ABLATED_ALONE:
        alone = run.ablation_effects
    name = f"{run.name.experiment}/{run.name.model}"
    return [
        HeadRow(
            name,
            run.name.seed,
            *place,
            *(float(score[place]) for score in last),
            int(place in run.induction_heads),
            float(alone[place]),
        )
        for place in np.ndindex(last[0].shape)
    ]


def tabulate_curves(runs: Mapping[str, RunsByModel]) -> list[Curve]:
    """Returns the curves of every run."""
    return [
        Curve(
            run.name.experiment,
            run.name.model,
            run.name.seed,
            run.tokens,
            run.loss,
            run.in_context,
            run.best_prefix,
            run.best_previous,
        )
        for models in runs.values()
        for group in models.values()
        for run in group
    ]


def describe_circuit(run: RunEvidence) -> dict[str, np.ndarray]:
    """Returns the watched model's attention over training, its composition scores and its eigenvalues."""
    eigenvalues = np.stack([ov_eigenvalues(run.model, layer).cpu().numpy() for layer in range(run.model.shape.layers)])
    strongest = np.unravel_index(run.history.prefix[-1].argmax(), run.history.prefix[-1].shape)
    induction = run.induction_heads[0] if run.induction_heads else (int(strongest[0]), int(strongest[1]))
    earlier, later = run.history.watched[:, *run.previous_token_head], run.history.watched[:, *induction]
    return {
        "tokens": run.tokens,
        "watched_sequence": run.probes.watched[0].numpy(),
        "watched": np.stack([earlier, later], 1),
        "previous_token_head": np.array(run.previous_token_head),
        "induction_head": np.array(induction),
        "query_composition": run.composition.query.numpy(),
        "key_composition": run.composition.key.numpy(),
        "value_composition": run.composition.value.numpy(),
        "eigenvalues_real": eigenvalues.real,
        "eigenvalues_imaginary": eigenvalues.imag,
    }


def describe_ablations(runs: Sequence[RunEvidence], draws: int, seed: int) -> dict[str, np.ndarray]:
    """Returns the share of the in-context score lost without all induction heads, and without random ones, by run."""
    rng = np.random.default_rng(seed)
    random = [[run.share_lost_without(run.draw_other_heads(rng)) for _ in range(draws)] for run in runs]
    return {
        "without_induction_heads": np.array([run.share_lost_without(run.induction_heads) for run in runs]),
        "without_random_heads": np.array(random),
    }
