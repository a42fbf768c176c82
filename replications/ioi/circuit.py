"""Stage: finds the rest of the circuit, and measures it.

python -P -m replications.ioi.circuit SETTING
"""

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from replications.common.imports import hash_code
from replications.common.measurements import Measurement, write_measurements
from replications.common.models import load_language_model
from replications.common.params import load_params, load_setting
from replications.common.paths import artifacts_dir, results_dir
from replications.common.provenance import record_run
from replications.common.stage import parse_setting
from replications.common.tables import read_rows, write_rows
from replications.ioi.circuit_estimates import estimate_circuit, estimate_mentions, estimate_mlps, estimate_signals
from replications.ioi.circuit_tables import tabulate_nodes, tabulate_paths, tabulate_removals
from replications.ioi.dataset import read_prompts
from replications.ioi.encoding import END
from replications.ioi.estimates import PAPER_MODEL, split_prompts
from replications.ioi.evaluators import score_on_random_tokens
from replications.ioi.experiments import Experiments
from replications.ioi.keeping import KeptArrays
from replications.ioi.resampling import Resampling
from replications.ioi.roles import PAPER_CIRCUIT
from replications.ioi.search import attention_from
from replications.ioi.search_estimates import compare_with_random_tokens, count_heads, describe_s_inhibition
from replications.ioi.settings import CircuitParams, Setting
from replications.ioi.sweep import sweep_anywhere
from replications.ioi.tables import HeadRow, NodeRow, PathRow, RemovalRow

Params = CircuitParams


@dataclass(frozen=True)
class CircuitResults:
    """The measurements by claim id, and the rows of the result files."""

    measured: dict[str, Measurement]
    nodes: list[NodeRow]
    paths: list[PathRow]
    removals: list[RemovalRow]


@torch.no_grad()
def measure_circuit(experiments: Experiments, model_name: str, rows: Sequence[HeadRow]) -> CircuitResults:
    """Returns what the second half of the paper measures.

    Args:
        experiments: on the model; the first half of their prompts finds the heads, the second is for all other numbers.
        model_name: in the paper's own model the circuit that is measured is the paper's, elsewhere the one found here.
        rows: the heads as the stage `measure` wrote them.
    """
    params, prompts = experiments.params, experiments.prompts
    of_paper, halves = model_name == PAPER_MODEL, split_prompts(len(prompts))
    rng = np.random.default_rng(params.seed)
    resampling = Resampling(rng, (params.seed,))
    finding, chosen = prompts[halves.finding], prompts[halves.describing][: params.knockout_prompts]
    readings, found, nothing = experiments.search(finding[: params.search_prompts], rows)
    circuit = PAPER_CIRCUIT if of_paper else found
    print("found:", "; ".join(f"{role}: {' '.join(map(str, heads)) or 'none'}" for role, heads in found.items()))
    knockouts = experiments.knockouts(chosen)
    greedy = experiments.knockouts(finding[params.search_prompts :][: params.greedy_prompts])
    scores = score_on_random_tokens(experiments.model, params.random_tokens, params.random_sequences, rng)
    of_circuit = experiments.circuit(knockouts, greedy, circuit, rng)
    measured = {
        "path-effects-of-nothing": resampling.any(lambda sizes: float(sizes.max()), [nothing], "logit"),
        **count_heads(readings, resampling, of_paper),
        **describe_s_inhibition(circuit, attention_from(knockouts.cases, END, lambda batch: batch.s2), resampling),
        **compare_with_random_tokens(circuit, scores),
        **estimate_signals(experiments.signals(knockouts, chosen, circuit, rng), of_circuit.plain, resampling),
        **estimate_circuit(of_circuit, resampling, of_paper),
        **estimate_mentions(experiments.mentions(), resampling, of_paper),
        **estimate_mlps(
            experiments.mlps(chosen[: params.mlp_prompts]), of_circuit.plain[: params.mlp_prompts], resampling
        ),
    }
    nodes = tabulate_nodes(circuit, found, readings, rows, knockouts.cases, scores, of_circuit)
    return CircuitResults(measured, nodes, tabulate_paths(readings), tabulate_removals(of_circuit))


def main() -> None:
    """Writes `measured-circuit.json`, `run-circuit.json` and the rows of nodes, paths and removals of a setting."""
    name = parse_setting("ioi")
    params, setting = load_params("ioi", "circuit", Params), load_setting("ioi", name, Setting)
    prompts_file, folder = artifacts_dir("ioi", name) / "prompts.json", results_dir("ioi", name)
    prompts = read_prompts(prompts_file)
    with record_run("ioi", name, seeds=[params.seed], stage="circuit") as run:
        model = load_language_model(setting.model, setting.path)
        run.add_hash(f"weights of {model.description}", model.weights_sha256)
        run.add_hash("prompts", hashlib.sha256(prompts_file.read_bytes()).hexdigest())
        depends_on = (hash_code("replications.ioi.circuit"), params.model_dump_json(), *run.hashes.values())
        keep = KeptArrays(artifacts_dir("ioi", name) / "circuit", *depends_on)
        rows = read_rows(folder / "heads.csv", HeadRow)
        source, key = (setting.model, setting.path), "\n".join(depends_on)
        experiments = Experiments(
            model, prompts, params, keep,
            lambda chosen, n: sweep_anywhere(*source, chosen, params.batch_size, n, keep.folder, key),
        )  # fmt: skip
        results = measure_circuit(experiments, setting.model, rows)
        write_rows(folder / "circuit.csv", results.nodes, NodeRow)
        write_rows(folder / "paths.csv", results.paths, PathRow)
        write_rows(folder / "removals.csv", results.removals, RemovalRow)
        write_measurements("ioi", name, results.measured, stage="circuit")
    shutil.rmtree(keep.folder, ignore_errors=True)  # the next run measures anew


if __name__ == "__main__":
    main()
