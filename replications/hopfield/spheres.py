"""The memory with continuous states (ramsauer2021hopfield)."""

from itertools import product

import numpy as np
import torch

from replications.common.arrays import Curves
from replications.common.bootstrap import bootstrap, bootstrap_mean
from replications.common.measurements import Measurement, exact
from replications.hopfield.capacity import find_load, fit_slope
from replications.hopfield.continuous import (
    bound_fixed_point,
    bound_jacobian,
    compute_energy,
    compute_separation,
    retrieve,
    settle,
    storage_bound,
    storage_constant,
)
from replications.hopfield.dataset import draw_directions, draw_groups
from replications.hopfield.settings import Params

EXAMPLES = {"constant-at-radius-3": (1.0, 3.0, 20, 0.001), "constant-at-radius-1": (1.0, 1.0, 75, 0.001)}  # Theorem 3
ROUNDING = 1e-12  # of the size of an energy
CHUNK = 8192  # patterns at a time; no effect on the result


def measure_spheres(params: Params, sets: int, rng: np.random.Generator) -> tuple[dict[str, Measurement], Curves]:
    """Returns the measurements about continuous states, and the cases that the figure draws."""
    seeds = (params.seed,)
    measured = {name: exact(storage_constant(*example), 1, "1") for name, example in EXAMPLES.items()}
    stored = [
        all_stored(*example, params, rng) for example in EXAMPLES.values() for _ in range(sets * params.storage_draws)
    ]
    rate, curves = _measure_rate(params, sets, rng)
    cases = _measure_bounds(params, sets, rng)
    separation, error = (
        np.concatenate(values) for values in zip(*(_probe(params, rng) for _ in range(sets)), strict=True)
    )
    radius = np.sqrt(params.dimension - 1)
    samples = {
        "as-many-as-proven-are-stored": (np.array(stored, dtype=float), "fraction"),
        "retrieval-error-bound-holds": (cases[0], "fraction"),
        "one-update-bound-holds": (cases[1], "fraction"),
        "energy-never-rises": (np.array([_falls(params, rng) for _ in range(sets)]), "fraction"),
        "weak-interaction-averages-all": (np.array([_average_all(params, rng) for _ in range(sets)]), "fraction"),
        "similar-patterns-are-averaged": (np.array([_average_groups(params, rng) for _ in range(sets)]), "fraction"),
        "separated-patterns-are-not-averaged": (error / radius, "fraction"),
    }
    measured |= {name: bootstrap_mean(values, rng, unit=unit, seeds=seeds) for name, (values, unit) in samples.items()}
    measured["spherical-memory-rate"] = rate
    measured["error-falls-with-separation"] = bootstrap(
        lambda x, y: fit_slope(x, np.log(y)), [separation, error], rng, unit="1", seeds=seeds
    )
    measured["update-is-attention"] = exact(max(compare_attention(params, rng) for _ in range(sets)), sets, "1")
    curves |= {"probe_separation": separation, "probe_error": error / radius}
    return measured, curves


def all_stored(beta: float, k: float, dimension: int, failure: float, params: Params, rng: np.random.Generator) -> bool:
    """Tells whether a random set of the proven size is stored, each pattern with a fixed point of its own."""
    # Deviation: stored-by-probing
    radius = k * np.sqrt(dimension - 1)
    near = 1 / (2 * beta * radius)
    count = int(np.ceil(storage_bound(beta, k, dimension, failure)))
    patterns = draw_directions(count, dimension, radius, rng)
    offsets = draw_directions(count * params.storage_directions, dimension, near, rng)
    states = np.repeat(patterns, params.storage_directions, axis=0) + offsets
    ends = settle(patterns, states, beta).reshape(count, params.storage_directions, dimension)
    alike = np.abs(ends - ends[:, :1]).max() < near / 1000
    return bool(alike and (np.linalg.norm(ends[:, 0] - patterns, axis=1) < near).all())


def _measure_rate(params: Params, sets: int, rng: np.random.Generator) -> tuple[Measurement, Curves]:
    """Returns the rate at which the load grows at which half of single patterns are lost, K = 1 and β = 1."""
    # Whole powers of √2, up to far beyond the expected e^(0.62 d).
    loads = [
        np.unique(np.round(2 ** (np.arange(2, 2 * np.log2(np.exp(0.7 * d))) / 2)).astype(int))
        for d in params.sphere_dimensions
    ]
    lost = [
        np.stack([_lost(d, row, params, rng) for _ in range(sets)])
        for d, row in zip(params.sphere_dimensions, loads, strict=True)
    ]

    def capacities(*samples: np.ndarray) -> np.ndarray:
        return np.array([find_load(row, sample.mean(0), 0.5) for row, sample in zip(loads, samples, strict=True)])

    rate = bootstrap(
        lambda *samples: fit_slope(params.sphere_dimensions, np.log(capacities(*samples))),
        lost, rng, unit="1/dimension", seeds=(params.seed,),
    )  # fmt: skip
    return rate, {"sphere_dimensions": np.array(params.sphere_dimensions), "sphere_capacity": capacities(*lost)}


