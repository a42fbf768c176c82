"""Stage: trains the networks of a setting, for the ground truth and for attribution.

python -P -m replications.trak.train SETTING
"""

import json
import shutil

import numpy as np

from replications.common.arrays import write_arrays
from replications.common.engines import run_tasks
from replications.common.files import write_json
from replications.common.imports import hash_code
from replications.common.params import StageParams, load_params, load_setting
from replications.common.paths import artifacts_dir
from replications.common.stage import parse_setting
from replications.trak.retraining import Task, cut_tasks, draw_halves, join, open_retraining
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
    name = parse_setting(NAME)
    params, setting = load_params(NAME, "train", Params), load_setting(NAME, name, Setting)
    folder = artifacts_dir(NAME, name)
    key = json.dumps([hash_code("replications.trak.train"), params.model_dump(), setting.model_dump()])
    masks, truth = plan_truth(setting, params.seed)
    pool_masks, pool = plan_pool(setting, params.seed)
    tasks = {task.name: task for task in (*truth, *pool)}
    results = run_tasks("training", open_retraining, (setting,), tasks, folder / "unfinished", key)
    of_truth, of_pool = results[: len(truth)], results[len(truth) :]
    outputs = join(of_truth, "outputs").reshape(setting.subsets, setting.repeats, setting.targets)
    write_arrays(folder / "truth.npz", {"masks": masks, "outputs": outputs})
    write_arrays(folder / "pool.npz", {"masks": pool_masks, "outputs": join(of_pool, "outputs")})
    write_arrays(folder / "weights.npz", {"weights": join(of_pool, "weights")[: setting.kept]})
    seconds = sum(float(result["seconds"]) for result in results)
    networks = len(pool_masks) + len(masks) * setting.repeats
    accuracy = float(join(results, "accuracy").mean())
    write_json(
        folder / "training.json",
        {"networks": networks, "seconds_per_network": round(seconds / networks, 4), "accuracy": round(accuracy, 4)},
    )
    shutil.rmtree(folder / "unfinished")
    print(f"{networks} networks, {seconds / networks:.2f} s each on one core, accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()
