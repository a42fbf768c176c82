"""From knock-outs, patched signals and changed prompts to the numbers that the claims are about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from replications.common.measurements import Measurement, exact, missing
from replications.ioi.criteria import MinimalityOf, Removal
from replications.ioi.evaluators import Mentions
from replications.ioi.resampling import Resampling
from replications.ioi.roles import DUPLICATE_TOKEN, INDUCTION, PREVIOUS_TOKEN, S_INHIBITION
from replications.ioi.search_estimates import absent
from replications.ioi.signals import SIGNALS, fit_signals
from replications.ioi.tables import NEGATIVE_NAME_MOVER

WITHOUT = {
    S_INHIBITION: "without-s-inhibition",
    DUPLICATE_TOKEN: "without-duplicate-token",
    INDUCTION: "without-induction",
    PREVIOUS_TOKEN: "without-previous-token",
    NEGATIVE_NAME_MOVER: "without-negative",
}
LEAST = 0.05  # a denominator below this share of the model's logit difference makes a ratio of noise


@dataclass(frozen=True)
class SignalReadings:
    """Logit differences with outputs taken from other prompts, per prompt, in logits.

    Attributes:
        at_end: by data set, with the S-inhibition heads' output at END.
        at_s2: by data set, with the induction and duplicate token heads' output at S2; empty if there are none.
        longer: with the S-inhibition heads' output from the prompts with a longer prefix.
        random_heads: by draw, with random heads' output at END from the data set with both signals inverted.
    """

    at_end: Mapping[str, Float[np.ndarray, " prompt"]]
    at_s2: Mapping[str, Float[np.ndarray, " prompt"]]
    longer: Float[np.ndarray, " prompt"]
    random_heads: Float[np.ndarray, "draw prompt"]


@dataclass(frozen=True)
class CircuitReadings:
    """F of the circuit and of others, per prompt, in logits.

    Attributes:
        plain: the model's own logit difference.
        nothing_removed: F(M) with nothing knocked out.
        whole: F(C).
        empty: F of the empty circuit.
        naive: F of the naive circuit.
        movers_removed: F(M without all name movers); None if there are none.
        random_movers_removed: F(M without random heads of their layers), by draw.
        random_circuits: by draw.
        random_circuits_of_the_same_layers: by draw.
        removals: of parts of the circuit.
        naive_removals: of the classes of the naive circuit.
        minimality: of each node.
        nodes: in the circuit.
        pairs: of head and position in the model, per prompt.
    """

    plain: Float[np.ndarray, " prompt"]
    nothing_removed: Float[np.ndarray, " prompt"]
    whole: Float[np.ndarray, " prompt"]
    empty: Float[np.ndarray, " prompt"]
    naive: Float[np.ndarray, " prompt"]
    movers_removed: Float[np.ndarray, " prompt"] | None
    random_movers_removed: Float[np.ndarray, "draw prompt"]
    random_circuits: Float[np.ndarray, "draw prompt"]
    random_circuits_of_the_same_layers: Float[np.ndarray, "draw prompt"]
    removals: Sequence[Removal]
    naive_removals: Sequence[Removal]
    minimality: Sequence[MinimalityOf]
    nodes: int
    pairs: Float[np.ndarray, " prompt"]


def estimate_signals(
    readings: SignalReadings | None, plain: Float[np.ndarray, " prompt"], resampling: Resampling
) -> dict[str, Measurement]:
    """Returns what the S-inhibition heads carry. `readings` is None if there are none.

    Source: wang2023ioi, App. A.
    """
    names = [f"signal-{name}" for name in SIGNALS if name != "original"]
    slopes = ["signal-position-slope", "signal-token-slope", "signal-linear-error"]
    origins = ["position-signal-from-s2", "position-signal-not-from-tokens"]
    controls = ["signal-longer-prefix", "random-heads-carry-no-signal"]
    if readings is None:
        return {name: missing(absent(S_INHIBITION), "fraction") for name in (*names, *slopes, *origins, *controls)}
    measured = {
        f"signal-{name}": resampling.ratio(readings.at_end[name], plain) for name in SIGNALS if name != "original"
    }
    samples = [plain, *(readings.at_end[name] for name in SIGNALS)]
    for place, name in enumerate(slopes):

        def fit(plain: np.ndarray, *values: np.ndarray, place: int = place) -> float:
            return fit_signals({n: v.mean() / plain.mean() for n, v in zip(SIGNALS, values, strict=True)})[place]

        measured[name] = resampling.any(fit, samples, "fraction")
    measured["signal-longer-prefix"] = resampling.ratio(readings.longer, plain)
    measured["random-heads-carry-no-signal"] = resampling.mean(readings.random_heads.mean(1) / plain.mean(), "fraction")
    drop = plain - readings.at_end["inverted-position"]
    for name, data_set in zip(origins, ("inverted-position", "random-token"), strict=True):
        if not readings.at_s2:
            measured[name] = missing(absent(f"{INDUCTION} or {DUPLICATE_TOKEN}"), "fraction")
        elif drop.mean() < LEAST * plain.mean():
            measured[name] = missing("the S-inhibition heads carry no position signal to be explained", "fraction")
        else:
            measured[name] = resampling.ratio(plain - readings.at_s2[data_set], drop)
    return measured


def estimate_circuit(readings: CircuitReadings, resampling: Resampling, of_paper: bool) -> dict[str, Measurement]:
    """Returns faithfulness, completeness and minimality with their controls.

    Source: wang2023ioi, § 4.1 to 4.3.
    """
    plain, r = readings.plain, resampling
    error = np.abs(readings.nothing_removed - plain)
    measured = {
        "mean-ablating-nothing": r.any(lambda values: float(values.max()), [error], "logit"),
        "faithfulness": r.ratio(readings.whole, plain),
        "empty-circuit": r.ratio(readings.empty, plain),
        "naive-circuit": r.any(
            lambda f, m: float(abs(f.mean() - m.mean()) / m.mean()), [readings.naive, plain], "fraction"
        ),
        "circuit-size": exact(readings.nodes / readings.pairs.mean(), readings.nodes, "fraction"),
        "random-circuits": r.mean(readings.random_circuits.mean(1) / plain.mean(), "fraction"),
        "random-circuits-of-the-same-layers": r.mean(
            readings.random_circuits_of_the_same_layers.mean(1) / plain.mean(), "fraction"
        ),
        "name-movers-knocked-out": missing("no head passed the line for name movers", "fraction")
        if readings.movers_removed is None
        else r.ratio(readings.movers_removed, plain),
        "random-heads-knocked-out": missing("no head passed the line for name movers", "fraction")
        if readings.movers_removed is None
        else r.mean(readings.random_movers_removed.mean(1) / plain.mean(), "fraction"),
        **_estimate_minimality(readings, r),
        **_estimate_completeness(readings, r),
    }
    if of_paper:
        measured["faithfulness-by-figure-20"] = measured["faithfulness"]
    return measured


def _estimate_minimality(readings: CircuitReadings, resampling: Resampling) -> dict[str, Measurement]:
    by_class = {removal.name: removal for removal in readings.removals if removal.kind == "class"}
    weak = readings.whole.mean() < LEAST * readings.plain.mean()
    measured = {}
    for role, claim in WITHOUT.items():
        if role not in by_class:
            measured[claim] = missing(absent(role), "fraction")
        elif weak:
            measured[claim] = missing("the circuit alone has hardly any logit difference to lose", "fraction")
        else:
            measured[claim] = resampling.ratio(by_class[role].of_circuit, readings.whole)
    if not readings.minimality:
        return measured | {"minimality": missing("the circuit has no node", "fraction")}
    changes = [(m.whole - m.without, m.alone - m.without_class) for m in readings.minimality]
    samples = [np.array(changes).transpose(2, 0, 1), readings.plain]  # prompt node (alone, after its class)

    def lowest(changes: np.ndarray, plain: np.ndarray) -> float:
        return float(np.abs(changes.mean(0)).max(1).min() / plain.mean())

    return measured | {"minimality": resampling.any(lowest, samples, "fraction")}


def _estimate_completeness(readings: CircuitReadings, resampling: Resampling) -> dict[str, Measurement]:
    def gaps(removals: Sequence[Removal], kind: str) -> Float[np.ndarray, "prompt set"]:
        return np.array([m.of_circuit - m.of_model for m in removals if m.kind == kind]).T

    def largest(values: np.ndarray, plain: np.ndarray) -> float:
        return float(np.abs(values.mean(0)).max() / plain.mean())

    def mean(values: np.ndarray, plain: np.ndarray) -> float:
        return float(np.abs(values.mean(0)).mean() / plain.mean())

    def excess(naive: np.ndarray, full: np.ndarray, plain: np.ndarray) -> float:
        return largest(naive, plain) - largest(full, plain)

    plain, full = readings.plain, readings.removals
    classes, naive = gaps(full, "class"), gaps(readings.naive_removals, "class")
    statistics = {
        "completeness-by-class": (largest, [classes, plain]),
        "completeness-by-random-sets": (mean, [gaps(full, "random"), plain]),
        "completeness-greedy": (largest, [gaps(full, "greedy"), plain]),
        "naive-circuit-is-less-complete": (excess, [naive, classes, plain]),
    }
    return {
        name: resampling.any(statistic, samples, "fraction")
        if all(sample.size for sample in samples)
        else missing("the circuit has no head, so nothing can be removed", "fraction")
        for name, (statistic, samples) in statistics.items()
    }


def estimate_mentions(mentions: Mentions, resampling: Resampling, of_paper: bool) -> dict[str, Measurement]:
    """Returns what another mention of a name does.

    Source: wang2023ioi, § 4.4, Figure 8.
    """
    measured = {
        "second-io-logit-difference": resampling.ratio(mentions.second_io, mentions.plain),
        "second-io-s-above-io": resampling.mean(mentions.second_io < 0, "fraction"),
        "extra-s-logit-difference": resampling.ratio(mentions.extra_s, mentions.plain),
    }
    if of_paper:
        measured["second-io-probability"] = resampling.mean(mentions.second_io_probability, "fraction")
    return measured


def estimate_mlps(
    without: Float[np.ndarray, "set prompt"], plain: Float[np.ndarray, " prompt"], resampling: Resampling
) -> dict[str, Measurement]:
    """Returns what is left without the first MLP, without any other, and without all others (the last set).

    Source: wang2023ioi, App. J.
    """
    others = without[1:-1].T

    def lowest(values: np.ndarray, plain: np.ndarray) -> float:
        return float(values.mean(0).min() / plain.mean())

    return {
        "first-mlp-knocked-out": resampling.ratio(without[0], plain),
        "single-mlps-knocked-out": resampling.any(lowest, [others, plain], "fraction"),
        "all-mlps-but-the-first": resampling.ratio(without[-1], plain),
    }
