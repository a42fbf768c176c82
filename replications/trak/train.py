"""Stage: trains the networks of a setting, for the ground truth and for attribution.

python -P -m replications.trak.train SETTING [--engine dask --scheduler ADDRESS]
"""

import json
from functools import partial

import numpy as np

from replications.common.files import write_bytes, write_json
from replications.common.imports import hash_code
from replications.common.params import StageParams, load_params, load_setting
from replications.common.paths import artifacts_dir
from replications.common.stage import parse_setting
from replications.trak.data import load_images
from replications.trak.engines import drop_tasks, parse_engine, run_tasks
from replications.trak.retraining import Task, check_device, cut_tasks, draw_halves, join, pack, retrain, unpack
from replications.trak.settings import NAME, Setting

POOL, TRUTH = 0, 1  # first number of the seeds of each kind of network, after the stage's own


class Params(StageParams):
    """Section `train` of `params.yaml`."""

    seed: int


def plan_truth(setting: Setting, seed: int) -> tuple[np.ndarray, list[Task]]:
    """Returns the subsets of the ground truth, as masks, and the tasks: each subset is trained on several times."""
    masks = draw_halves(setting.subsets, setting.images, np.random.default_rng([seed, TRUTH]))
    seeds = [(seed, TRUTH, number) for number in range(setting.subsets * setting.repeats)]
    return masks, cut_tasks("truth", np.repeat(masks, setting.repeats, axis=0), seeds, setting.together)


def plan_pool(setting: Setting, seed: int) -> tuple[np.ndarray, list[Task]]:
    """Returns the subsets of the networks for attribution, as masks, and the tasks."""
    masks = draw_halves(setting.pool, setting.images, np.random.default_rng([seed, POOL]))
    seeds = [(seed, POOL, number) for number in range(setting.pool)]
    return masks, cut_tasks("pool", masks, seeds, setting.together, setting.kept)


def main() -> None:
    """Writes `truth.npz`, `pool.npz`, `weights.npz` and `training.json` into `artifacts/<setting>`."""
    engine, rest = parse_engine()
    name = parse_setting(NAME, rest)
    params, setting = load_params(NAME, "train", Params), load_setting(NAME, name, Setting)
    check_device(setting)
    images, folder = load_images(setting), artifacts_dir(NAME, name)
    key = json.dumps([hash_code("replications.trak.train"), params.model_dump(), setting.model_dump()])
    masks, truth = plan_truth(setting, params.seed)
    pool_masks, pool = plan_pool(setting, params.seed)
    work = partial(retrain, setting, images)
    results = run_tasks("training", work, [*truth, *pool], engine, folder / "unfinished", key)
    of_truth, of_pool = results[: len(truth)], results[len(truth) :]
    outputs = join(of_truth, "outputs").reshape(setting.subsets, setting.repeats, setting.targets)
    write_bytes(folder / "truth.npz", pack({"masks": masks, "outputs": outputs}))
    write_bytes(folder / "pool.npz", pack({"masks": pool_masks, "outputs": join(of_pool, "outputs")}))
    write_bytes(folder / "weights.npz", pack({"weights": join(of_pool, "weights")[: setting.kept]}))
    seconds = sum(float(unpack(result)["seconds"]) for result in results)
    networks = len(pool_masks) + len(masks) * setting.repeats
    accuracy = float(join(results, "accuracy").mean())
    write_json(
        folder / "training.json",
        {"networks": networks, "seconds_per_network": round(seconds / networks, 4), "accuracy": round(accuracy, 4)},
    )
    drop_tasks(folder / "unfinished")
    print(f"{networks} networks, {seconds / networks:.2f} s each on one core, accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()
