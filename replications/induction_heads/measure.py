"""Stage: measures every claim of a setting, on trained models and their histories or on a pretrained model.

python -P -m replications.induction_heads.measure SETTING
"""

import hashlib
import math
from pathlib import Path

import numpy as np
import torch

from replications.common.claims import load_claims
from replications.common.measurements import Measurement, write_measurements
from replications.common.models import load_language_model
from replications.common.params import StageParams, load_params, load_setting
from replications.common.paths import artifacts_dir, results_dir
from replications.common.provenance import record_run
from replications.common.stage import parse_setting
from replications.common.tables import write_rows
from replications.induction_heads.corpora import Params as TrainParams
from replications.induction_heads.corpora import open_corpus
from replications.induction_heads.estimates import Estimator
from replications.induction_heads.evaluation import draw_probes
from replications.induction_heads.evidence import Lines, RunEvidence
from replications.induction_heads.pretrained import (
    ablate,
    cut_texts,
    draw_sequences,
    estimate_heads,
    estimate_repetition,
    estimate_text,
    score_heads,
    text_losses,
)
from replications.induction_heads.records import (
    ABLATED_ALONE,
    describe_ablations,
    describe_circuit,
    tabulate_curves,
    tabulate_heads,
)
from replications.induction_heads.runs import load_history, load_model
from replications.induction_heads.settings import Experiment, Pretrained, Setting
from replications.induction_heads.tables import HeadRow, write_arrays, write_curves
from replications.induction_heads.text import SYMPY, read_wheels
from replications.induction_heads.training import RunName

REPLICATION = "induction_heads"


class Params(StageParams):
    """Section `measure` of `params.yaml`."""

    seed: int
    induction_line: float
    bump_line: float
    copying_line: float
    random_draws: int
    ablated_heads: int
    texts: int
    ablated_texts: int
    early: list[int]
    late: list[int]


def load_runs(
    models: Path, name: str, experiment: Experiment, train: TrainParams, lines: Lines
) -> dict[str, list[RunEvidence]]:
    """Returns the trained runs of an experiment by model."""
    runs: dict[str, list[RunEvidence]] = {}
    for model, choice in experiment.models.items():
        corpus = open_corpus(experiment, choice.phrases, train)
        probes = draw_probes(corpus, experiment.evaluation_documents, train.evaluation_seed)
        shape = experiment.shape(model, corpus.vocabulary)
        for seed in experiment.seeds:
            run = RunName(name, model, seed)
            history = load_history(models / str(run) / "history.safetensors")
            trained = load_model(models / str(run) / "weights.safetensors", shape).to(experiment.device)
            runs.setdefault(model, []).append(RunEvidence(run, experiment, history, trained, probes, lines))
    return runs


def measure_trained(
    setting: Setting, models: Path, claims: list[str], params: Params, train: TrainParams, folder: Path
) -> dict[str, Measurement]:
    """Returns the measurements of trained models; writes heads, curves and the circuit of the watched model."""
    lines = Lines(params.induction_line, params.bump_line, params.copying_line)
    runs = {name: load_runs(models, name, exp, train, lines) for name, exp in setting.experiments.items()}
    seeds = next(iter(setting.experiments.values())).seeds
    estimator = Estimator(runs, np.random.default_rng(params.seed), params.random_draws, seeds)
    measured = estimator.measure(claims)
    write_rows(folder / "heads.csv", tabulate_heads(runs), HeadRow)
    write_curves(folder / "curves.safetensors", tabulate_curves(runs))
    write_arrays(folder / "circuit.safetensors", describe_circuit(estimator.find(train.watched_model)[0]))
    ablations = describe_ablations(estimator.find(ABLATED_ALONE), params.random_draws, params.seed)
    write_arrays(folder / "ablations.safetensors", ablations)
    return measured


def measure_pretrained(chosen: Pretrained, params: Params, folder: Path) -> dict[str, Measurement]:
    """Returns the measurements of a pretrained model; writes its heads."""
    model = load_language_model(chosen.model, chosen.path)
    rng = np.random.default_rng(params.seed)
    texts = cut_texts(read_wheels([SYMPY]), model.tokenizer, params.texts, rng)
    scores = score_heads(model, texts, rng)
    heads = scores.find_induction_heads(params.induction_line)
    strongest = scores.find_strongest(params.ablated_heads)
    _, repeated = draw_sequences(model.tokenizer, rng)  # others than those that found the heads
    on_repetition = ablate(model, repeated, strongest, params.random_draws, rng)
    on_text = ablate(model, texts[: params.ablated_texts], strongest, params.random_draws, rng)
    losses = text_losses(model, texts)
    bands = (params.early[0], params.early[1]), (params.late[0], params.late[1])
    columns = (scores.prefix.mean(0), scores.copying.mean(0), scores.previous, scores.eigenvalues)
    write_rows(
        folder / "heads.csv",
        [
            HeadRow(chosen.model, 0, *place, *(float(c[place]) for c in columns), int(place in heads), math.nan)
            for place in np.ndindex(columns[0].shape)
        ],
        HeadRow,
    )
    write_arrays(
        folder / "losses.safetensors",
        {"text": losses.mean(0), "repeated": on_repetition.whole.mean(0), "ablated": on_repetition.without.mean(0)}
        | {"random": on_repetition.without_random.mean((0, 1))},
    )
    return {
        **estimate_heads(scores, params.induction_line, rng),
        **estimate_text(losses, on_text, bands, rng),
        **estimate_repetition(on_repetition, rng),
    }


def hash_folder(folder: Path) -> str:
    """Returns the SHA-256 of all files below a folder, names included."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def main() -> None:
    """Writes `measured.json`, `run.json`, `heads.csv` and the arrays that the figures draw."""
    name = parse_setting(REPLICATION)
    params, setting = load_params(REPLICATION, "measure", Params), load_setting(REPLICATION, name, Setting)
    models, folder = artifacts_dir(REPLICATION, name) / "models", results_dir(REPLICATION, name)
    claims = [s.id for s in load_claims(REPLICATION).statements() if s.expect[name].not_attempted is None]
    with record_run(REPLICATION, name, seeds=[params.seed]) as run:
        run.add_hash("models", hash_folder(models))
        if setting.pretrained is None:
            train = load_params(REPLICATION, "train", TrainParams)
            measured = measure_trained(setting, models, claims, params, train, folder / "arrays")
        else:
            measured = measure_pretrained(setting.pretrained, params, folder / "arrays")
        write_measurements(REPLICATION, name, measured)


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    main()
