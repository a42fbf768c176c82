"""Uniform superposition: dimensions per feature, the lines of feature dimensionality, and adversarial vulnerability."""

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Float

from replications.common.arrays import Curves
from replications.common.bootstrap import bootstrap, bootstrap_mean
from replications.common.measurements import Measurement, missing
from replications.superposition.attack import orthogonal_model, vulnerability
from replications.superposition.loaded import take_sweep
from replications.superposition.method import dimensionality, dimensions_per_feature, norms
from replications.superposition.settings import Measuring, Training

LINES = (3 / 4, 2 / 3, 1 / 2, 2 / 5, 3 / 8)  # elhage2022superposition, Why these geometric structures?
AT, BESIDE = 0.01, 0.04  # distances from a line that count as at it and as beside it
DENSER = 2.0  # how many times as dense a line is at least as its neighbourhood
SUPERPOSED_BELOW = 0.9  # D* of models with superposition
BIN = 0.02
NEAR_HALF = 0.1  # fraction


def measure_uniform(
    arrays: Mapping[str, np.ndarray], training: Training, measuring: Measuring, rng: np.random.Generator
) -> tuple[dict[str, Measurement], Curves]:
    """Returns the measurements about models of equal features, and what the figures draw."""
    sweep = take_sweep(arrays, "uniform", training)
    weight = np.swapaxes(sweep.weight[:, :, 0], 0, 1)  # (seed, density, hidden, feature)
    bias, density = np.swapaxes(sweep.bias[:, :, 0], 0, 1), sweep.density[:, 0, 0, 0]
    per_feature, dims = dimensions_per_feature(weight), dimensionality(weight)
    packed, of_lines = per_feature < SUPERPOSED_BELOW, lambda d, chosen: float(count_lines(d[chosen]))
    turned = dimensionality(turn_randomly(weight, rng))
    ratio = np.log(1 / density)
    attacked = np.array(
        [
            [vulnerability(w, b, p, measuring, rng) for w, b, p in zip(*seed, density, strict=True)]
            for seed in zip(weight, bias, strict=True)
        ]
    )
    plain = orthogonal_model(weight.shape[-1], weight.shape[-2])
    orthogonal = [abs(vulnerability(*plain(p), p, measuring, rng) - 1) for p in density]
    seeds = (training.seed,)

    def over_seeds(statistic: Callable[..., float], *samples: np.ndarray, unit: str) -> Measurement:
        return bootstrap(statistic, samples, rng, unit=unit, seeds=seeds)

    measured = {
        "dense-features-have-a-dimension": bootstrap_mean(per_feature[:, 0], rng, unit="1", seeds=seeds),
        "plateau-at-one-half-is-wide": bootstrap_mean(
            np.array([plateau_factor(ratio, row) for row in per_feature]), rng, unit="1", seeds=seeds
        ),
        "vulnerability-rises": over_seeds(lambda v: float(v[:, -1].mean() / v[:, 0].mean()), attacked, unit="1"),
        "vulnerability-tracks-features-per-dimension": over_seeds(
            lambda v, d: float(np.corrcoef(v.ravel(), 1 / d.ravel())[0, 1]), attacked, per_feature, unit="1"
        ),
        "orthogonal-features-are-as-vulnerable-as-said": bootstrap(
            lambda sample: float(sample.max()), [np.array(orthogonal)], rng, unit="1", seeds=seeds
        ),
    }
    if packed.any():
        measured |= {
            "sticky-at-one-half": over_seeds(lambda d: flattest(ratio, d.mean(0)), per_feature, unit="1"),
            "commonest-dimensionality": over_seeds(lambda d, p: commonest(d[p]), dims, packed, unit="1"),
            "dimensionalities-form-lines": over_seeds(of_lines, dims, packed, unit="lines"),
            "random-directions-form-no-lines": over_seeds(of_lines, turned, packed, unit="lines"),
            "dimensionalities-add-up": over_seeds(
                lambda d, p: float(d.sum(-1)[p].mean() / weight.shape[-2]), dims, packed, unit="1"
            ),
        }  # fmt: skip
    else:
        units = {"sticky-at-one-half": "1", "commonest-dimensionality": "1", "dimensionalities-form-lines": "lines"}
        units |= {"random-directions-form-no-lines": "lines", "dimensionalities-add-up": "1"}
        measured |= {name: missing("no model has superposition", unit) for name, unit in units.items()}
    curves = {
        "uniform_ratio": 1 / density,
        "uniform_per_feature": per_feature,
        "uniform_dimensionality": dims[0],
        "uniform_histogram": np.stack([histogram(d[packed]) for d in (dims, turned)]),
        "uniform_vulnerability": attacked,
    }
    return measured, curves


def turn_randomly(weight: Float[np.ndarray, "*rows hidden feature"], rng: np.random.Generator) -> np.ndarray:
    """Returns weights whose features have random directions and the norms that they had."""
    drawn = rng.standard_normal(weight.shape)
    return drawn / norms(drawn)[..., None, :] * norms(weight)[..., None, :]


def flattest(ratio: Float[np.ndarray, " density"], per_feature: Float[np.ndarray, " density"]) -> float:
    """Returns the D* at which its curve, in logarithms, is flattest below SUPERPOSED_BELOW.

    Args:
        ratio: logarithm of 1/(1 − S), rising.
        per_feature: D* at each.
    """
    logarithm = np.log(per_feature)
    slope = np.abs(np.diff(logarithm) / np.diff(ratio))
    middle = np.exp((logarithm[1:] + logarithm[:-1]) / 2)
    below = np.flatnonzero(per_feature[:-1] < SUPERPOSED_BELOW)
    if not len(below):
        return float(middle[-1])
    return float(middle[below[slope[below].argmin()]])


def plateau_factor(ratio: Float[np.ndarray, " density"], per_feature: Float[np.ndarray, " density"]) -> float:
    """Returns the factor in 1/(1 − S) over which D* is within a tenth of 1/2, interpolated in logarithms."""
    fine = np.linspace(ratio[0], ratio[-1], 10_001)
    near = np.abs(np.exp(np.interp(fine, ratio, np.log(per_feature))) / 0.5 - 1) <= NEAR_HALF
    return float(np.exp(near.mean() * (ratio[-1] - ratio[0])))


def histogram(values: np.ndarray) -> Float[np.ndarray, " bin"]:
    """Returns the share of dimensionalities in each bin; a bin is centred on each multiple of its width."""
    edges = np.arange(-BIN / 2, 1 + BIN, BIN)
    return np.histogram(values, edges)[0] / max(values.size, 1)


def commonest(values: np.ndarray) -> float:
    """Returns the centre of the highest bin between 0.05 and 0.95."""
    centres = BIN * np.arange(len(histogram(values)))
    inner = (centres > 0.05) & (centres < 0.95)
    return float(centres[inner][histogram(values)[inner].argmax()])


def count_lines(values: np.ndarray) -> int:
    """Returns at how many of LINES the values are at least DENSER times as dense as beside it."""
    counts, edges = np.histogram(values, bins=1000, range=(0, 1))
    distance = np.abs((edges[:-1] + edges[1:]) / 2 - np.array(LINES)[:, None])
    between_lines = (distance > AT).all(0)
    at = np.array([counts[row <= AT].mean() for row in distance])
    beside = np.array([counts[(row <= BESIDE) & between_lines].mean() for row in distance])
    return int(((at > 0) & (at >= DENSER * beside)).sum())
