"""How networks learn items with nested properties (saxe2019semantic): measured against the exact solutions."""

import numpy as np
from jaxtyping import Float

from replications.common.arrays import Curves
from replications.common.bootstrap import bootstrap_mean
from replications.common.measurements import Measurement, exact
from replications.semantic_development.dataset import (
    LEVEL_OF_MODE,
    grow_tree,
    make_contrasts,
    make_items,
    shuffle_holders,
    tree_singular_values,
)
from replications.semantic_development.method import (
    Weights,
    align_weights,
    deep_strength,
    deep_time_to,
    draw_small_weights,
    find_crossing,
    growing_strength,
    project_modes,
    shallow_strength,
    train_deep,
    train_shallow,
)
from replications.semantic_development.settings import Params

DRAWN_EVERY = 40  # steps between points of the figures
SHUFFLED_EVERY = 20  # steps between points where only the order matters


def measure_development(params: Params, runs: int, rng: np.random.Generator) -> tuple[dict[str, Measurement], Curves]:
    """Returns the measurements about items, and the curves of the first network of each kind."""
    data, v = make_items(), make_contrasts()
    s = np.linalg.norm(data @ v, axis=0)
    u = data @ v / s
    time = params.item_rate * np.arange(params.item_steps)
    weights = draw_small_weights(runs, len(u), params.item_hidden, len(v), params.item_scale, rng)
    start = growing_strength(weights, u, v)
    deep = train_deep(data, weights, params.item_rate, params.item_steps)
    shallow_start = params.item_scale * rng.standard_normal((runs, *data.shape))
    shallow = train_shallow(data, shallow_start, params.item_rate, params.item_steps)
    modes, flat = project_modes(deep, u, v), project_modes(shallow, u, v)
    theory = deep_strength(time[:, None, None], s, start)
    flat_theory = shallow_strength(time[:, None, None], s, flat[0])
    half = find_crossing(modes, np.broadcast_to(s / 2, start.shape)) * params.item_rate
    samples = {
        "random-modes-follow-theory": (_worst(modes, theory, s), "fraction"),
        "half-times-follow-theory": (np.abs(half / deep_time_to(0.5, s, start) - 1).mean(1), "fraction"),
        "shallow-modes-follow-theory": (_worst(flat, flat_theory, s), "fraction"),
        "deep-transitions-are-stages": (_sharpness(modes, s), "1"),
        "shallow-transitions-are-gradual": (_sharpness(flat, s), "1"),
        "broad-before-fine": (_in_order(half), "fraction"),
        "deep-levels-are-apart": (_delay(modes, s), "1"),
        "shallow-levels-are-together": (_delay(flat, s), "1"),
        "deep-networks-have-illusions": (_illusion(deep), "1"),
        "shallow-networks-have-none": (_illusion(shallow), "1"),
    }
    measured = {
        name: bootstrap_mean(values, rng, unit=unit, seeds=(params.seed,)) for name, (values, unit) in samples.items()
    }
    aligned = project_modes(_train_aligned(data, u, v, params), u, v)
    exactly = deep_strength(time[:, None, None], s, np.float64(params.item_start))
    measured["aligned-modes-follow-theory"] = exact(_worst(aligned, exactly, s)[0], len(s), "fraction")
    measured |= _measure_trees(params, runs, rng) | _measure_shuffles(data, v, params, rng)
    shown = {"modes": modes, "theory": theory, "flat": flat, "flat_theory": flat_theory}
    curves = {f"items_{name}": values[::DRAWN_EVERY, 0] for name, values in shown.items()}
    curves["items_time"] = time[::DRAWN_EVERY]
    curves["items_deep"], curves["items_shallow"] = deep[::DRAWN_EVERY, 0], shallow[::DRAWN_EVERY, 0]
    return measured, curves


def _train_aligned(data: np.ndarray, u: np.ndarray, v: np.ndarray, params: Params) -> np.ndarray:
    weights = align_weights(u, v, params.item_start, params.item_hidden)
    return train_deep(data, weights, params.item_rate, params.item_steps)


def _worst(
    strengths: Float[np.ndarray, "step run mode"],
    theory: Float[np.ndarray, "step run mode"],
    s: Float[np.ndarray, " mode"],
) -> Float[np.ndarray, " run"]:
    """Returns the largest deviation over time and modes, as a fraction of the final strength."""
    return np.asarray((np.abs(strengths - theory) / s).max(axis=(0, 2)))


