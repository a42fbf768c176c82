"""From traces to the numbers that the claims are about."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from replications.common.bootstrap import bootstrap, bootstrap_mean
from replications.common.measurements import Measurement, exact, missing
from replications.rome.encoding import FIRST, LAST, LAST_SUBJECT, ROLES
from replications.rome.traces import Traces

LEAST = 0.005  # an effect of half a percentage point is no denominator


@dataclass(frozen=True)
class Site:
    """Where a kind of restoration works best at one token: chosen on half of the facts, measured on the other.

    Attributes:
        effects: of every fact that has the token, by layer.
        chosen: index of the layer that is best on every second fact.
    """

    effects: Float[np.ndarray, "fact layer"]
    chosen: int

    @property
    def held_out(self) -> Float[np.ndarray, "fact layer"]:
        """The facts on which the layer was not chosen."""
        return self.effects[1::2]


def estimate_traces(traces: Traces, n_layers: int, seed: int) -> dict[str, Measurement]:
    """Returns every claim and control on tracing.

    Source: meng2022rome, § 2.2 and App. B.
    """
    rng = np.random.default_rng(seed)

    def mean(values: np.ndarray) -> Measurement:
        return bootstrap_mean(values, rng, unit="fraction", seeds=(seed,))

    def measure(statistic: Callable[..., float], samples: list[np.ndarray], unit: str = "fraction") -> Measurement:
        return bootstrap(statistic, samples, rng, unit=unit, seeds=(seed,))

    def depth(site: Site, grid: np.ndarray) -> Measurement:
        return measure(lambda e: float(grid[e.mean(0).argmax()] / (n_layers - 1)), [site.effects], "1")

    state = find_site(traces.states, LAST_SUBJECT)
    mlp, attention = find_site(traces.mlp, LAST_SUBJECT), find_site(traces.attention, LAST_SUBJECT)
    late = find_site(traces.attention, LAST)
    held = {name: site.held_out[:, site.chosen] for name, site in (("mlp", mlp), ("attention", attention))}
    return {
        "clean-probability": mean(traces.clean),
        "corrupted-probability": mean(traces.corrupted),
        "total-effect": mean(traces.clean - traces.corrupted),
        "early-site-state": mean(state.held_out[:, state.chosen]),
        "early-site-depth": depth(state, traces.layers),
        "early-site-mlp": mean(held["mlp"]),
        "early-site-mlp-depth": depth(mlp, traces.centres),
        "early-site-attention": mean(held["attention"]),
        "attention-over-mlp": measure(_ratio, [held["attention"], held["mlp"]])
        if held["mlp"].mean() > LEAST
        else missing("the MLPs restore hardly anything", "fraction"),
        "late-site-attention": mean(late.held_out[:, late.chosen]),
        "late-site-attention-depth": depth(late, traces.centres),
        "no-noise-no-effect": _largest(traces.no_noise),
        "restoring-everything": _largest(traces.everything),
        # The mean over all layers is what layers drawn at random give on average.
        "early-site-above-random-layers": mean(state.held_out[:, state.chosen] - state.held_out.mean(1)),
        "early-site-above-other-subject-tokens": mean(_above_first_token(traces, state.chosen)),
        "mlp-window-above-scattered-mlps": mean(held["mlp"] - _present(traces.scattered)[1::2]),
        "severing-mlps-matters-more": _compare_severed(traces, state.chosen, measure),
    }


def find_site(effects: Float[np.ndarray, "fact role layer"], role: str) -> Site:
    """Returns the best layer at the tokens of a role."""
    found = _present(effects[:, ROLES.index(role)])
    return Site(found, int(found[::2].mean(0).argmax()))


def _present(values: Float[np.ndarray, "fact *rest"]) -> Float[np.ndarray, "present *rest"]:
    """Returns the facts that have a number."""
    has_number: Bool[np.ndarray, " fact"] = ~np.isnan(values.reshape(len(values), -1)).any(1)
    return values[has_number]


def _largest(values: Float[np.ndarray, " fact"]) -> Measurement:
    found = _present(values)
    return exact(float(found.max()), len(found), "fraction")


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> float:
    # A resample whose denominator is next to nothing would give any number.
    return float(numerator.mean() / max(denominator.mean(), LEAST))


def _above_first_token(traces: Traces, chosen: int) -> Float[np.ndarray, " fact"]:
    held_out = traces.states[1::2, :, chosen]
    return _present(held_out[:, ROLES.index(LAST_SUBJECT)] - held_out[:, ROLES.index(FIRST)])


def _compare_severed(traces: Traces, chosen: int, measure: Callable[..., Measurement]) -> Measurement:
    plain = traces.states[:, ROLES.index(LAST_SUBJECT)]
    kept = ~np.isnan(traces.severed_mlp).any(1)
    early = slice(0, chosen + 1)
    samples = [a[kept, early].sum(1) for a in (plain, traces.severed_mlp, traces.severed_attention)]
    if samples[0].mean() / (chosen + 1) < LEAST:
        return missing("early states restore hardly anything that could be lost", "fraction")

    def difference(plain: np.ndarray, mlp: np.ndarray, attention: np.ndarray) -> float:
        return float((attention.mean() - mlp.mean()) / max(plain.mean(), LEAST))

    return measure(difference, samples)
