"""Stage: computes the scores of every method, and what they predict for the subsets of the ground truth.

python -P -m replications.trak.attribute SETTING
"""

from collections.abc import Iterator

import numpy as np
import torch
from tqdm import tqdm

from replications.common.arrays import read_arrays, write_arrays
from replications.common.files import write_json
from replications.common.params import StageParams, load_params, load_setting
from replications.common.paths import artifacts_dir
from replications.common.stage import parse_setting
from replications.trak.data import Images, load_images
from replications.trak.method import choose_share, soft_threshold
from replications.trak.resampling import empirical_influence, lasso_datamodels, ridge_datamodels
from replications.trak.retraining import check_device
from replications.trak.scoring import Clock, Scored, Scorer
from replications.trak.settings import NAME, Setting

# Whose scores are kept, for the counterfactuals and the page.
KEPT = (
    "trak", "influence-last-layer", "tracin-last", "representation-similarity", "datamodels-ridge", "random",
)  # fmt: skip


class Params(StageParams):
    """Section `attribute` of `params.yaml`."""

    seed: int
    arnoldi_steps: int
    arnoldi_rank: int
    damping: float
    lasso_penalties: tuple[float, ...]
    lasso_iterations: int
    ridge_penalties: tuple[float, ...]
    held_out: float
    kept_shares: tuple[float, ...]


def score_all(
    setting: Setting, params: Params, images: Images, pool: dict[str, np.ndarray], weights: np.ndarray, clock: Clock
) -> Iterator[Scored]:
    """Yields the scores of every method and every number of models.

    Args:
        setting: of the run.
        params: of this stage.
        images: training images and targets.
        pool: `masks` and `outputs` of the networks for attribution.
        weights: of those that kept them.
        clock: takes the seconds of each part.
    """
    scorer = Scorer(
        setting, images, pool["masks"], damping=params.damping, arnoldi_steps=params.arnoldi_steps,
        arnoldi_rank=params.arnoldi_rank, seed=params.seed, clock=clock,
    )  # fmt: skip
    for scored in scorer.score(torch.from_numpy(weights)):
        yield scored
        if scored.method == "trak":
            most = scored
            if scored.models == setting.ablation_models:
                seen = pool["masks"][: scored.models], pool["outputs"][: scored.models]
                share = choose_share(scored.scores, *seen, params.kept_shares)
                yield Scored("soft-threshold", scored.models, soft_threshold(scored.scores, share))
    rng = np.random.default_rng(params.seed)
    yield Scored("trak-shuffled", most.models, rng.permuted(most.scores, axis=1))
    yield Scored("random", 0, rng.standard_normal(most.scores.shape).astype(np.float32))
    for models in setting.resampling_models:
        seen, chance = (pool["masks"][:models], pool["outputs"][:models]), params.held_out
        with clock.time(f"empirical-influence@{models}"):
            yield Scored("empirical-influence", models, empirical_influence(*seen))
        with clock.time(f"datamodels-ridge@{models}"):
            yield Scored("datamodels-ridge", models, ridge_datamodels(*seen, params.ridge_penalties, chance, rng))
        with clock.time(f"datamodels-lasso@{models}"):
            penalties, iterations = params.lasso_penalties, params.lasso_iterations
            yield Scored("datamodels-lasso", models, lasso_datamodels(*seen, penalties, iterations, chance, rng))


def scale_to_one(scores: np.ndarray) -> np.ndarray:
    """Returns scores divided by each target's largest, in half precision: enough to rank and to show them."""
    largest = np.abs(scores).max(1, keepdims=True)
    return (scores / np.where(largest > 0, largest, 1)).astype(np.float16)


def main() -> None:
    """Writes `predictions.npz`, `attributions.npz` and `seconds.json` into `artifacts/<setting>`."""
    name = parse_setting(NAME)
    params, setting = load_params(NAME, "attribute", Params), load_setting(NAME, name, Setting)
    check_device(setting)
    folder = artifacts_dir(NAME, name)
    arrays = {part: read_arrays(folder / f"{part}.npz") for part in ("truth", "pool", "weights")}
    subsets = arrays["truth"]["masks"].T.astype(np.float32)
    predictions, kept, clock = {}, {}, Clock()
    found = score_all(setting, params, load_images(setting), arrays["pool"], arrays["weights"]["weights"], clock)
    with tqdm(found, desc="attributing", unit="result", mininterval=5) as progress:
        for scored in progress:
            progress.set_postfix_str(f"{scored.method} of {scored.models}")
            predictions[f"{scored.method}@{scored.models}"] = (scored.scores @ subsets).astype(np.float32)
            if scored.method in KEPT:
                kept[scored.method] = scale_to_one(scored.scores)
    write_arrays(folder / "predictions.npz", predictions)
    write_arrays(folder / "attributions.npz", kept)
    seconds = {part: round(float(np.mean(times)), 4) for part, times in clock.seconds.items()}
    write_json(folder / "seconds.json", seconds)
    print(f"{len(predictions)} sets of scores")


if __name__ == "__main__":
    main()
