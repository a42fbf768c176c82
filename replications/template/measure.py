"""Stage: measures every claim and control."""

import json

import numpy as np

from replications.common.bootstrap import bootstrap
from replications.common.measurements import write_measurements
from replications.common.params import StageParams, load_params
from replications.common.paths import artifacts_dir
from replications.common.provenance import record_run
from replications.common.stage import parse_setting
from replications.template.method import estimate_mean


class Params(StageParams):
    """Parameters of this stage."""

    seed: int
    shift: float


def main() -> None:
    """Writes `results/<setting>/measured.json` and `run.json`."""
    setting = parse_setting("template")
    params = load_params("template", "measure", Params)
    with record_run("template", setting, seeds=[params.seed]):
        path = artifacts_dir("template", setting) / "draws.json"
        numbers = np.array(json.loads(path.read_text(encoding="utf-8")))
        rng = np.random.default_rng(params.seed)
        measurements = {
            "mean-is-half": bootstrap(estimate_mean, [numbers], rng, unit="1"),
            "shifted-mean-is-not-half": bootstrap(estimate_mean, [numbers + params.shift], rng, unit="1"),
        }
        write_measurements("template", setting, measurements)


if __name__ == "__main__":
    main()
