"""Stage: trains every model of a setting from every seed, or makes sure that a pretrained one is there.

python -P -m replications.induction_heads.train SETTING
"""

import json
import os
import shutil
import time
from pathlib import Path

from replications.common.engines import ADDRESS, run_tasks
from replications.common.files import write_json
from replications.common.imports import hash_code
from replications.common.models import load_tokenizer
from replications.common.params import load_params, load_setting
from replications.common.paths import artifacts_dir
from replications.common.stage import parse_setting
from replications.induction_heads.corpora import Params, open_corpus
from replications.induction_heads.runs import open_training, save_run
from replications.induction_heads.settings import Experiment, Setting
from replications.induction_heads.training import RunName, check_device

REPLICATION = "induction_heads"


def train_experiment(name: str, experiment: Experiment, params: Params, models: Path, checkpoints: Path) -> None:
    """Trains all models of an experiment from all seeds, the largest first, and writes them below `models`."""
    if ADDRESS not in os.environ:
        check_device(experiment.device)
    open_corpus(experiment, 1, params)  # fetches and encodes the text once, before several processes want it
    runs = [RunName(name, model, seed) for model in experiment.models for seed in experiment.seeds]
    runs.sort(key=lambda run: -experiment.models[run.model].layers * experiment.models[run.model].width)
    # glibc gives large blocks back to the system at every free; keeping them spares a tenth of the time in page faults.
    os.environ |= {"MALLOC_MMAP_THRESHOLD_": str(2**30), "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1)}
    shared = experiment.model_dump_json(), params.model_dump_json(), str(checkpoints)
    key = json.dumps([hash_code(f"replications.{REPLICATION}.train"), *shared[:2]])
    tasks = {str(run): run for run in runs}
    trained = run_tasks(name, open_training, shared, tasks, checkpoints, key, experiment.processes)
    for run, arrays in zip(runs, trained, strict=True):
        save_run(models / str(run), arrays)


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
