"""Stage: trains the networks of a setting, two at a time; a run that was killed goes on where it was.

python -P -m replications.grokking.train SETTING
"""

import hashlib
import json
import shutil
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import torch
from tqdm import tqdm

from replications.common.files import write_bytes
from replications.common.imports import hash_code
from replications.common.params import StageParams, load_params, load_setting
from replications.common.paths import artifacts_dir
from replications.common.stage import parse_setting
from replications.grokking.records import pack_network, pack_state, unpack_state, write_snapshot
from replications.grokking.settings import Network, Setting
from replications.grokking.training import Schedule, start_training, train

NAME = "grokking"
WORKERS = 2  # threads; torch computes outside Python's lock, and one core each beats two cores for one network


class Params(StageParams):
    """Section `train` of `params.yaml`."""

    learning_rate: float
    warm_up: int
    betas: tuple[float, float]
    evaluate_every: int
    checkpoint_every: int
    snapshot_every: int
    early_snapshot_every: int
    early_epochs: int


def train_one(name: str, network: Network, params: Params, device: str, folder: Path, stop: threading.Event) -> None:
    """Trains a network in `folder`, from its last checkpoint if there is one; writes `network.safetensors` there."""
    schedule = Schedule(params.learning_rate, params.warm_up, params.betas, params.evaluate_every)
    checkpoint = folder / "checkpoint.safetensors"
    start = unpack_state(checkpoint.read_bytes()) if checkpoint.is_file() else start_training(network.run)
    bar = tqdm(total=network.epochs, initial=start.epoch, desc=name, unit="epoch", mininterval=5)
    state = start
    for state in train(start, network.run, schedule, torch.device(device)):
        every = params.early_snapshot_every if state.epoch < params.early_epochs else params.snapshot_every
        if network.snapshots and state.epoch % every == 0:
            write_snapshot(folder / "snapshots" / f"{state.epoch:05d}.safetensors", state.weights)
        if state.epoch % params.checkpoint_every == 0:
            write_bytes(checkpoint, pack_state(state))
        bar.update(state.epoch - bar.n)
        bar.set_postfix(train=f"{state.history['train_loss'][-1]:.1e}", test=f"{state.history['test_loss'][-1]:.1e}")
        if stop.is_set():
            raise InterruptedError(f"{name}: stopped at epoch {state.epoch}")
    bar.close()
    write_bytes(folder / "network.safetensors", pack_network(state))


def train_all(setting: Setting, params: Params, folder: Path) -> None:
    """Trains the networks that are not done yet in `folder`, a sub-folder for each named by what it depends on."""
    waiting = {
        name: n for name, n in setting.networks.items() if not _finished(folder, name, n, params, setting.device)
    }
    if len(waiting) < len(setting.networks):
        print(f"{len(setting.networks) - len(waiting)} of {len(setting.networks)} networks were trained before")
    stop = threading.Event()
    with ThreadPoolExecutor(WORKERS, initializer=_prepare_thread) as pool:
        futures = []
        for name, network in waiting.items():
            mine = _folder_of(folder, name, network, params, setting.device)
            futures.append(pool.submit(train_one, name, network, params, setting.device, mine, stop))
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise


def publish(setting: Setting, params: Params, folder: Path, out: Path) -> None:
    """Copies what `train_all` made to `networks/` and `snapshots/` of `out`."""
    for name, network in setting.networks.items():
        made = _folder_of(folder, name, network, params, setting.device)
        write_bytes(out / "networks" / f"{name}.safetensors", (made / "network.safetensors").read_bytes())
        if network.snapshots:
            shutil.copytree(made / "snapshots", out / "snapshots" / name, dirs_exist_ok=True)


def _prepare_thread() -> None:
    """Gives a worker one core, and takes numbers below 1e-38 for zero: weight decay makes many, slow on some CPUs."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


def _finished(folder: Path, name: str, network: Network, params: Params, device: str) -> bool:
    return (_folder_of(folder, name, network, params, device) / "network.safetensors").is_file()


def _folder_of(folder: Path, name: str, network: Network, params: Params, device: str) -> Path:
    code = hash_code("replications.grokking.training")
    key = json.dumps([code, network.model_dump(), params.model_dump(), device], sort_keys=True)
    return folder / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def main() -> None:
    """Writes `artifacts/<setting>/networks` and `snapshots`."""
    name = parse_setting(NAME)
    params, setting = load_params(NAME, "train", Params), load_setting(NAME, name, Setting)
    if setting.device == "cuda" and not torch.cuda.is_available():
        sys.exit(f"got no CUDA device; the setting {name} needs a GPU (or set its device to cpu in params.yaml: hours)")
    out = artifacts_dir(NAME, name)
    unfinished, published = out / "unfinished", out / "published"
    train_all(setting, params, unfinished)
    publish(setting, params, unfinished, out)
    # Renamed first: a kill during the removal must leave no network that looks finished and lacks its snapshots.
    shutil.rmtree(published, ignore_errors=True)
    shutil.rmtree(unfinished.rename(published))


if __name__ == "__main__":
    main()
