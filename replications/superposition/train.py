"""Stage: trains every model of a setting and keeps their weights.

python -P -m replications.superposition.train SETTING
"""

import shutil
import time

from safetensors.numpy import save

from replications.common.files import write_bytes, write_json
from replications.common.imports import hash_code
from replications.common.params import load_params, load_setting
from replications.common.paths import artifacts_dir
from replications.common.stage import parse_setting
from replications.superposition.settings import Setting
from replications.superposition.settings import Training as Params
from replications.superposition.units import join_sweeps, run_units

NAME = "superposition"


def main() -> None:
    """Writes `artifacts/<setting>/models.safetensors` and `training.json`."""
    name = parse_setting(NAME)
    params, setting = load_params(NAME, "train", Params), load_setting(NAME, name, Setting)
    folder = artifacts_dir(NAME, name)
    started = time.perf_counter()
    trained = run_units(params, setting.workers, folder / "unfinished", hash_code(f"replications.{NAME}.train"))
    joined = join_sweeps(trained, params)
    write_bytes(folder / "models.safetensors", save(joined))
    seconds = round(time.perf_counter() - started, 1)
    count = sum(bias.size // bias.shape[-1] for key, bias in joined.items() if key.endswith(".bias"))
    write_json(folder / "training.json", {"models": count, "wall_seconds": seconds})
    shutil.rmtree(folder / "unfinished")
    print(f"{count} models in {seconds} s")


if __name__ == "__main__":
    main()
