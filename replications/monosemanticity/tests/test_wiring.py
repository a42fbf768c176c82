"""The tiny setting through every stage: all claims are measured, all files read back, all figures drawn."""

import numpy as np

from replications.common.claims import load_claims
from replications.common.judge import judge_setting
from replications.common.tables import read_rows, write_rows
from replications.monosemanticity.coding import density
from replications.monosemanticity.context_rows import find_contexts
from replications.monosemanticity.evidence import Evidence
from replications.monosemanticity.explaining import explain_units
from replications.monosemanticity.measure import measure_all
from replications.monosemanticity.overview import collect_arrays, describe_dictionaries, describe_features, find_matches
from replications.monosemanticity.records import (
    ContextRow,
    DictionaryRow,
    ExplainedRow,
    FeatureRow,
    read_arrays,
    write_arrays,
)


def test_every_claim_is_measured_and_the_result_files_read_back(
    evidence: Evidence, rng: np.random.Generator, monkeypatch, tmp_path
):
    monkeypatch.setattr("replications.common.bootstrap.RESAMPLES", 20)
    densities = {name: density(codes) for name, codes in evidence.codes.items()}
    matches, findings = find_matches(evidence, rng), find_contexts(evidence, rng)
    explained = explain_units(evidence, densities, rng)
    measured = measure_all(evidence, densities, matches, findings, explained, rng)
    claims = load_claims("monosemanticity")
    wanted = {s.id for s in claims.statements() if s.expect["laptop"].not_attempted is None}
    judged = judge_setting(claims, "laptop", {name: m for name, m in measured.items() if name in wanted})
    assert len(judged.claims) == len(list(claims.statements()))
    tables = {
        ContextRow: [found.row for found in findings.values()],
        ExplainedRow: explained,
        DictionaryRow: describe_dictionaries(evidence, densities),
        FeatureRow: describe_features(evidence, densities, matches, findings),
    }
    for kind, rows in tables.items():
        write_rows(tmp_path / "rows.csv", rows, kind)
        assert len(read_rows(tmp_path / "rows.csv", kind)) == len(rows)
    arrays = collect_arrays(evidence, densities, matches, findings)
    write_arrays(tmp_path / "arrays.npz", arrays)
    assert set(read_arrays(tmp_path / "arrays.npz")) == set(arrays)
