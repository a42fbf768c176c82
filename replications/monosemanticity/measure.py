"""Stage: encodes held-out text with every dictionary and measures every claim.

python -P -m replications.monosemanticity.measure SETTING
"""

import hashlib
import json
from collections.abc import Mapping

import numpy as np
import torch

from replications.common.claims import load_claims
from replications.common.files import write_json
from replications.common.measurements import Measurement, write_measurements
from replications.common.params import load_params, load_setting
from replications.common.paths import artifacts_dir, results_dir
from replications.common.provenance import record_run
from replications.common.stage import parse_setting
from replications.common.tables import write_rows
from replications.monosemanticity.coding import density
from replications.monosemanticity.context_rows import ContextFindings, find_contexts
from replications.monosemanticity.estimates import (
    estimate_contexts,
    estimate_explanations,
    estimate_recovery,
    estimate_sparsity,
    estimate_splitting,
    estimate_universality,
)
from replications.monosemanticity.evidence import MAIN, Evidence
from replications.monosemanticity.explaining import explain_units
from replications.monosemanticity.overview import (
    Matches,
    collect_arrays,
    count_zero_neurons,
    describe_dictionaries,
    describe_features,
    find_matches,
)
from replications.monosemanticity.records import ContextRow, DictionaryRow, ExplainedRow, FeatureRow, write_arrays
from replications.monosemanticity.settings import MeasureParams as Params
from replications.monosemanticity.settings import Setting, TrainParams
from replications.monosemanticity.units import open_workshop

REPLICATION = "monosemanticity"


def measure_all(
    evidence: Evidence,
    densities: Mapping[str, np.ndarray],
    matches: Matches,
    findings: Mapping[str, ContextFindings],
    explained: list[ExplainedRow],
    rng: np.random.Generator,
) -> dict[str, Measurement]:
    """Returns every measurement by claim id."""
    live = evidence.live(MAIN, densities)
    return (
        estimate_recovery(evidence, rng)
        | estimate_sparsity(evidence, densities, count_zero_neurons(evidence), rng)
        | estimate_universality(matches.in_b[live], matches.neurons, matches.in_random[live], rng)
        | estimate_splitting(evidence, matches.parent_cosine[live], matches.chance_cosine[live], rng)
        | estimate_contexts(evidence, findings, rng)
        | estimate_explanations(explained, rng)
    )


def main() -> None:
    """Writes `measured.json`, `run.json`, the tables, `arrays.npz`, `samples.json` and `facts.json` of a setting."""
    name = parse_setting(REPLICATION)
    setting, params = load_setting(REPLICATION, name, Setting), load_params(REPLICATION, "measure", Params)
    training = load_params(REPLICATION, "train", TrainParams)
    folder = results_dir(REPLICATION, name)
    models = artifacts_dir(REPLICATION, name) / "models"
    rng = np.random.default_rng(params.seed)
    with record_run(REPLICATION, name, seeds=[params.seed, training.seed, *setting.seeds.values()]) as run:
        run.device = (
            f"{setting.device}, {torch.get_num_threads()} threads" if setting.device == "cpu" else setting.device
        )
        for unit in (*setting.seeds, *setting.dictionaries):
            run.add_hash(unit, hashlib.sha256((models / unit / "weights.safetensors").read_bytes()).hexdigest())
        workshop = open_workshop(models, setting, training)
        evidence = Evidence(workshop, params)
        densities = {unit: density(codes) for unit, codes in evidence.codes.items()}
        matches = find_matches(evidence, rng)
        findings = find_contexts(evidence, rng)
        explained = explain_units(evidence, densities, rng)
        measured = measure_all(evidence, densities, matches, findings, explained, rng)
        wanted = {s.id for s in load_claims(REPLICATION).statements() if s.expect[name].not_attempted is None}
        write_rows(folder / "contexts.csv", [found.row for found in findings.values()], ContextRow)
        write_rows(folder / "explained.csv", explained, ExplainedRow)
        write_rows(folder / "dictionaries.csv", describe_dictionaries(evidence, densities), DictionaryRow)
        write_rows(folder / "features.csv", describe_features(evidence, densities, matches, findings), FeatureRow)
        write_arrays(folder / "arrays.npz", collect_arrays(evidence, densities, matches, findings))
        write_json(folder / "samples.json", {context: found.texts for context, found in findings.items()})
        facts = json.loads((models / "training.json").read_text(encoding="utf-8"))
        losses = {key: float(values.mean()) for key, values in evidence.clean_losses.items()}
        write_json(folder / "facts.json", facts | {"losses": losses, "evaluation_tokens": int(evidence.windows.size)})
        write_measurements(REPLICATION, name, {key: value for key, value in measured.items() if key in wanted})


if __name__ == "__main__":
    main()
