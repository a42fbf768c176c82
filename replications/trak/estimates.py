"""From predictions and retrainings to measurements: LDS and differences of it, falls of outputs, leave-one-out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from replications.common.bootstrap import bootstrap_mean
from replications.common.measurements import Measurement
from replications.trak.lds import Bootstrap, ceiling_from_halves, noise_ceiling
from replications.trak.settings import Setting
from replications.trak.tables import Fall, Score

SIMILAR = ("representation-similarity", "tracin-last", "influence-last-layer")
# Parts of `seconds.json` that a method needs for each of its networks.
PARTS = {
    "trak": ("gradients", "trak"),
    "tracin-last": ("gradients", "similarity"),
    "gradient-similarity": ("gradients", "similarity"),
    "representation-similarity": ("representation",),
    "influence-last-layer": ("representation", "last-layer"),
    "influence-arnoldi": ("gradients", "arnoldi"),
}


@dataclass(frozen=True)
class Numbers:
    """The numbers of models that claims speak of."""

    single: int
    few: int
    many: int
    resampled: int


def measure_interval(value: float, draws: Float[np.ndarray, " draw"], n: int, unit: str = "1") -> Measurement:
    """Returns a value with the 95 % interval of its draws."""
    low, high = np.quantile(draws, [0.025, 0.975])
    return Measurement(value, float(min(low, value)), float(max(high, value)), n, unit)


def tabulate_scores(
    found: Bootstrap, seconds: Mapping[str, float], per_network: float, checkpoints: int
) -> list[Score]:
    """Returns a row for each method and number of models.

    Args:
        found: LDS and draws by `method@models`.
        seconds: of the stage `attribute`, by part for each network, or by `method@models`.
        per_network: seconds to train one.
        checkpoints: at which TracIn takes gradients.
    """
    rows = []
    for name, value in found.values.items():
        method, models = name.split("@")
        spent = seconds.get(name)
        if method in PARTS:
            spent = int(models) * sum(seconds[part] for part in PARTS[method])
        elif method == "tracin":
            spent = int(models) * checkpoints * (seconds["gradients"] + seconds["similarity"])
        intervals = [
            end
            for draws in (found.both, found.targets, found.subsets)
            for end in (measure_interval(value, draws[name], 1).low, measure_interval(value, draws[name], 1).high)
        ]
        total = None if spent is None else spent + int(models) * per_network
        rows.append(Score(method, int(models), value, *intervals, total))  # type: ignore[arg-type]
    return rows


def measure_scores(
    found: Bootstrap, setting: Setting, numbers: Numbers, n: int
) -> dict[str, Callable[[], Measurement]]:
    """Returns how each claim about LDS is measured; only those of the setting are then called."""

    def minus(first: str, second: str) -> Measurement:
        return measure_interval(found.values[first] - found.values[second], found.both[first] - found.both[second], n)

    def best(*methods: str, among: tuple[int, ...] | None = None) -> str:
        names = [name for name in found.values if name.split("@")[0] in methods]
        names = [name for name in names if among is None or int(name.split("@")[1]) in among]
        return max(names, key=lambda name: found.values[name])

    most, ablated = f"trak@{max(setting.trak_models)}", f"trak@{setting.ablation_models}"
    few, many = f"trak@{numbers.few}", f"trak@{numbers.many}"
    at = setting.ablation_models
    widest = f"dimension-{max(setting.dimensions)}@{at}"
    dimensions = [f"dimension-{d}" for d in setting.dimensions if d != setting.dimension]
    best_dimension = max([ablated, *(f"{d}@{at}" for d in dimensions)], key=lambda name: found.values.get(name, -1.0))
    resampled = (numbers.resampled,)
    return {
        "trak-beats-influence-functions": lambda: minus(many, best("influence-last-layer")),
        "trak-beats-arnoldi-influence": lambda: minus(many, best("influence-arnoldi")),
        "trak-beats-representation-similarity": lambda: minus(many, best("representation-similarity")),
        "trak-beats-gradient-similarity": lambda: minus(many, best("gradient-similarity")),
        "trak-beats-tracin": lambda: minus(many, best("tracin", "tracin-last")),
        "trak-predicts-retraining": lambda: measure_interval(found.values[most], found.both[most], n),
        "trak-improves-with-models": lambda: minus(many, f"trak@{numbers.single}"),
        "trak-matches-datamodels-at-a-hundredth": lambda: minus(
            few, best("datamodels-lasso", "datamodels-ridge", among=resampled)
        ),
        "trak-beats-empirical-influence-at-a-hundredth": lambda: minus(
            few, best("empirical-influence", among=resampled)
        ),
        "library-threshold": lambda: measure_interval(found.values["trak@3"], found.both["trak@3"], n),
        "random-scores-predict-nothing": lambda: measure_interval(found.values["random@0"], found.both["random@0"], n),
        "shuffled-scores-predict-nothing": lambda: measure_interval(
            found.values[best("trak-shuffled")], found.both[best("trak-shuffled")], n
        ),
        "inverse-helps": lambda: minus(ablated, f"no-inverse@{at}"),
        "reweighting-helps": lambda: minus(ablated, f"no-reweighting@{at}"),
        "soft-thresholding-does-no-harm": lambda: minus(f"soft-threshold@{at}", ablated),
        "too-large-a-projection-hurts": lambda: minus(best_dimension, widest),
        "models-beat-checkpoints": lambda: minus(f"trak@{len(setting.training.checkpoints)}", "checkpoints@1"),
    }


def measure_ceiling(
    outputs: Float[np.ndarray, "subset repeat target"], resamples: int, rng: np.random.Generator
) -> Measurement:
    """Returns the highest LDS that is possible, with its interval over subsets and targets."""
    subsets, repeats, targets = outputs.shape
    draws = np.empty(resamples)
    for draw in range(resamples):
        drawn = outputs[rng.integers(subsets, size=subsets)][:, :, rng.integers(targets, size=targets)]
        draws[draw] = ceiling_from_halves(float(noise_ceiling(drawn).mean()), repeats)
    value = ceiling_from_halves(float(noise_ceiling(outputs).mean()), repeats)
    return measure_interval(value, draws, targets)


def find_falls(
    retrained: Mapping[str, np.ndarray],
) -> dict[str, Float[np.ndarray, "removed target"]]:
    """Returns by method how far each target's output falls, mean over repeats; log-odds."""
    falls = (retrained["before"] - retrained["after"]).mean(-1)
    return {str(method): falls[:, number] for number, method in enumerate(retrained["methods"])}


