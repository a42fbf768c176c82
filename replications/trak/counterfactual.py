"""Stage: removes the images that a method calls most helpful for a target, and trains again.

python -P -m replications.trak.counterfactual SETTING

For logistic regression it also leaves out every image in turn.
"""

import hashlib
import json
import shutil
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float
from tqdm import tqdm

from replications.common.arrays import Arrays, read_arrays, write_arrays
from replications.common.engines import run_tasks
from replications.common.imports import hash_code
from replications.common.params import StageParams, load_params, load_setting
from replications.common.paths import artifacts_dir
from replications.common.stage import parse_setting
from replications.trak.data import Images, load_images
from replications.trak.influence import head_gradients, head_hessian, last_layer_influence, with_bias
from replications.trak.networks import log_odds, standardise
from replications.trak.retraining import Task, cut_tasks, join, open_retraining
from replications.trak.settings import NAME, Setting
from replications.trak.training import fit_logistic, penalised_factor

KIND = 2  # first number of these networks' seeds, after the stage's own


class Params(StageParams):
    """Section `counterfactual` of `params.yaml`."""

    seed: int


def remove_most_helpful(scores: Float[np.ndarray, "target image"], removed: int) -> Bool[np.ndarray, "target image"]:
    """Returns who is left for each target, as masks, when the images of largest score are gone."""
    masks = np.ones(scores.shape, dtype=bool)
    np.put_along_axis(masks, np.argsort(-scores, axis=1, kind="stable")[:, :removed], False, axis=1)
    return masks


def plan(setting: Setting, scores: dict[str, np.ndarray], seed: int) -> list[Task]:
    """Returns all tasks: with every image, then for each number removed every method, target and repeat.

    The repeats of different methods have the same seeds, so that a difference between methods is of images alone.
    """
    targets, repeats = setting.counterfactual_targets, setting.counterfactual_repeats
    seeds = [(seed, KIND, number) for number in range(targets * repeats)]
    everyone = np.ones((targets * repeats, setting.images), dtype=bool)
    tasks = cut_tasks("all", everyone, seeds, setting.together)
    for removed in setting.removed:
        masks = [remove_most_helpful(part[:targets].astype(np.float32), removed) for part in scores.values()]
        repeated = np.repeat(np.concatenate(masks), repeats, axis=0)
        tasks += cut_tasks(f"without-{removed}", repeated, seeds * len(scores), setting.together)
    return tasks


def read_outputs(setting: Setting, methods: int, results: Sequence[Arrays]) -> dict[str, np.ndarray]:
    """Returns `before` (target, repeat) and `after` (removed, method, target, repeat): each target's own output."""
    outputs = join(results, "outputs")
    targets, repeats = setting.counterfactual_targets, setting.counterfactual_repeats
    shaped = outputs.reshape(1 + len(setting.removed) * methods, targets, repeats, setting.targets)
    own = np.take_along_axis(shaped, np.arange(targets)[None, :, None, None], axis=3)[..., 0]
    return {"before": own[0], "after": own[1:].reshape(len(setting.removed), methods, targets, repeats)}


def leave_one_out(setting: Setting, images: Images) -> dict[str, np.ndarray]:
    """Returns the exact effect of leaving out each image, and the predicted effect on the loss, of logistic regression.

    `loss` and `output` are (target, image): value without the image minus value with all. `influence` predicts `loss`.

    Source: koh2017influence, § 2.1 and § 4.1
    """
    pixels = [standardise(images, part).flatten(1).double() for part in ("test", "train")]
    labels = [torch.from_numpy(part) for part in (images.test_labels, images.train_labels)]
    n, penalty = setting.images, setting.training.penalty
    shares = torch.full((n,), 1 / n, dtype=torch.float64)
    arguments = pixels[1], labels[1]
    everyone = fit_logistic(*arguments, shares, len(images.classes), penalty)
    features = [with_bias(part) for part in pixels]
    probabilities = [(part @ everyone.T).softmax(1) for part in features]
    factor = penalised_factor(features[1], probabilities[1], shares, penalty)

    def outputs(fitted: torch.Tensor) -> np.ndarray:
        return log_odds(features[0] @ fitted.T, labels[0]).numpy()

    found = np.empty((n, setting.targets))
    for left_out in tqdm(range(n), desc="leaving one out", unit="fit", mininterval=5):
        without = shares.clone()
        without[left_out] = 0  # the others keep their weight, as in the paper's definition
        found[left_out] = outputs(fit_logistic(*arguments, without, len(images.classes), penalty, everyone, factor))
    before = outputs(everyone)
    gradients = [head_gradients(*part) for part in zip(features, probabilities, labels, strict=True)]
    hessian = head_hessian(features[1], probabilities[1], shares)
    influence = last_layer_influence(*gradients, hessian, penalty).numpy() / n
    loss = np.logaddexp(0, -found) - np.logaddexp(0, -before)
    exact = {"loss": loss.T, "output": (found - before).T, "influence": influence}
    return {name: array.astype(np.float32) for name, array in exact.items()}


def main() -> None:
    """Writes `counterfactual.npz` into `artifacts/<setting>`."""
    name = parse_setting(NAME)
    params, setting = load_params(NAME, "counterfactual", Params), load_setting(NAME, name, Setting)
    folder = artifacts_dir(NAME, name)
    content = hashlib.sha256((folder / "attributions.npz").read_bytes()).hexdigest()
    scores = read_arrays(folder / "attributions.npz")
    code = hash_code("replications.trak.counterfactual")
    key = json.dumps([code, params.model_dump(), setting.model_dump(), content])
    tasks = {task.name: task for task in plan(setting, scores, params.seed)}
    results = run_tasks("retraining", open_retraining, (setting,), tasks, folder / "unfinished-2", key)
    found = read_outputs(setting, len(scores), results) | {"methods": np.array(list(scores))}
    if setting.network == "linear":
        found |= leave_one_out(setting, load_images(setting))
    write_arrays(folder / "counterfactual.npz", found)
    shutil.rmtree(folder / "unfinished-2")


if __name__ == "__main__":
    main()
