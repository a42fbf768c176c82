"""Stage: trains the networks and measures every claim and control.

python -P -m replications.semantic_development.measure SETTING
"""

import numpy as np

from replications.common.arrays import Curves, write_curves
from replications.common.measurements import Measurement, write_measurements
from replications.common.params import load_params, load_setting
from replications.common.paths import results_dir
from replications.common.provenance import record_run
from replications.common.stage import parse_setting
from replications.semantic_development.development import measure_development
from replications.semantic_development.learning_curves import measure_learning_curves
from replications.semantic_development.noise import measure_noise
from replications.semantic_development.settings import Params, Setting
from replications.semantic_development.transfer import measure_pairs

NAME = "semantic_development"


def measure_all(params: Params, runs: int) -> tuple[dict[str, Measurement], Curves]:
    """Returns every measurement by claim id, and what the figures draw."""
    measured: dict[str, Measurement] = {}
    curves: Curves = {}
    parts = (measure_development, measure_noise, measure_learning_curves, measure_pairs)
    for number, part in enumerate(parts, start=1):
        print(f"{number} of {len(parts)}: {part.__name__.replace('_', ' ')} …", flush=True)
        # A stream of its own for each part, so that changing one leaves the others as they were.
        found, drawn = part(params, runs, np.random.default_rng([params.seed, number]))
        measured |= found
        curves |= drawn
    return measured, curves


def main() -> None:
    """Writes `measured.json`, `curves.npz` and `run.json` of a setting."""
    name = parse_setting(NAME)
    params, setting = load_params(NAME, "measure", Params), load_setting(NAME, name, Setting)
    with record_run(NAME, name, seeds=[params.seed]):
        measured, curves = measure_all(params, setting.runs)
        write_curves(results_dir(NAME, name) / "curves.npz", curves)
        write_measurements(NAME, name, measured)


if __name__ == "__main__":
    main()
