"""Stage: trains every model of a setting from every seed, or makes sure that a pretrained one is there.

python -P -m replications.induction_heads.train SETTING
"""

import multiprocessing
import os
import shutil
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import torch
from safetensors.torch import save

from replications.common.files import write_bytes, write_json
from replications.common.models import load_tokenizer
from replications.common.params import load_params, load_setting
from replications.common.paths import artifacts_dir
from replications.common.stage import parse_setting
from replications.induction_heads.corpora import Params, open_corpus
from replications.induction_heads.runs import save_history
from replications.induction_heads.settings import Experiment, Setting
from replications.induction_heads.training import RunName, check_device, train_run
from replications.induction_heads.workers import end_with_parent

REPLICATION = "induction_heads"


def train_and_save(experiment: Experiment, name: RunName, params: Params, models: Path, checkpoints: Path) -> RunName:
    """Trains one model and writes its weights and history below `models`; one thread, so that cores do not matter."""
    if experiment.processes > 1:
        torch.set_num_threads(1)
    torch.set_float32_matmul_precision("high")  # TF32 on a GPU; no effect on a CPU
    model, history = train_run(experiment, name, params, checkpoints, lambda line: print(line, flush=True))
    folder = models / str(name)
    write_bytes(folder / "weights.safetensors", save({k: v.cpu().contiguous() for k, v in model.state_dict().items()}))
    save_history(folder / "history.safetensors", history)
    return name


def train_experiment(name: str, experiment: Experiment, params: Params, models: Path, checkpoints: Path) -> None:
    """Trains all models of an experiment from all seeds, `processes` at a time, the largest first."""
    check_device(experiment.device)
    open_corpus(experiment, 1, params)  # fetches and encodes the text once, before several processes want it
    runs = [RunName(name, model, seed) for model in experiment.models for seed in experiment.seeds]
    runs.sort(key=lambda run: -experiment.models[run.model].layers * experiment.models[run.model].width)
    # glibc gives large blocks back to the system at every free; keeping them spares a tenth of the time in page faults.
    os.environ |= {"MALLOC_MMAP_THRESHOLD_": str(2**30), "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1)}
    began = time.monotonic()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(experiment.processes, mp_context=context, initializer=end_with_parent) as pool:
        waiting = [pool.submit(train_and_save, experiment, run, params, models, checkpoints) for run in runs]
        for done, future in enumerate(as_completed(waiting), start=1):
            passed = time.monotonic() - began
            left = passed / done * (len(runs) - done)
            print(f"{future.result()} is trained: {done} of {len(runs)}, at most {left / 60:.0f} min left", flush=True)


def main() -> None:
    """Writes `artifacts/<setting>/models/`: a folder for each run, and how long it all took."""
    name = parse_setting(REPLICATION)
    params, setting = load_params(REPLICATION, "train", Params), load_setting(REPLICATION, name, Setting)
    models = artifacts_dir(REPLICATION, name) / "models"
    checkpoints = artifacts_dir(REPLICATION, name) / "checkpoints"
    began = time.monotonic()
    if setting.pretrained is not None:
        load_tokenizer(setting.pretrained.model, setting.pretrained.path)  # fetches the model and checks its hash
    # Deviation: second-run
    for experiment_name, experiment in setting.experiments.items():
        train_experiment(experiment_name, experiment, params, models, checkpoints)
    minutes = (time.monotonic() - began) / 60
    write_json(models / "training.json", {"trained": sorted(setting.experiments), "minutes": round(minutes, 1)})
    shutil.rmtree(checkpoints, ignore_errors=True)


if __name__ == "__main__":
    main()