def _times(strengths: Float[np.ndarray, "step run mode"], share: float, s: np.ndarray) -> np.ndarray:
    return find_crossing(strengths, np.broadcast_to(share * s, strengths.shape[1:]))


def _sharpness(strengths: Float[np.ndarray, "step run mode"], s: np.ndarray) -> Float[np.ndarray, " run"]:
    """Returns the time from 10 to 90 % over the time to half, mean over modes."""
    rise = _times(strengths, 0.9, s) - _times(strengths, 0.1, s)
    return np.asarray((rise / _times(strengths, 0.5, s)).mean(1))


def _delay(strengths: Float[np.ndarray, "step run mode"], s: np.ndarray) -> Float[np.ndarray, " run"]:
    """Returns the time to half of the single items over that of all items."""
    half, level = _times(strengths, 0.5, s), np.array(LEVEL_OF_MODE)
    return np.asarray(half[:, level == level.max()].mean(1) / half[:, level == 0].mean(1))


def _in_order(half: Float[np.ndarray, "run mode"]) -> Float[np.ndarray, " run"]:
    """Tells for each run whether every mode of a level is half learned before any mode of the next one."""
    level = np.array(LEVEL_OF_MODE)
    before = [half[:, level == broad].max(1) < half[:, level == broad + 1].min(1) for broad in range(int(level.max()))]
    return np.all(before, axis=0).astype(float)


def _illusion(history: Float[np.ndarray, "step run property item"]) -> Float[np.ndarray, " run"]:
    """Returns the largest strength over time of the other item's own property, mean over items.

    Properties 3 to 6 belong to items 0 to 3 alone; items 0 and 1 are each other's sibling, as are 2 and 3.
    """
    siblings = [1, 0, 3, 2]
    beliefs = history[:, :, [3 + sibling for sibling in siblings], range(4)]
    return np.asarray(beliefs.max(0).mean(1))


def _measure_trees(params: Params, runs: int, rng: np.random.Generator) -> dict[str, Measurement]:
    expected = tree_singular_values(params.tree_depth, params.tree_features, params.tree_flip)
    contrasts = _tree_contrasts(params.tree_depth)
    falls, deviations = [], []
    for _ in range(runs):
        data = grow_tree(params.tree_depth, params.tree_features, params.tree_flip, rng)
        found = np.array([np.sqrt(((data @ level) ** 2).sum() / level.shape[1]) for level in contrasts])
        falls.append(float((np.diff(found) < 0).mean()))
        deviations.append(float(np.abs(found / expected - 1).max()))
    return {
        "singular-values-fall-with-depth": bootstrap_mean(np.array(falls), rng, unit="fraction", seeds=(params.seed,)),
        "tree-singular-values-are-as-calculated": bootstrap_mean(
            np.array(deviations), rng, unit="fraction", seeds=(params.seed,)
        ),
    }


def _tree_contrasts(depth: int) -> list[Float[np.ndarray, "item mode"]]:
    """Returns by level the orthonormal contrasts of a binary tree: all leaves, then halves of a branch."""
    levels = [np.full((2**depth, 1), 2 ** (-depth / 2))]
    for level in range(depth):
        leaves = 2 ** (depth - level)
        contrast = np.repeat([1.0, -1.0], leaves // 2) / np.sqrt(leaves)
        levels.append(np.kron(np.eye(2**level), contrast[:, None]))
    return levels


def _measure_shuffles(
    data: np.ndarray, v: np.ndarray, params: Params, rng: np.random.Generator
) -> dict[str, Measurement]:
    """Returns how often the broad distinction comes first in data whose properties are not nested."""
    shuffled = np.stack([shuffle_holders(data, rng) for _ in range(params.shuffles)])
    weights: Weights = draw_small_weights(
        params.shuffles, len(data), params.item_hidden, len(v), params.item_scale, rng
    )
    history = train_deep(shuffled, weights, params.item_rate, params.item_steps, SHUFFLED_EVERY)
    learned = np.linalg.norm(history @ v[:, 1:], axis=2)  # of the three distinctions
    final = np.linalg.norm(shuffled @ v[:, 1:], axis=1)
    reached = (learned >= final / 2) & (final > 0)  # a distinction that the data do not make is never learned
    when = np.where(reached.any(0), reached.argmax(0), len(history))
    first = when[:, 0] < when[:, 1:].min(1)
    return {
        "unnested-properties-have-no-order": bootstrap_mean(
            first.astype(float), rng, unit="fraction", seeds=(params.seed,)
        )
    }