def _lost(dimension: int, loads: np.ndarray, params: Params, rng: np.random.Generator) -> np.ndarray:
    """Returns at each load the share of patterns that one update moves by more than the tolerance."""
    radius = np.sqrt(dimension - 1)
    targets = draw_directions(params.sphere_targets, dimension, radius, rng)
    # The softmax as a running sum over the other patterns, relative to the target's own weight e^(M²).
    weight, pull = np.ones((len(targets), 1)), targets.copy()
    count, lost = 1, np.empty(len(loads))
    for place, load in enumerate(loads):
        while count < load:
            more = draw_directions(min(CHUNK, load - count), dimension, radius, rng)
            share = np.exp(targets @ more.T - radius**2)
            weight, pull, count = weight + share.sum(1, keepdims=True), pull + share @ more, count + len(more)
        moved = np.linalg.norm(pull / weight - targets, axis=1)
        lost[place] = (moved > params.sphere_tolerance * radius).mean()
    return lost


def _measure_bounds(params: Params, sets: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Returns whether the bounds of Theorem 5 and 4 hold, for each pattern that meets their conditions."""
    fixed_point, one_update = [], []
    for dimension, count, beta in product(params.bound_dimensions, params.bound_counts, params.bound_betas):
        radius = np.sqrt(dimension - 1)
        near = 1 / (2 * beta * radius)
        patterns = draw_directions(sets * count, dimension, radius, rng).reshape(sets, count, dimension)
        states = patterns + draw_directions(sets * count, dimension, near, rng).reshape(patterns.shape)
        ends = settle(patterns, patterns, beta)
        off = np.linalg.norm(ends - patterns, axis=-1)
        meets = off <= near
        separation = compute_separation(patterns)
        rounding = ROUNDING * radius
        bound = bound_fixed_point(separation, count, radius, beta)
        fixed_point.append((off <= bound + rounding)[meets])
        before, after = (np.linalg.norm(x - ends, axis=-1) for x in (states, retrieve(patterns, states, beta)))
        shrink = bound_jacobian(separation, np.maximum(near, off), count, radius, beta)
        one_update.append((after <= shrink * before + rounding)[meets])
    return np.concatenate(fixed_point).astype(float), np.concatenate(one_update).astype(float)


def _draw(params: Params, rng: np.random.Generator) -> np.ndarray:
    return draw_directions(params.count, params.dimension, np.sqrt(params.dimension - 1), rng)


def _probe(params: Params, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Returns separation and retrieval error of each pattern, β = 1."""
    patterns = _draw(params, rng)
    return compute_separation(patterns), np.linalg.norm(retrieve(patterns, patterns, 1.0) - patterns, axis=1)


def _falls(params: Params, rng: np.random.Generator) -> float:
    """Returns the share of updates from random states, over a range of β, that do not raise the energy."""
    patterns = _draw(params, rng)
    states = 2 * rng.standard_normal((params.count, params.dimension))
    falls = []
    for beta in (params.weak_beta, *params.bound_betas):
        before, after = (compute_energy(patterns, x, beta) for x in (states, retrieve(patterns, states, beta)))
        falls.append(after <= before + ROUNDING * np.abs(before))
    return float(np.mean(falls))


def _average_all(params: Params, rng: np.random.Generator) -> float:
    """Returns how far from the mean of all patterns states end at weak interaction, over the patterns' length."""
    patterns = _draw(params, rng)
    ends = settle(patterns, patterns, params.weak_beta)
    return float(np.linalg.norm(ends - patterns.mean(0), axis=1).mean() / np.sqrt(params.dimension - 1))


def _average_groups(params: Params, rng: np.random.Generator) -> float:
    """Returns how far from the mean of its group a pattern ends, over the patterns' length, β = 1."""
    radius = float(np.sqrt(params.dimension - 1))
    groups = draw_groups(params.groups, params.group_size, params.dimension, radius, params.group_spread, rng)
    patterns = groups.reshape(-1, params.dimension)
    ends = settle(patterns, patterns, 1.0).reshape(groups.shape)
    return float(np.linalg.norm(ends - groups.mean(1, keepdims=True), axis=2).mean() / radius)


def compare_attention(params: Params, rng: np.random.Generator) -> float:
    """Returns the largest difference between the update and PyTorch's attention, β = 1/√d."""
    patterns = _draw(params, rng)
    states = rng.standard_normal((params.count, params.dimension))
    keys, queries = (torch.from_numpy(x)[None, None] for x in (patterns, states))
    attention = torch.nn.functional.scaled_dot_product_attention(queries, keys, keys)[0, 0].numpy()
    return float(np.abs(attention - retrieve(patterns, states, 1 / np.sqrt(params.dimension))).max())
