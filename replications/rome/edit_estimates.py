"""From edits to the numbers that the claims are about."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from sklearn.feature_extraction.text import TfidfVectorizer

from replications.common.bootstrap import bootstrap, bootstrap_mean
from replications.common.measurements import Measurement, exact, missing
from replications.rome.evaluation import consistency, harmonic_score, ngram_entropy
from replications.rome.tables import FT, FTL, IDENTITY, ROME, UNEDITED, EditRow
from replications.rome.traces import Traces, effect_at

PARTS = ("efficacy", "paraphrase", "neighborhood")
PREFIX = {UNEDITED: "unedited", FT: "ft", FTL: "ftl", ROME: "rome"}


@dataclass(frozen=True)
class Sweep:
    """Edits of the same facts at several layers.

    Attributes:
        layers: of the edits.
        rewrite: rewrite score.
        parts: efficacy, paraphrase and neighbourhood.
        traced: tracing effect of the fact at the layer.
    """

    layers: Int[np.ndarray, " layer"]
    rewrite: Float[np.ndarray, "fact layer"]
    parts: Float[np.ndarray, "fact layer part"]
    traced: Float[np.ndarray, "fact layer"]


def select(rows: Sequence[EditRow], method: str, layer: int | None = None) -> list[EditRow]:
    """Returns the rows of a method, at one layer if it is given."""
    return [row for row in rows if row.method == method and layer in (None, row.layer)]


def column(rows: Sequence[EditRow], name: str) -> Float[np.ndarray, " edit"]:
    """Returns one number of every row."""
    return np.array([getattr(row, name) for row in rows], dtype=float)


def parts_of(rows: Sequence[EditRow]) -> list[Float[np.ndarray, " edit"]]:
    """Returns efficacy, paraphrase and neighbourhood of every row."""
    return [column(rows, name) for name in PARTS]


def estimate_edits(rows: Sequence[EditRow], main: int, seed: int) -> dict[str, Measurement]:
    """Returns the scores of every method, ROME's at its layer `main`, and the controls of the edits.

    Source: meng2022rome, Table 4.
    """
    rng = np.random.default_rng(seed)

    def mean(values: np.ndarray, unit: str) -> Measurement:
        return bootstrap_mean(100 * values, rng, unit=unit, seeds=(seed,))

    def measure(statistic: Callable[..., float], samples: Sequence[np.ndarray], unit: str) -> Measurement:
        return bootstrap(statistic, samples, rng, unit=unit, seeds=(seed,))

    def excess(*parts: np.ndarray) -> float:
        return 100 * (harmonic_score(*parts[:3]) - harmonic_score(*parts[3:]))

    of = {method: select(rows, method, main if method == ROME else None) for method in (*PREFIX, IDENTITY)}
    measured = {}
    for method, prefix in PREFIX.items():
        for part in PARTS:
            measured[f"{prefix}-{part}"] = mean(column(of[method], part), "percent")
        measured[f"{prefix}-score"] = measure(lambda *p: 100 * harmonic_score(*p), parts_of(of[method]), "percent")
    for part in PARTS:
        measured[f"rome-{part}-magnitude"] = mean(column(of[ROME], f"{part}_magnitude"), "percentage points")
    for name, other in (("rome-minus-ft-score", FT), ("rome-minus-ftl-score", FTL), ("covariance-helps", IDENTITY)):
        measured[name] = measure(excess, [*parts_of(of[ROME]), *parts_of(of[other])], "percentage points")
    edits = [row for row in rows if row.method != UNEDITED]
    by_rome = [*select(rows, ROME), *of[IDENTITY]]
    measured["edit-constraint"] = exact(column(by_rome, "constraint").max(), len(by_rome), "fraction")
    measured["weights-restored"] = exact((column(edits, "restored") == 0).sum(), len(edits), "edits")
    return measured


def estimate_texts(texts: Sequence[Mapping[str, Sequence[str]]], seed: int) -> dict[str, Measurement]:
    """Returns fluency and consistency after ROME, as fractions of the unedited model's."""
    rng = np.random.default_rng(seed)
    entropy = {m: [np.mean([ngram_entropy(t) for t in by[m]]) for by in texts] for m in (ROME, UNEDITED)}
    measured = {"rome-entropy": _ratio(entropy[ROME], entropy[UNEDITED], rng, seed)}
    compared = [by for by in texts if "reference" in by]
    if not compared:
        return {
            **measured,
            "rome-consistency": missing("no fact has subjects to write reference texts about", "fraction"),
        }
    vectorizer = TfidfVectorizer().fit([t for by in compared for written in by.values() for t in written])
    similar = {
        m: [consistency(" ".join(by[m]), by["reference"], vectorizer) for by in compared] for m in (ROME, UNEDITED)
    }
    return {**measured, "rome-consistency": _ratio(similar[ROME], similar[UNEDITED], rng, seed)}


