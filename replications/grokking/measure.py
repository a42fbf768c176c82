"""Stage: reads the trained networks, and measures every claim and control.

python -P -m replications.grokking.measure SETTING
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from replications.common.arrays import Curves, write_curves
from replications.common.measurements import Measurement, write_measurements
from replications.common.params import StageParams, load_params, load_setting
from replications.common.paths import artifacts_dir, results_dir
from replications.common.provenance import record_run
from replications.common.stage import parse_setting
from replications.common.tables import read_rows
from replications.grokking.controls import LITTLE_DATA, estimate_controls
from replications.grokking.estimates import Grokked, estimate_networks, estimate_phases
from replications.grokking.readings import Options, read_all, share_of_one_frequency
from replications.grokking.records import Trained, read_network
from replications.grokking.settings import Setting
from replications.grokking.tables import Frequencies, Progress, read_frequencies, select_rows

NAME = "grokking"


class Params(StageParams):
    """Section `measure` of `params.yaml`."""

    seed: int
    neuron_threshold: float
    other_draws: int
    cleanup_loss: float


def measure_all(
    setting: Setting,
    trained: Mapping[str, Trained],
    frequencies: Mapping[str, Frequencies],
    rows: Sequence[Progress],
    params: Params,
) -> tuple[dict[str, Measurement], Curves]:
    """Returns every measurement by claim id, and what the figures draw, named by network and array."""
    options = Options(params.neuron_threshold, params.other_draws)
    rng = np.random.default_rng(params.seed)
    histories = {name: {k: v.numpy() for k, v in network.history.items()} for name, network in trained.items()}
    curves: Curves = {f"{name}/{k}": v for name, history in histories.items() for k, v in history.items()}
    grokked = []
    for name, found in frequencies.items():
        print(f"reading {name} …", flush=True)
        network = setting.networks[name]
        reading, drawn = read_all(trained[name], network, found, options, rng)
        mine = Grokked(network.seed, reading, found, histories[name], select_rows(rows, name), params.cleanup_loss)
        grokked.append(mine)
        phases = mine.phases
        bounds = (phases.memorised, phases.begin, phases.end) if phases else (np.nan,) * 3
        drawn |= {"phases": np.array(bounds), "key": np.array(found.key)}
        drawn |= {f"loss/{what}": np.array(loss) for what, loss in reading.losses.items()}
        curves |= {f"{name}/{k}": v for k, v in drawn.items()}
    seeds = {name: network.seed for name, network in setting.networks.items()}
    memorising = share_of_one_frequency(trained[LITTLE_DATA], params.neuron_threshold)
    measured = estimate_networks(grokked, rng) | estimate_phases(grokked, rng)
    return measured | estimate_controls(histories, seeds, memorising, rng), curves


def read_artifacts(setting: Setting, folder: Path) -> dict[str, Trained]:
    """Returns the trained networks of a setting by name."""
    return {name: read_network(folder / "networks" / f"{name}.safetensors") for name in setting.networks}


def main() -> None:
    """Writes `measured.json`, `curves.npz` and `run.json` of a setting."""
    name = parse_setting(NAME)
    params, setting = load_params(NAME, "measure", Params), load_setting(NAME, name, Setting)
    results = results_dir(NAME, name)
    with record_run(NAME, name, seeds=[params.seed]):
        trained = read_artifacts(setting, artifacts_dir(NAME, name))
        rows = read_rows(results / "progress.csv", Progress)
        measured, curves = measure_all(setting, trained, read_frequencies(results / "frequencies.json"), rows, params)
        write_curves(results / "curves.npz", curves)
        write_measurements(NAME, name, measured)


if __name__ == "__main__":
    main()
