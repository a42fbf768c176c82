"""What one trained network says: losses with and without its parts, and what is left to compare with."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from replications.common.arrays import Curves
from replications.grokking import method
from replications.grokking.dataset import MODULUS, list_pairs, split_pairs
from replications.grokking.fourier import FREQUENCIES, explained_by_frequency
from replications.grokking.network import Weights, attend, draw_weights
from replications.grokking.records import Trained
from replications.grokking.settings import Network
from replications.grokking.tables import Frequencies


@dataclass(frozen=True)
class Reading:
    """Numbers of one network at the end of training. Losses in nats; on held-out pairs if nothing else is said.

    Attributes:
        losses: by what was done to the network, `own` if nothing.
        accuracy: share of held-out sums that are right.
        train_loss: on training pairs.
        map_residual: norm of W_L beside the key frequencies over its norm.
        cosines: share of the variance of the logits that the fitted cosines explain.
        directions: share of the variance that its wave explains of the worst direction read off the neurons.
        neurons: share of neurons of one frequency.
        equals: mean attention of the last token to itself, of the head that does most.
        excluded: training loss without the key frequencies.
        others_excluded: training loss without as many others, geometric mean over draws.
        others_alone: loss with nothing but as many others, mean over draws.
        untrained_neurons: share of neurons of one frequency before training.
        untrained_cosines: as `cosines`, before training.
    """

    losses: Mapping[str, float]
    accuracy: float
    train_loss: float
    map_residual: float
    cosines: float
    directions: float
    neurons: float
    equals: float
    excluded: float
    others_excluded: float
    others_alone: float
    untrained_neurons: float
    untrained_cosines: float


@dataclass(frozen=True)
class Options:
    """Two numbers of `params.yaml`.

    Attributes:
        neuron_threshold: share of a neuron's variance above which it is of one frequency.
        draws: draws of other frequencies.
    """

    neuron_threshold: float
    draws: int


def read_all(
    trained: Trained, network: Network, frequencies: Frequencies, options: Options, rng: np.random.Generator
) -> tuple[Reading, Curves]:
    """Returns the numbers of a network that generalised, and what the figures draw of it."""
    weights, key = method.to_double(trained.weights), list(frequencies.key)
    train_pairs, held_out = split_pairs(network.fraction, network.seed)
    residual, neurons = method.run_all_pairs(weights)
    logits = method.compute_logits(weights, residual, neurons)
    neuron_map = method.map_neurons_to_logits(weights)
    chosen, polynomials = method.as_polynomials(neurons, options.neuron_threshold)
    altered = _alter_logits(logits, key) | _alter_neurons(weights, residual, neurons, polynomials, key)
    others = _draw_others(key, options.draws, rng)
    untrained = _read_untrained(network.seed, key, options.neuron_threshold)
    reading = Reading(
        losses={name: method.loss_on(values, held_out) for name, values in altered.items()},
        accuracy=float((logits.argmax(1) == list_pairs().sums)[held_out].double().mean()),
        train_loss=method.loss_on(logits, train_pairs),
        map_residual=method.residual_of_map(neuron_map, key),
        cosines=method.fit_cosines(logits, key)[2],
        directions=float(method.explained_by_waves(neurons, method.read_directions(neuron_map, key), key).min()),
        neurons=float(chosen.double().mean()),
        equals=float(attend(weights, list_pairs())[0][2].mean(0).max()),
        excluded=method.loss_on(method.exclude(logits, key), train_pairs),
        others_excluded=_geometric([method.loss_on(method.exclude(logits, k), train_pairs) for k in others]),
        others_alone=float(np.mean([method.loss_on(method.restrict(logits, k), held_out) for k in others])),
        untrained_neurons=untrained[0],
        untrained_cosines=untrained[1],
    )
    return reading, _draw(weights, logits, neurons, key)


def _alter_logits(logits: Tensor, key: list[int]) -> dict[str, Tensor]:
    """Returns the logits and what is left of them, by what was done."""
    kept = {
        "own": logits,
        "cosines": method.fit_cosines(logits, key)[1],
        "waves": method.restrict(logits, key),
        "components": method.keep_key_components(logits, key),
    }
    return kept | {f"without-{k}": method.exclude(logits, [k]) for k in key}


def _alter_neurons(
    weights: Weights, residual: Tensor, neurons: Tensor, polynomials: Tensor, key: list[int]
) -> dict[str, Tensor]:
    """Returns the logits of altered neurons, and those without the way around them."""
    directions = method.keep_directions(neurons, method.read_directions(method.map_neurons_to_logits(weights), key))
    altered = {"polynomials": polynomials, "directions": directions, "no-directions": neurons - directions}
    made = {name: method.compute_logits(weights, residual, values) for name, values in altered.items()}
    return made | {"no-skip": method.compute_logits(weights, torch.zeros_like(residual), neurons)}


def _draw(weights: Weights, logits: Tensor, neurons: Tensor, key: list[int]) -> Curves:
    """Returns the arrays that the figures draw."""
    drawn = {
        "norms_embedding": method.fourier_norms(weights.W_E[:MODULUS]),
        "norms_map": method.fourier_norms(method.map_neurons_to_logits(weights)),
        "coefficients": method.fit_cosines(logits, key)[0],
        **_look_at_neurons(neurons, key),
    }
    return {name: values.numpy() for name, values in drawn.items()}


def share_of_one_frequency(weights_of: Trained, threshold: float) -> float:
    """Returns the share of neurons of one frequency of any network."""
    return _share(method.run_all_pairs(method.to_double(weights_of.weights))[1], threshold)


def _share(neurons: Tensor, threshold: float) -> float:
    best = explained_by_frequency(neurons.view(MODULUS, MODULUS, -1)).max(0).values
    return float((best > threshold).double().mean())


def _read_untrained(seed: int, key: list[int], threshold: float) -> tuple[float, float]:
    weights = method.to_double(draw_weights(seed))
    residual, neurons = method.run_all_pairs(weights)
    return _share(neurons, threshold), method.fit_cosines(method.compute_logits(weights, residual, neurons), key)[2]


def _draw_others(key: list[int], draws: int, rng: np.random.Generator) -> list[list[int]]:
    """Returns as many frequencies as are key, drawn from the rest (all of the rest if that is fewer), several times."""
    others = [k for k in FREQUENCIES if k not in key]
    size = min(len(key), len(others))
    return [sorted(rng.choice(others, size, replace=False).tolist()) for _ in range(draws)]


def _geometric(values: list[float]) -> float:
    return float(np.exp(np.mean(np.log(values))))


def _look_at_neurons(neurons: Tensor, key: list[int]) -> dict[str, Tensor]:
    """Returns each neuron's best share and frequency, and of three key frequencies the best neuron over all pairs."""
    grid = neurons.view(MODULUS, MODULUS, -1)
    explained = explained_by_frequency(grid)
    best = explained.max(0)
    shown = key[:: max(1, len(key) // 3)][:3]
    pictures = torch.stack([grid[..., int(explained[k - 1].argmax())] for k in shown])
    return {
        "shares": best.values,
        "neuron_frequencies": best.indices + 1,
        "pictures": pictures,
        "shown": torch.tensor(shown),
    }
