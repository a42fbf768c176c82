"""Less and more data, less and more weight decay: what their networks say."""

from collections.abc import Mapping

import numpy as np

from replications.common.measurements import Measurement, missing
from replications.grokking.estimates import THOUSANDS, History, generalisation_epoch, over_networks

MUCH_DATA, LITTLE_DATA = "much-data", "little-data"
NO_DECAY, WEAK_DECAY, STRONG_DECAY = "no-decay", "weak-decay", "strong-decay"
MAIN = "seed-0"  # the network that those of other decays differ from in nothing else


def estimate_controls(
    histories: Mapping[str, History], seeds: Mapping[str, int], memorising_neurons: float, rng: np.random.Generator
) -> dict[str, Measurement]:
    """Returns the measurements of the control networks.

    Args:
        histories: of all networks, by name.
        seeds: likewise.
        memorising_neurons: share of neurons of one frequency in the network with little data.
        rng: source of the resampling.
    """
    much = [name for name in histories if name.startswith(MUCH_DATA)]
    epochs = [generalisation_epoch(histories[name]) for name in much]
    ratio = _ratio(generalisation_epoch(histories[STRONG_DECAY]), generalisation_epoch(histories[MAIN]))

    def single(name: str, value: float | None, unit: str) -> Measurement:
        if value is None:
            return missing(f"not within the {int(histories[name]['epoch'][-1]):,} epochs of training", unit)
        return Measurement(value, value, value, 1, unit, (seeds[name],))

    def last(name: str) -> float:
        return float(histories[name]["test_accuracy"][-1])

    return {
        "much-data-generalises-at-once": over_networks(epochs, [seeds[name] for name in much], rng, THOUSANDS),
        "little-data-never-generalises": single(LITTLE_DATA, last(LITTLE_DATA), "fraction"),
        "no-decay-never-generalises": single(NO_DECAY, last(NO_DECAY), "fraction"),
        "weak-decay-epoch": single(WEAK_DECAY, generalisation_epoch(histories[WEAK_DECAY]), THOUSANDS),
        "strong-decay-epoch": single(STRONG_DECAY, generalisation_epoch(histories[STRONG_DECAY]), THOUSANDS),
        "stronger-decay-is-faster": single(STRONG_DECAY, ratio, "1"),
        "memorising-neurons-of-one-frequency": single(LITTLE_DATA, memorising_neurons, "fraction"),
    }


def _ratio(numerator: float | None, denominator: float | None) -> float | None:
    return None if numerator is None or not denominator else numerator / denominator
