"""Stage: trains the networks of a setting (or fetches the published one) and keeps their weights.

python -P -m replications.tcav.train SETTING
"""

import time

from safetensors.torch import load, save

from replications.common.files import write_bytes, write_json
from replications.common.imports import hash_code
from replications.common.params import StageParams, load_params
from replications.common.paths import artifacts_dir
from replications.common.stage import parse_setting
from replications.tcav.experiment import Networks, Spec
from replications.tcav.jobs import describe, drop_jobs, run_jobs
from replications.tcav.networks import Training
from replications.tcav.setting_networks import find_networks
from replications.tcav.weights import pack_weights


class Params(StageParams):
    """Section `train` of `params.yaml`."""

    epochs: int
    batch_size: int
    learning_rate: float


def train_one(networks: Networks, spec: Spec, training: Training) -> bytes:
    """Returns a network's weights after training; the losses are printed."""
    network = networks.build(spec)
    losses = list(networks.train(spec, network, training))
    if losses:
        print(f"  {spec.name}: loss {losses[0]:.2f} after the first epoch, {losses[-1]:.3f} at the end", flush=True)
    return save({key: tensor.contiguous() for key, tensor in network.state_dict().items()})


def main() -> None:
    """Writes `artifacts/<setting>/networks.safetensors` and `training.json`."""
    setting = parse_setting("tcav")
    params = load_params("tcav", "train", Params)
    training = Training(params.epochs, params.batch_size, params.learning_rate)
    networks = find_networks(setting)
    folder = artifacts_dir("tcav", setting)
    started = time.perf_counter()
    key = describe(hash_code("replications.tcav.train"), params, networks.settings)
    trained = run_jobs(
        "training", networks.specs, lambda spec: train_one(networks, spec, training), folder / "unfinished", key
    )
    write_bytes(folder / "networks.safetensors", pack_weights({spec: load(b) for spec, b in trained.items()}))
    seconds = round(time.perf_counter() - started, 1)
    write_json(folder / "training.json", {"networks": len(trained), "wall_seconds": seconds})
    drop_jobs(folder / "unfinished")
    print(f"{len(trained)} networks in {seconds} s")


if __name__ == "__main__":
    main()
