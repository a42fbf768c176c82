"""From what was read off the model to the numbers that the claims are about, each with its interval."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from replications.common.bootstrap import bootstrap, bootstrap_mean
from replications.common.measurements import Measurement, missing
from replications.ioi.correlation import lowest_correlation
from replications.ioi.movers import Head, Movers, NoOtherHeadError, draw_random_heads, find_movers
from replications.ioi.observations import CopyReadings, EndReadings, Variants

PAPER_MODEL = "openai-community/gpt2"
PAPER_MOVERS = Movers([Head(9, 6), Head(9, 9), Head(10, 0)], [Head(10, 7), Head(11, 10)])  # § 3.1

NO_NAME_MOVER = "no head passed the line for name movers, so there is nothing to describe"
NO_NEGATIVE = "no head passed the line for negative name movers, so there is nothing to describe"


@dataclass(frozen=True)
class Halves:
    """Which prompts find the heads and which describe them.

    Attributes:
        finding: the first half.
        describing: the second half.
    """

    finding: slice
    describing: slice


def split_prompts(count: int) -> Halves:
    """Returns the two halves; the prompts are drawn independently, so their order says nothing."""
    # Deviation: held-out-half
    return Halves(slice(0, count // 2), slice(count // 2, count))


@dataclass(frozen=True)
class Estimator:
    """Estimates with a common source of randomness.

    Attributes:
        readings: per prompt, and per prompt and head.
        variants: per prompt.
        copying: per prompt and head, on some of the describing prompts.
        line: beyond which share of the logit difference a head is a mover.
        draws: number of draws of random heads.
        rng: for resampling and random heads.
        seeds: to be recorded.
    """

    readings: EndReadings
    variants: Variants
    copying: CopyReadings
    line: float
    draws: int
    rng: np.random.Generator
    seeds: tuple[int, ...]

    @property
    def halves(self) -> Halves:
        """The two halves of the prompts."""
        return split_prompts(len(self.readings.logit_difference))

    def find(self) -> Movers:
        """Returns the movers that the finding half shows."""
        half = self.halves.finding
        return find_movers(relative(self.readings.effects[half], self.readings.logit_difference[half]), self.line)

    def estimate_behaviour(self) -> dict[str, Measurement]:
        """Returns the estimates of § 2, and of the variants of the prompts."""
        seen = self.readings
        difference = seen.logit_difference
        return {
            "logit-difference": self._mean(difference, "logit"),
            "io-above-subject": self._mean(difference > 0, "fraction"),
            "io-probability": self._mean(seen.io_probability, "fraction"),
            "corrupted-prompts-say-nothing": self._mean(seen.corrupted, "logit"),
            "longer-prefix": self._any(ratio_of_means, [self.variants.longer_prefix, difference], "fraction"),
            "with-bos": self._any(ratio_of_means, [self.variants.with_bos, difference], "fraction"),
        }

    def estimate_search(self, model_name: str) -> dict[str, Measurement]:
        """Returns what the search for movers finds; its interval comes from repeating it on resampled prompts."""
        half = self.halves.finding
        samples = [self.readings.effects[half], self.readings.logit_difference[half]]
        n_layers = samples[0].shape[1]

        def search(statistic: Callable[[Movers], float], unit: str) -> Measurement:
            return self._any(lambda e, d: statistic(find_movers(relative(e, d), self.line)), samples, unit)

        found = {
            "name-movers-found": search(lambda movers: len(movers.name_movers), "heads"),
            "negative-name-movers-found": search(lambda movers: len(movers.negative_name_movers), "heads"),
            "movers-sit-late": search(lambda movers: mean_depth([*movers[0], *movers[1]], n_layers), "1")
            if any(self.find())
            else missing("no head passed either line", "1"),
            "patching-clean-into-clean": self._any(
                lambda effects: float(np.abs(effects).max()), [self.readings.effects_of_nothing], "logit"
            ),
        }
        if model_name == PAPER_MODEL:
            for place, name in enumerate(("paper-name-movers-found", "paper-negative-name-movers-found")):
                wanted = set(PAPER_MOVERS[place])
                found[name] = search(lambda m, p=place, w=wanted: len(w & set(m[p])) / len(w), "fraction")  # type: ignore[misc]
        return found

    def describe_name_movers(self, heads: Sequence[Head]) -> dict[str, Measurement]:
        """Returns what the name movers do on the describing half."""
        units = {
            "name-movers-attend-to-io": "fraction",
            "attention-predicts-projection": "1",
            "name-movers-copy": "fraction",
            "name-movers-held-out-effect": "fraction",
            "attention-predicts-projection-within-io": "1",
        }
        if not heads:
            return {name: missing(NO_NAME_MOVER, unit) for name, unit in units.items()}
        half = self.halves.describing
        pick = pick_heads(heads)
        seen = self.readings
        io = [pick(values)[half] for values in (seen.attention_io, seen.projection_io)]
        s = [pick(values)[half] for values in (seen.attention_s, seen.projection_s)]
        effects = [pick(seen.effects)[half].mean(-1), self.readings.logit_difference[half]]
        lowest_copy = self._any(lambda copied: float(copied.mean(0).min()), [pick(self.copying.copied)], "fraction")
        return {
            "name-movers-attend-to-io": self._mean(io[0].mean(-1), "fraction"),
            "attention-predicts-projection": self._any(lowest_correlation, [*io, *s], "1"),
            "name-movers-copy": lowest_copy,
            "name-movers-held-out-effect": self._any(ratio_of_means, effects, "fraction"),
            "attention-predicts-projection-within-io": self._any(lowest_correlation, io, "1"),
        }

    def describe_copying(self, negative_heads: Sequence[Head]) -> dict[str, Measurement]:
        """Returns the copy scores of the negative name movers and of the average head."""
        name = "negative-name-movers-copy-negatively"
        negatively = self.copying.copied_negatively
        return {
            name: self._mean(pick_heads(negative_heads)(negatively).mean(-1), "fraction")
            if negative_heads
            else missing(NO_NEGATIVE, "fraction"),
            "average-head-does-not-copy": self._mean(self.copying.copied.mean((1, 2)), "fraction"),
            "average-head-does-not-copy-negatively": self._mean(negatively.mean((1, 2)), "fraction"),
        }

    def describe_random_heads(self, movers: Movers) -> dict[str, Measurement]:
        """Returns the same of random heads of the name movers' layers, as many, none of them a mover."""
        names = ("random-heads-effect", "random-heads-attend-to-io", "random-heads-copy")
        if not movers.name_movers:
            return {name: missing(NO_NAME_MOVER, "fraction") for name in names}
        half = self.halves.describing
        seen, (n_layers, n_heads) = self.readings, self.readings.effects.shape[1:]
        try:
            drawn = draw_random_heads(movers.name_movers, [*movers[0], *movers[1]], n_heads, self.draws, self.rng)
        except NoOtherHeadError as error:
            return {name: missing(str(error), "fraction") for name in names}
        # The mean over all draws is a mean over heads, weighted by how often each was drawn.
        weights = np.zeros((n_layers, n_heads))
        np.add.at(weights, (drawn[..., 0], drawn[..., 1]), 1 / drawn[..., 0].size)

        def mean_size(effects: np.ndarray, difference: np.ndarray) -> float:
            return float((np.abs(relative(effects, difference)) * weights).sum())

        samples = [seen.effects[half], self.readings.logit_difference[half]]
        return {
            names[0]: self._any(mean_size, samples, "fraction"),
            names[1]: self._mean((seen.attention_io[half] * weights).sum((1, 2)), "fraction"),
            names[2]: self._mean((self.copying.copied * weights).sum((1, 2)), "fraction"),
        }

    def _mean(self, values: np.ndarray, unit: str) -> Measurement:
        return bootstrap_mean(values, self.rng, unit=unit, seeds=self.seeds)

    def _any(self, statistic: Callable[..., float], samples: Sequence[np.ndarray], unit: str) -> Measurement:
        return bootstrap(statistic, samples, self.rng, unit=unit, seeds=self.seeds)


def relative(
    effects: Float[np.ndarray, "prompt layer head"], logit_difference: Float[np.ndarray, " prompt"]
) -> Float[np.ndarray, "layer head"]:
    """Returns the mean direct effect as a fraction of the mean clean logit difference (a ratio of means)."""
    return np.asarray(effects.mean(0) / logit_difference.mean())


def ratio_of_means(numerator: Float[np.ndarray, " prompt"], denominator: Float[np.ndarray, " prompt"]) -> float:
    """Returns mean / mean."""
    return float(numerator.mean() / denominator.mean())


def mean_depth(heads: Sequence[Head], n_layers: int) -> float:
    """Returns the mean relative depth of heads, 0 = first layer, 1 = last; 0 for no heads."""
    return float(np.mean([head.layer / (n_layers - 1) for head in heads])) if heads else 0.0


def pick_heads(heads: Sequence[Head]) -> Callable[[np.ndarray], Float[np.ndarray, "prompt head"]]:
    """Returns a function that takes the columns of `heads` out of a (prompt, layer, head) array."""
    layers, columns = [head.layer for head in heads], [head.head for head in heads]

    def pick(values: np.ndarray) -> Float[np.ndarray, "prompt head"]:
        return np.asarray(values[:, layers, columns])

    return pick
