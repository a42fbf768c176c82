"""Stage: measures every claim and control on the trained models.

python -P -m replications.superposition.measure SETTING
"""

from collections.abc import Mapping

import numpy as np
from safetensors.numpy import load_file

from replications.common.arrays import Curves, write_curves
from replications.common.measurements import Measurement, write_measurements
from replications.common.params import load_params
from replications.common.paths import artifacts_dir, results_dir
from replications.common.provenance import record_run
from replications.common.stage import parse_setting
from replications.superposition.correlated import measure_correlated
from replications.superposition.demonstrations import measure_demonstrations
from replications.superposition.pentagon import measure_pentagon
from replications.superposition.phases import measure_phases
from replications.superposition.settings import Measuring as Params
from replications.superposition.settings import Training
from replications.superposition.uniform import measure_uniform

NAME = "superposition"


def measure_all(
    arrays: Mapping[str, np.ndarray], training: Training, params: Params
) -> tuple[dict[str, Measurement], Curves]:
    """Returns every measurement by claim id, and what the figures draw."""
    measured: dict[str, Measurement] = {}
    curves: Curves = {}
    parts = (measure_demonstrations, measure_phases, measure_uniform, measure_pentagon, measure_correlated)
    for number, part in enumerate(parts, start=1):
        print(f"{number} of {len(parts)}: {part.__name__.replace('_', ' ')} …", flush=True)
        # A stream of its own for each part, so that changing one leaves the others as they were.
        found, drawn = part(arrays, training, params, np.random.default_rng([params.seed, number]))
        measured |= found
        curves |= drawn
    return measured, curves


def main() -> None:
    """Writes `measured.json`, `curves.npz` and `run.json` of a setting."""
    name = parse_setting(NAME)
    training, params = load_params(NAME, "train", Training), load_params(NAME, "measure", Params)
    arrays = load_file(artifacts_dir(NAME, name) / "models.safetensors")
    with record_run(NAME, name, seeds=[training.seed, params.seed]):
        measured, curves = measure_all(arrays, training, params)
        write_curves(results_dir(NAME, name) / "curves.npz", curves)
        write_measurements(NAME, name, measured)


if __name__ == "__main__":
    main()
