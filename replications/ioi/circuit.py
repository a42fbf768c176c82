"""Stage: finds the rest of the circuit, and measures it.

python -P -m replications.ioi.circuit SETTING
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from replications.common.measurements import Measurement, write_measurements
from replications.common.models import LanguageModel, load_language_model
from replications.common.params import load_params, load_setting
from replications.common.paths import artifacts_dir, results_dir
from replications.common.provenance import record_run
from replications.common.stage import parse_setting
from replications.common.tables import read_rows, write_rows
from replications.ioi.circuit_estimates import estimate_circuit, estimate_mentions, estimate_mlps, estimate_signals
from replications.ioi.circuit_tables import tabulate_nodes, tabulate_paths, tabulate_removals
from replications.ioi.dataset import Prompt, read_prompts
from replications.ioi.decoder import take_apart
from replications.ioi.encoding import END, encode_prompts
from replications.ioi.estimates import PAPER_MODEL, split_prompts
from replications.ioi.evaluators import knock_out_mlps, mention_again, score_on_random_tokens
from replications.ioi.experiments import Experiments
from replications.ioi.forward import refuse_unsupported
from replications.ioi.means import take_means
from replications.ioi.resampling import Resampling
from replications.ioi.roles import PAPER_CIRCUIT
from replications.ioi.search import attention_from
from replications.ioi.search_estimates import compare_with_random_tokens, count_heads, describe_s_inhibition
from replications.ioi.settings import CircuitParams, Setting
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
def measure_circuit(
    model: LanguageModel, model_name: str, prompts: Sequence[Prompt], rows: Sequence[HeadRow], params: Params
) -> CircuitResults:
    """Returns what the second half of the paper measures.

    Args:
        model: the model.
        model_name: in the paper's own model the circuit that is measured is the paper's, elsewhere the one found here.
        prompts: the first half finds the heads, the second half is for all other numbers.
        rows: the heads as the stage `measure` wrote them.
        params: sizes and criteria.
    """
    of_paper, halves = model_name == PAPER_MODEL, split_prompts(len(prompts))
    rng = np.random.default_rng(params.seed)
    resampling = Resampling(rng, (params.seed,))
    decoder = take_apart(model.bridge)
    batches = encode_prompts(prompts, model.tokenizer, params.batch_size)
    refuse_unsupported(decoder, batches[0].clean)
    means = take_means(decoder, prompts, batches)
    experiments = Experiments(model, decoder, means, params)

    finding = prompts[halves.finding]
    readings, found, nothing = experiments.search(finding[: params.search_prompts], rows)
    circuit = PAPER_CIRCUIT if of_paper else found
    print("found:", "; ".join(f"{role}: {' '.join(map(str, heads)) or 'none'}" for role, heads in found.items()))

    chosen = prompts[halves.describing][: params.knockout_prompts]
    knockouts = experiments.knockouts(chosen)
    greedy = experiments.knockouts(finding[params.search_prompts :][: params.greedy_prompts])
    scores = score_on_random_tokens(model, params.random_tokens, params.random_sequences, rng)
    of_circuit = experiments.circuit(knockouts, greedy, circuit, rng)
    without_mlps_of = chosen[: params.mlp_prompts]
    mlp_batches = encode_prompts(without_mlps_of, model.tokenizer, params.batch_size)
    measured = {
        "path-effects-of-nothing": resampling.any(lambda sizes: float(sizes.max()), [nothing], "logit"),
        **count_heads(readings, resampling, of_paper),
        **describe_s_inhibition(circuit, attention_from(knockouts.cases, END, lambda batch: batch.s2), resampling),
        **compare_with_random_tokens(circuit, scores),
        **estimate_signals(experiments.signals(knockouts, chosen, circuit, rng), of_circuit.plain, resampling),
        **estimate_circuit(of_circuit, resampling, of_paper),
        **estimate_mentions(mention_again(model, prompts, params.batch_size), resampling, of_paper),
        **estimate_mlps(
            knock_out_mlps(model, without_mlps_of, mlp_batches, means),
            of_circuit.plain[: len(without_mlps_of)],
            resampling,
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
        results = measure_circuit(model, setting.model, prompts, read_rows(folder / "heads.csv", HeadRow), params)
        write_rows(folder / "circuit.csv", results.nodes, NodeRow)
        write_rows(folder / "paths.csv", results.paths, PathRow)
        write_rows(folder / "removals.csv", results.removals, RemovalRow)
        write_measurements("ioi", name, results.measured, stage="circuit")


if __name__ == "__main__":
    main()
