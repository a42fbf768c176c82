"""From the numbers of single networks to measurements with intervals, a claim or control each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from replications.common.bootstrap import bootstrap
from replications.common.measurements import Measurement, missing
from replications.grokking.phases import Phases, find_phases, first_epoch, halving_epoch
from replications.grokking.readings import Reading
from replications.grokking.tables import Frequencies

History = Mapping[str, np.ndarray]
THOUSANDS = "thousand epochs"  # a unit
GENERALISED = 0.99  # share of held-out sums that are right


@dataclass(frozen=True)
class Grokked:
    """A main network: everything that is known of it.

    Attributes:
        seed: of its start and split.
        reading: at the end.
        frequencies: at the end.
        history: along training, at each evaluation.
        progress: along training, at each snapshot.
        target: test loss at which cleanup is over.
    """

    seed: int
    reading: Reading
    frequencies: Frequencies
    history: History
    progress: History
    target: float

    @property
    def phases(self) -> Phases | None:
        """Its three phases, None if cleanup was not over."""
        h, p = self.history, self.progress
        return find_phases(h["epoch"], h["test_loss"], p["epoch"], p["excluded"], self.target)


def generalisation_epoch(history: History) -> float | None:
    """Returns the first epoch, in thousands, at which 99 % of the held-out sums are right, None if there is none."""
    return first_epoch(history["epoch"] / 1000, history["test_accuracy"] >= GENERALISED)


def estimate_networks(networks: Sequence[Grokked], rng: np.random.Generator) -> dict[str, Measurement]:
    """Returns the measurements of the main networks but for those of phases."""

    def mean(of: Callable[[Grokked], float | None], unit: str) -> Measurement:
        return over_networks([of(n) for n in networks], [n.seed for n in networks], rng, unit)

    def ratio(name: str) -> Measurement:
        """The geometric mean of a loss over the network's own."""
        values = [n.reading.losses[name] / n.reading.losses["own"] for n in networks]
        return over_networks(values, [n.seed for n in networks], rng, "1", geometric=True)

    others = [n.reading.others_excluded / n.reading.train_loss for n in networks]
    least = [
        min((v for k, v in n.reading.losses.items() if k.startswith("without-")), default=np.nan) for n in networks
    ]
    harm = [value / n.reading.losses["own"] for value, n in zip(least, networks, strict=True)]
    seeds = [n.seed for n in networks]
    return {
        "test-loss": mean(lambda n: float(np.log10(n.reading.losses["own"])), "1"),
        "test-accuracy": mean(lambda n: n.reading.accuracy, "fraction"),
        "generalisation-epoch": mean(lambda n: generalisation_epoch(n.history), THOUSANDS),
        "key-frequencies": mean(lambda n: len(n.frequencies.key), "frequencies"),
        "embedding-frequencies": mean(lambda n: len(n.frequencies.embedding), "frequencies"),
        "neuron-map-residual": mean(lambda n: n.reading.map_residual, "fraction"),
        "logits-are-cosines": mean(lambda n: n.reading.cosines, "fraction"),
        "cosines-lose-less": ratio("cosines"),
        "neuron-directions-are-waves": mean(lambda n: n.reading.directions, "fraction"),
        "neurons-of-one-frequency": mean(lambda n: n.reading.neurons, "fraction"),
        "waves-alone": ratio("waves"),
        "key-components-alone": ratio("components"),
        "each-key-frequency-matters": over_networks(harm, seeds, rng, "1", geometric=True),
        "neurons-as-polynomials": ratio("polynomials"),
        "neuron-directions-alone": ratio("directions"),
        "neuron-directions-removed": mean(lambda n: n.reading.losses["no-directions"], "nats"),
        "attention-to-equals": mean(lambda n: n.reading.equals, "fraction"),
        "skip-connection-is-idle": ratio("no-skip"),
        "excluded-loss-at-end": mean(lambda n: n.reading.excluded, "nats"),
        "other-frequencies-removed": over_networks(others, seeds, rng, "1", geometric=True),
        "other-frequencies-alone": mean(lambda n: n.reading.others_alone, "nats"),
        "untrained-neurons-of-one-frequency": mean(lambda n: n.reading.untrained_neurons, "fraction"),
        "untrained-logits-are-no-cosines": mean(lambda n: n.reading.untrained_cosines, "fraction"),
    }


def estimate_phases(networks: Sequence[Grokked], rng: np.random.Generator) -> dict[str, Measurement]:
    """Returns the measurements of the three phases."""

    def mean(of: Callable[[Grokked, Phases], float | None], unit: str) -> Measurement:
        values = [of(n, n.phases) if n.phases else None for n in networks]
        return over_networks(values, [n.seed for n in networks], rng, unit)

    return {
        "memorisation-ends": mean(lambda _, p: p.memorised / 1000, THOUSANDS),
        "cleanup-begins": mean(lambda _, p: p.begin / 1000, THOUSANDS),
        "cleanup-ends": mean(lambda _, p: p.end / 1000, THOUSANDS),
        "restricted-loss-falls-first": mean(_restricted_lead, "1"),
        "excluded-loss-rises": mean(_excluded_rise, "nats"),
        "embedding-sparsens-in-cleanup": mean(lambda n, p: _share_in_cleanup(n, p, "gini_embedding"), "fraction"),
        "neuron-map-sparsens-in-cleanup": mean(lambda n, p: _share_in_cleanup(n, p, "gini_map"), "fraction"),
        "weights-shrink-in-cleanup": mean(_shrinking, "1"),
    }


def over_networks(
    values: Sequence[float | None],
    seeds: Sequence[int],
    rng: np.random.Generator,
    unit: str,
    *,
    geometric: bool = False,
) -> Measurement:
    """Returns the mean over networks with its interval; missing if it is not defined for one of them."""
    lacking = [str(s) for s, v in zip(seeds, values, strict=True) if v is None or not np.isfinite(v)]
    if lacking:
        return missing(f"it did not happen or is not defined in the network of seed {', '.join(lacking)}", unit)
    numbers = np.array(values, dtype=float)
    samples = np.log(numbers) if geometric else numbers
    statistic = (lambda s: float(np.exp(np.mean(s)))) if geometric else (lambda s: float(np.mean(s)))
    return bootstrap(statistic, [samples], rng, unit=unit, seeds=tuple(seeds))


def _restricted_lead(network: Grokked, phases: Phases) -> float | None:
    halved = halving_epoch(network.progress["epoch"], network.progress["restricted"], phases.end)
    return None if halved is None else halved / phases.begin


def _excluded_rise(network: Grokked, phases: Phases) -> float:
    epochs, excluded = network.progress["epoch"], network.progress["excluded"]
    return float(np.interp(phases.begin, epochs, excluded) - np.interp(phases.memorised, epochs, excluded))


def _share_in_cleanup(network: Grokked, phases: Phases, name: str) -> float | None:
    """Returns the share of a rise since the end of memorisation that falls into cleanup, None if there is no rise."""
    at = (phases.memorised, phases.begin, phases.end)
    before, begin, end = np.interp(at, network.progress["epoch"], network.progress[name])
    return float((end - begin) / (end - before)) if end > before else None


def _shrinking(network: Grokked, phases: Phases) -> float | None:
    """Returns how much faster the squared weights fall in cleanup than before, None if they do not fall before."""
    at = (phases.memorised, phases.begin, phases.end)
    before, begin, end = np.interp(at, network.history["epoch"], network.history["squared_weights"])
    if phases.begin <= phases.memorised or before <= begin:
        return None
    return float((begin - end) / (phases.end - phases.begin) / ((before - begin) / (phases.begin - phases.memorised)))
