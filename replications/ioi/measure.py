"""Stage: runs the model and measures every claim.

python -P -m replications.ioi.measure SETTING
"""

import hashlib
from collections.abc import Sequence

import numpy as np

from replications.common.measurements import Measurement, write_measurements
from replications.common.models import LanguageModel, load_language_model
from replications.common.params import StageParams, load_params, load_setting
from replications.common.paths import artifacts_dir, results_dir
from replications.common.provenance import record_run
from replications.common.stage import parse_setting
from replications.common.tables import write_rows
from replications.ioi.dataset import Prompt, read_prompts
from replications.ioi.estimates import Estimator, split_prompts
from replications.ioi.observations import observe_copying, observe_end, observe_variants
from replications.ioi.settings import Setting
from replications.ioi.summary import select_points, tabulate_heads
from replications.ioi.tables import HeadRow, Points, write_points


class Params(StageParams):
    """Section `measure` of `params.yaml`."""

    seed: int
    batch_size: int
    mover_line: float
    copied_within: int
    copy_prompts: int
    random_draws: int


def measure_model(
    model: LanguageModel, model_name: str, prompts: Sequence[Prompt], params: Params
) -> tuple[dict[str, Measurement], list[HeadRow], Points]:
    """Returns every measurement by claim id, a row per head, and the points of the figures."""
    halves = split_prompts(len(prompts))
    readings = observe_end(model, prompts, params.batch_size)
    variants = observe_variants(model, prompts, params.batch_size)
    copied_prompts = prompts[halves.describing][: params.copy_prompts]
    copying = observe_copying(model, copied_prompts, params.batch_size, params.copied_within)
    rng = np.random.default_rng(params.seed)
    estimator = Estimator(readings, variants, copying, params.mover_line, params.random_draws, rng, (params.seed,))
    movers = estimator.find()
    measured = {
        **estimator.estimate_behaviour(),
        **estimator.estimate_search(model_name),
        **estimator.describe_name_movers(movers.name_movers),
        **estimator.describe_copying(movers.negative_name_movers),
        **estimator.describe_random_heads(movers),
    }
    rows = tabulate_heads(movers, readings, copying, halves)
    return measured, rows, select_points(movers, readings, halves)


def main() -> None:
    """Writes `measured.json`, `heads.csv`, `points.safetensors` and `run.json` of a setting."""
    name = parse_setting("ioi")
    params, setting = load_params("ioi", "measure", Params), load_setting("ioi", name, Setting)
    prompts_file = artifacts_dir("ioi", name) / "prompts.json"
    prompts = read_prompts(prompts_file)
    with record_run("ioi", name, seeds=[params.seed]) as run:
        model = load_language_model(setting.model, setting.path)
        run.add_hash(f"weights of {model.description}", model.weights_sha256)
        run.add_hash("prompts", hashlib.sha256(prompts_file.read_bytes()).hexdigest())
        measured, rows, points = measure_model(model, setting.model, prompts, params)
        folder = results_dir("ioi", name)
        write_rows(folder / "heads.csv", rows, HeadRow)
        write_points(folder / "points.safetensors", points)
        write_measurements("ioi", name, measured)


if __name__ == "__main__":
    main()
