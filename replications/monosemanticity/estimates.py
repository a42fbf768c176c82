"""Every claim's number with its interval, from what was read off the models."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jaxtyping import Float

from replications.common import bootstrap as resampling
from replications.common.bootstrap import bootstrap, bootstrap_mean
from replications.common.measurements import Measurement, exact, missing
from replications.monosemanticity.coding import active_by_window
from replications.monosemanticity.context_rows import ContextFindings
from replications.monosemanticity.evidence import LARGE, LARGEST, MAIN, SMALL, Evidence
from replications.monosemanticity.records import ExplainedRow
from replications.monosemanticity.recovery import CLEAN, MEAN, ZERO, recovered
from replications.monosemanticity.specific import count_specific, pearson, share

Measurements = dict[str, Measurement]


def estimate_recovery(evidence: Evidence, rng: np.random.Generator) -> Measurements:
    """Returns what is measured in losses; intervals over windows of held-out text."""
    losses, counted = evidence.losses, evidence.clean_losses
    seeds = tuple(evidence.workshop.setting.seeds.values())

    def share_of(name: str, baseline: str) -> Measurement:
        return bootstrap(recovered, [losses[name], losses[CLEAN], losses[baseline]], rng, unit="fraction", seeds=seeds)

    def difference(first: Sequence[str], second: Sequence[str]) -> Measurement:
        """Loss recovered of the first (name, baseline) minus that of the second, on the same windows."""
        samples = [losses[key] for key in (*first, *second, CLEAN)]
        return bootstrap(
            lambda a, a0, b, b0, clean: recovered(a, clean, a0) - recovered(b, clean, b0),
            samples, rng, unit="fraction", seeds=seeds,
        )  # fmt: skip

    trained = np.mean([counted[name] for name in evidence.workshop.setting.seeds], axis=0)
    largest = share_of(LARGEST, ZERO) if LARGEST in losses else missing("there is no such dictionary", "fraction")
    return {
        "loss-recovered": share_of(MAIN, ZERO),
        "loss-recovered-by-the-largest": largest,
        "transformer-against-bigram": bootstrap_mean(counted["bigram"] - trained, rng, unit="nats", seeds=seeds),
        "transformer-against-unigram": bootstrap_mean(counted["unigram"] - trained, rng, unit="nats", seeds=seeds),
        "mlp-matters": bootstrap_mean(losses[ZERO] - losses[CLEAN], rng, unit="nats", seeds=seeds),
        "zero-ablation-is-generous": difference((MAIN, ZERO), (MAIN, MEAN)),
        "size-recovers-more": difference((MAIN, ZERO), (SMALL, ZERO)),
        "largest-size-recovers-more": difference((LARGE, ZERO), (MAIN, ZERO)),
    }


def estimate_sparsity(
    evidence: Evidence, densities: Mapping[str, np.ndarray], zero_neurons: Float[np.ndarray, " window"],
    rng: np.random.Generator,
) -> Measurements:  # fmt: skip
    """Returns how sparse A/1 is; intervals over windows, or over features where shares of features are counted."""
    found, rare = densities[MAIN], evidence.params.rare
    active = active_by_window(evidence.codes[MAIN], evidence.windows.shape[1])
    used = max(1, int((found > 0).sum()))
    typical = bootstrap_median(found[found > 0], rng, "fraction")
    return {
        "active-features": bootstrap_mean(active, rng, unit="features"),
        "dead-features": bootstrap_mean(found == 0, rng, unit="fraction"),
        "ultralow-density-features": bootstrap_mean((found > 0) & (found < rare), rng, unit="fraction"),
        "median-density": typical,
        "zero-features": bootstrap_mean(1 - active / used, rng, unit="fraction"),
        "zero-neurons": bootstrap_mean(zero_neurons, rng, unit="fraction"),
    }


def estimate_universality(
    matches: Float[np.ndarray, " feature"],
    neurons: Float[np.ndarray, " neuron"],
    random: Float[np.ndarray, " feature"],
    rng: np.random.Generator,
) -> Measurements:
    """Returns medians of best correlations; intervals over features and neurons.

    Args:
        matches: of live features of A/1 in B/1.
        neurons: of neurons of A in B.
        random: of the same features in the dictionary of the shuffled transformer.
        rng: source of the resampling.
    """
    return {
        "features-are-universal": bootstrap_median(matches, rng, "1"),
        "neurons-are-less-universal": bootstrap_median(neurons, rng, "1"),
        "universality-of-features-over-neurons": difference_of_medians(matches, neurons, rng, "1"),
        "random-transformer-has-other-features": bootstrap(
            lambda a, b: float(np.median(a) - np.median(b)), [matches, random], rng, unit="1"
        ) if len(matches) else missing("no feature is alive", "1"),
    }  # fmt: skip


def estimate_splitting(
    evidence: Evidence, cosine: np.ndarray, chance: np.ndarray, rng: np.random.Generator
) -> Measurements:
    """Returns counts of base64 features by size, and how many directions of A/1 belong to one of A/0."""
    near = evidence.params.cluster_cosine
    label = evidence.labels.get("base64")

    def count(name: str) -> Measurement:
        if label is None or name not in evidence.codes:
            return missing("base64 or the dictionary does not occur here", "features")
        codes = evidence.codes[name]
        found = count_specific(codes, label, evidence.params.specific_share, evidence.params.fewest_active)
        return exact(found, codes.shape[1], "features")

    split = (
        bootstrap(
            lambda ours, theirs: float((ours >= near).mean() - (theirs >= near).mean()),
            [cosine, chance],
            rng,
            unit="fraction",
        )
        if len(cosine)
        else missing("no feature is alive", "fraction")
    )
    return {
        "directions-split": split,
        "base64-features-of-512": count(SMALL),
        "base64-features-of-4096": count(MAIN),
        "base64-features-of-16384": count(LARGE),
    }


def estimate_contexts(
    evidence: Evidence, findings: Mapping[str, ContextFindings], rng: np.random.Generator
) -> Measurements:
    """Returns the claims about specific features; intervals over documents, or over contexts for means of them."""
    params = evidence.params
    rows = [finding.row for finding in findings.values()]
    good = [row.pearson >= params.specific_pearson and row.share >= params.specific_share for row in rows]

    def mean(values: Sequence[float], unit: str) -> Measurement:
        return bootstrap_mean(np.array(values), rng, unit=unit) if values else missing("no context occurs", unit)

    return {
        "contexts-with-a-feature": exact(sum(good), len(rows), "contexts"),
        "share-rises-with-activation": mean([row.share_strong - row.share for row in rows], "fraction"),
        "features-over-neurons": mean([row.pearson - row.neuron_pearson for row in rows], "1"),
        "logit-weights-fit-the-context": mean([row.typical_logits - row.typical_tokens for row in rows], "fraction"),
        "clamping-writes-the-context": mean([row.clamped - row.clean for row in rows], "fraction"),
        "clamping-another-feature-does-not": mean([row.clamped - row.other_clamped for row in rows], "fraction"),
    } | _estimate_named(findings, rng)


def _estimate_named(findings: Mapping[str, ContextFindings], rng: np.random.Generator) -> Measurements:
    """Returns the claims about Arabic, base64 and Hebrew."""

    def over_documents(
        context: str, unit: str, statistic: Callable[[np.ndarray], float], sums: Callable[[ContextFindings], np.ndarray]
    ) -> Measurement:
        if context not in findings:
            return missing(f"no {context} in the text", unit)
        return bootstrap(statistic, [sums(findings[context])], rng, unit=unit)

    def single(context: str, unit: str, value: Callable[[ContextFindings], float]) -> Measurement:
        return exact(value(findings[context]), 1, unit) if context in findings else missing(f"no {context}", unit)

    return {
        "arabic-share": over_documents("arabic", "fraction", share, lambda found: found.share_sums),
        "arabic-share-when-strong": over_documents("arabic", "fraction", share, lambda found: found.strong_sums),
        "arabic-pearson": over_documents("arabic", "1", pearson, lambda found: found.pearson_sums),
        "arabic-neurons": single("arabic", "neurons", lambda found: found.row.large_coefficients),
        "arabic-feature-in-b": over_documents("arabic", "1", pearson, lambda found: found.match_sums),
        "arabic-logits-in-b": single("arabic", "1", lambda found: found.row.match_logits),
        "base64-pearson": over_documents("base64", "1", pearson, lambda found: found.pearson_sums),
        "base64-feature-in-b": over_documents("base64", "1", pearson, lambda found: found.match_sums),
        "base64-best-neuron": over_documents("base64", "1", pearson, lambda found: found.neuron_sums),
        "hebrew-pearson": over_documents("hebrew", "1", pearson, lambda found: found.pearson_sums),
        "hebrew-feature-in-b": over_documents("hebrew", "1", pearson, lambda found: found.match_sums),
        "hebrew-logits-in-b": single("hebrew", "1", lambda found: found.row.match_logits),
        "hebrew-best-neuron": over_documents("hebrew", "1", pearson, lambda found: found.neuron_sums),
    }


def estimate_explanations(rows: Sequence[ExplainedRow], rng: np.random.Generator) -> Measurements:
    """Returns the differences of median scores; intervals over units."""
    by_kind = {kind: np.array([row.score for row in rows if row.kind == kind]) for kind in {row.kind for row in rows}}
    features = by_kind["feature"]
    return {
        "explained-features-over-neurons": difference_of_medians(features, by_kind["neuron"], rng, "1"),
        "random-transformer-is-easier-to-explain": difference_of_medians(by_kind["random"], features, rng, "1"),
    }


def bootstrap_median(values: Float[np.ndarray, " item"], rng: np.random.Generator, unit: str) -> Measurement:
    """Returns the median with its interval over items; a reason if there are none."""
    if not len(values):
        return missing("no feature is alive", unit)
    return bootstrap(lambda sample: float(np.median(sample)), [values], rng, unit=unit)


def difference_of_medians(
    first: Float[np.ndarray, " item"], second: Float[np.ndarray, " other"], rng: np.random.Generator, unit: str
) -> Measurement:
    """Returns the median of one sample minus that of another, drawn independently, with its interval."""
    if not len(first) or not len(second):
        return missing("no feature is alive", unit)
    draws = [
        np.median(rng.choice(first, len(first))) - np.median(rng.choice(second, len(second)))
        for _ in range(resampling.RESAMPLES)
    ]
    value = float(np.median(first) - np.median(second))
    tails = (1 - resampling.COVERAGE) / 2
    low, high = np.quantile(draws, [tails, 1 - tails])
    return Measurement(value, float(min(low, value)), float(max(high, value)), len(first) + len(second), unit)
