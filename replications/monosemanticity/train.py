"""Stage: trains the transformers and dictionaries of a setting. What is finished is kept when the stage is cut off.

python -P -m replications.monosemanticity.train SETTING
"""

import json
from functools import partial

import torch

from replications.common.files import write_json
from replications.common.params import load_params, load_setting
from replications.common.paths import artifacts_dir
from replications.common.provenance import record_run
from replications.common.stage import parse_setting
from replications.monosemanticity.settings import Setting
from replications.monosemanticity.settings import TrainParams as Params
from replications.monosemanticity.units import (
    Workshop,
    fit_autoencoder,
    fit_transformer,
    load_autoencoder,
    load_transformer,
    open_workshop,
    run_units,
    typical_length,
)
from replications.monosemanticity.vectors import read_activations

REPLICATION = "monosemanticity"
JUDGED_WINDOWS = 128  # of held-out text, on which the active features of the sweep are counted


def sweep(workshop: Workshop, scale: float) -> dict[str, float]:
    """Returns the number of active features on held-out text by coefficient, in units of `scale`."""
    s = workshop.setting
    names = {f"sweep/{number}": share for number, share in enumerate(s.sweep)}
    units = [
        (name, partial(fit_autoencoder, workshop, name, "A", s.sweep_features, s.sweep_vectors, share * scale))
        for name, share in names.items()
    ]
    run_units(units, s.workers)
    vectors = read_activations(load_transformer(workshop, "A"), workshop.held_out[:JUDGED_WINDOWS])
    active = {}
    for name, share in names.items():
        autoencoder, _ = load_autoencoder(workshop, name)
        active[str(share)] = float((autoencoder.encode(vectors) > 0).sum(1).float().mean())
    return active


def choose(active: dict[str, float], target: float) -> float:
    """Returns the smallest coefficient with at most `target` active features; the largest if there is none."""
    # Deviation: coefficient-by-rule
    sparse = [float(share) for share, count in active.items() if count <= target]
    return min(sparse) if sparse else max(map(float, active))


@torch.no_grad()
def fit_dictionaries(workshop: Workshop, share: float | None) -> dict[str, float]:
    """Trains the dictionaries, the costliest first; returns the coefficient of each transformer."""
    s = workshop.setting
    used = sorted({dictionary.transformer for dictionary in s.dictionaries.values()})
    lengths = {name: typical_length(workshop, load_transformer(workshop, name)) for name in used}
    coefficients = {
        name: s.coefficient if share is None else share * length / s.neurons for name, length in lengths.items()
    }
    costly = sorted(s.dictionaries.items(), key=lambda item: -item[1].features * item[1].vectors)
    units = [
        (
            name,
            partial(fit_autoencoder, workshop, name, d.transformer, d.features, d.vectors, coefficients[d.transformer]),
        )
        for name, d in costly
    ]
    run_units(units, s.workers)
    return coefficients


def train_all(workshop: Workshop) -> dict[str, object]:
    """Trains whatever is not yet trained; returns what is told of it beside the weights."""
    setting = workshop.setting
    run_units([(name, partial(fit_transformer, workshop, name)) for name in setting.seeds], setting.workers)
    share, active = None, {}
    if setting.coefficient is None:
        scale = typical_length(workshop, load_transformer(workshop, "A")) / setting.neurons
        active = sweep(workshop, scale)
        share = choose(active, workshop.params.target_l0)
        print(f"active features by coefficient: {json.dumps(active)}; taken: {share}", flush=True)
    return {
        "training_tokens": len(workshop.text.training),
        "held_out_tokens": len(workshop.text.held_out),
        "sweep_active": active,
        "chosen_share": share,
        "coefficients": fit_dictionaries(workshop, share),
    }


def main() -> None:
    """Writes `artifacts/<setting>/models/`: a folder with weights for each unit, and `training.json`.

    The time in `run-train.json` is that of the last start: a training that was cut off counts what it did afterwards.
    """
    name = parse_setting(REPLICATION)
    setting = load_setting(REPLICATION, name, Setting)
    params = load_params(REPLICATION, "train", Params)
    folder = artifacts_dir(REPLICATION, name) / "models"
    with record_run(REPLICATION, name, seeds=[params.seed, *setting.seeds.values()], stage="train") as run:
        run.device = setting.device
        write_json(folder / "training.json", train_all(open_workshop(folder, setting, params)))


if __name__ == "__main__":
    main()