def tabulate_falls(
    falls: Mapping[str, Float[np.ndarray, "removed target"]], removed: tuple[int, ...], rng: np.random.Generator
) -> list[Fall]:
    """Returns a row for each method and number of images removed, with its interval over targets."""
    rows = []
    for method, by_removed in falls.items():
        for count, values in zip(removed, by_removed, strict=True):
            m = bootstrap_mean(values, rng, unit="log-odds")
            rows.append(Fall(method, count, m.value, m.low, m.high))  # type: ignore[arg-type]
    return rows


def measure_falls(
    falls: Mapping[str, Float[np.ndarray, "removed target"]], rng: np.random.Generator
) -> dict[str, Callable[[], Measurement]]:
    """Returns how each control about removals is measured."""
    last = {method: by_removed[-1] for method, by_removed in falls.items()}
    strongest = max(SIMILAR, key=lambda method: last[method].mean())

    def minus(other: str) -> Measurement:
        return bootstrap_mean(last["trak"] - last[other], rng, unit="log-odds")

    return {
        "removal-by-trak-beats-random": lambda: minus("random"),
        "removal-by-trak-beats-similarity": lambda: minus(strongest),
    }


def measure_leave_one_out(
    retrained: Mapping[str, np.ndarray],
    scores: Float[np.ndarray, "target image"],
    strongest: int,
    rng: np.random.Generator,
) -> dict[str, Callable[[], Measurement]]:
    """Returns how the claims about leaving one image out are measured; `scores` are TRAK's."""

    def follows() -> Measurement:
        predicted, actual = strongest_effects(retrained, strongest)
        return bootstrap_mean(correlate_rows(predicted, actual), rng, unit="1")

    def trak_follows() -> Measurement:
        return bootstrap_mean(correlate_rows(scores, -retrained["output"]), rng, unit="1")

    return {"influence-follows-leave-one-out": follows, "trak-follows-leave-one-out": trak_follows}


def strongest_effects(retrained: Mapping[str, np.ndarray], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns predicted and actual effects (target, image) on the loss, of images with the largest predicted ones."""
    order = np.argsort(-np.abs(retrained["influence"]), axis=1)[:, :count]
    predicted, actual = (np.take_along_axis(retrained[name], order, axis=1) for name in ("influence", "loss"))
    return predicted, actual


def correlate_rows(a: Float[np.ndarray, "row item"], b: Float[np.ndarray, "row item"]) -> Float[np.ndarray, " row"]:
    """Returns the Pearson correlation of each pair of rows."""
    pairs = zip(a.astype(float), b.astype(float), strict=True)
    return np.array([np.corrcoef(x, y)[0, 1] for x, y in pairs])
