"""Stage: trains every model of a setting and keeps their weights.

python -P -m replications.superposition.train SETTING
"""

import shutil

from safetensors.numpy import save

from replications.common.files import write_bytes
from replications.common.imports import hash_code
from replications.common.params import load_params, load_setting
from replications.common.paths import artifacts_dir
from replications.common.provenance import record_run
from replications.common.stage import parse_setting
from replications.superposition.settings import Setting
from replications.superposition.settings import Training as Params
from replications.superposition.units import join_sweeps, run_units

NAME = "superposition"


def main() -> None:
    """Writes `artifacts/<setting>/models.safetensors` and `results/<setting>/run-train.json`."""
    name = parse_setting(NAME)
    params, setting = load_params(NAME, "train", Params), load_setting(NAME, name, Setting)
    folder = artifacts_dir(NAME, name)
    with record_run(NAME, name, seeds=[params.seed], stage="train"):
        trained = run_units(params, setting.workers, folder / "unfinished", hash_code(f"replications.{NAME}.train"))
        write_bytes(folder / "models.safetensors", save(join_sweeps(trained, params)))
    shutil.rmtree(folder / "unfinished")


if __name__ == "__main__":
    main()
