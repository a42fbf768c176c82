"""Stage: follows the key frequencies of each trained network back through its snapshots.

python -P -m replications.grokking.progress SETTING
"""

from pathlib import Path

import torch
from tqdm import tqdm

from replications.common.params import StageParams, load_params, load_setting
from replications.common.paths import artifacts_dir, results_dir
from replications.common.stage import parse_setting
from replications.common.tables import write_rows
from replications.grokking import method
from replications.grokking.dataset import MODULUS, split_pairs
from replications.grokking.fourier import gini
from replications.grokking.network import Weights
from replications.grokking.records import read_network, read_snapshot
from replications.grokking.settings import Network, Setting
from replications.grokking.tables import Frequencies, Progress, write_frequencies

NAME = "grokking"


class Params(StageParams):
    """Section `progress` of `params.yaml`."""

    threshold: float


def find_all(weights: Weights, threshold: float) -> Frequencies:
    """Returns the frequencies of a trained network."""
    weights = method.to_double(weights)
    maps = method.map_neurons_to_logits(weights), weights.W_E[:MODULUS]
    found = [tuple(method.find_frequencies(method.fourier_norms(matrix), threshold)) for matrix in maps]
    return Frequencies(*found)


def follow(name: str, epoch: int, weights: Weights, frequencies: Frequencies, network: Network) -> Progress:
    """Returns how far a network has come at a snapshot."""
    weights, key = method.to_double(weights), frequencies.key
    logits = method.compute_logits(weights, *method.run_all_pairs(weights))
    trained, _ = split_pairs(network.fraction, network.seed)
    return Progress(
        network=name,
        epoch=epoch,
        restricted=method.loss_on(method.restrict(logits, key), torch.arange(MODULUS**2)),
        excluded=method.loss_on(method.exclude(logits, key), trained),
        cosines=method.fit_cosines(logits, key)[2],
        gini_embedding=gini(method.component_norms(weights.W_E[:MODULUS])),
        gini_map=gini(method.component_norms(method.map_neurons_to_logits(weights))),
    )


def follow_all(setting: Setting, folder: Path, threshold: float) -> tuple[dict[str, Frequencies], list[Progress]]:
    """Returns the frequencies of each network with snapshots and its way there, from a setting's artifacts."""
    networks = {name: network for name, network in setting.networks.items() if network.snapshots}
    found, rows = {}, []
    for name, network in networks.items():
        found[name] = find_all(read_network(folder / "networks" / f"{name}.safetensors").weights, threshold)
        for path in tqdm(sorted((folder / "snapshots" / name).iterdir()), desc=name, unit="snapshot", mininterval=5):
            rows.append(follow(name, int(path.stem), read_snapshot(path), found[name], network))
    return found, rows


def main() -> None:
    """Writes `frequencies.json` and `progress.csv` of a setting."""
    name = parse_setting(NAME)
    threshold, setting = load_params(NAME, "progress", Params).threshold, load_setting(NAME, name, Setting)
    found, rows = follow_all(setting, artifacts_dir(NAME, name), threshold)
    write_frequencies(results_dir(NAME, name) / "frequencies.json", found)
    write_rows(results_dir(NAME, name) / "progress.csv", rows, Progress)


if __name__ == "__main__":
    main()