def _ratio(
    numerator: Sequence[float], denominator: Sequence[float], rng: np.random.Generator, seed: int
) -> Measurement:
    samples = [np.array(numerator), np.array(denominator)]
    return bootstrap(lambda a, b: float(a.mean() / b.mean()), samples, rng, unit="fraction", seeds=(seed,))


def collect_sweep(rows: Sequence[EditRow], layers: Sequence[int], traces: Traces) -> Sweep:
    """Returns the facts that ROME edited at every layer of the sweep."""
    by = {(row.case_id, row.layer): row for row in select(rows, ROME)}
    cases = [case for case in dict.fromkeys(row.case_id for row in rows) if all((case, x) in by for x in layers)]
    place = {int(case): number for number, case in enumerate(traces.case_id)}
    found = [[by[case, layer] for layer in layers] for case in cases]
    traced = [[effect_at(traces, layer)[place[case]] for layer in layers] for case in cases]
    parts = np.array([[[getattr(row, part) for part in PARTS] for row in of_fact] for of_fact in found])
    return Sweep(np.array(layers), np.array([[row.rewrite for row in of] for of in found]), parts, np.array(traced))


def estimate_localization(
    rows: Sequence[EditRow], sweep: Sweep, traces: Traces, main: int, n_layers: int, seed: int
) -> dict[str, Measurement]:
    """Returns at which layer edits work best, and what the tracing effect says about it.

    Source: hase2023localization, § 4.
    """
    rng = np.random.default_rng(seed)

    def measure(statistic: Callable[..., float], samples: Sequence[np.ndarray], unit: str) -> Measurement:
        return bootstrap(statistic, samples, rng, unit=unit, seeds=(seed,))

    def depth(parts: np.ndarray) -> float:
        scores = [harmonic_score(*parts[:, layer].T) for layer in range(parts.shape[1])]
        return float(sweep.layers[int(np.argmax(scores))] / (n_layers - 1))

    place = {int(case): number for number, case in enumerate(traces.case_id)}
    at_main = [row for row in select(rows, ROME, main) if row.case_id in place]
    traced = effect_at(traces, main)[[place[row.case_id] for row in at_main]]
    rewrite, has_window = column(at_main, "rewrite"), ~np.isnan(traced)
    pair = [traced[has_window], rewrite[has_window]]
    return {
        "best-edit-layer-depth": measure(depth, [sweep.parts], "1"),
        "tracing-edit-correlation": measure(correlation, pair, "1"),
        "layer-explains-edits": measure(lambda y, x: explained(y, x)[0], [sweep.rewrite, sweep.traced], "fraction"),
        "tracing-adds-nothing": measure(
            lambda y, x: np.diff(explained(y, x))[0], [sweep.rewrite, sweep.traced], "fraction"
        ),
    }


def correlation(x: Float[np.ndarray, " item"], y: Float[np.ndarray, " item"]) -> float:
    """Returns Pearson's correlation; 0 where one of the two does not vary, since it then says nothing of the other."""
    if np.ptp(x) < 1e-12 or np.ptp(y) < 1e-12:
        return 0.0
    return float(np.corrcoef(x, y)[0, 1])


def explained(y: Float[np.ndarray, "fact layer"], x: Float[np.ndarray, "fact layer"]) -> tuple[float, float]:
    """Returns R squared of y by the layer alone, and by the layer and x together (layers as categories)."""
    total = float(((y - y.mean()) ** 2).sum())
    if total < 1e-12:
        return 0.0, 0.0
    y_within, x_within = y - y.mean(0), x - x.mean(0)
    left = float((y_within**2).sum())
    by_layer = 1 - left / total
    spread = float((x_within**2).sum())
    more = 0.0 if spread < 1e-12 else float((x_within * y_within).sum()) ** 2 / spread / total
    return by_layer, by_layer + more
