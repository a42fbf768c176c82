"""Stage: causal tracing of the facts that the model knows.

python -P -m replications.rome.measure SETTING
"""

import hashlib
import json
import shutil

from replications.common.engines import run_tasks
from replications.common.imports import hash_code
from replications.common.measurements import write_measurements
from replications.common.params import load_params, load_setting
from replications.common.paths import artifacts_dir, results_dir
from replications.common.provenance import record_run
from replications.common.stage import parse_setting
from replications.rome.dataset import Fact
from replications.rome.encoding import encode_prompt, subject_tokens
from replications.rome.settings import Setting, keep_claimed, load_decoder
from replications.rome.trace_estimates import estimate_traces
from replications.rome.traces import Params as TraceParams
from replications.rome.traces import Task, Tracer, join_traces, open_tracer, trace_map, write_traces
from replications.rome.tracing import noise_scale

Params = TraceParams
WORDS_SHOWN = 3  # tokens that the subject of the fact in the figure has at least


def main() -> None:
    """Writes `traces.npz`, `measured.json` and `run.json` of a setting."""
    name = parse_setting("rome")
    params, setting = load_params("rome", "measure", Params), load_setting("rome", name, Setting)
    facts_file = artifacts_dir("rome", name) / "facts.json"
    content = json.loads(facts_file.read_text(encoding="utf-8"))
    by_id = {record["case_id"]: Fact.model_validate(record) for record in content["all"]}
    facts_hash = hashlib.sha256(facts_file.read_bytes()).hexdigest()
    with record_run("rome", name, seeds=[params.seed]) as run:
        decoder, model = load_decoder(setting)
        run.device = setting.device
        run.add_hash(f"weights of {model.description}", model.weights_sha256)
        run.add_hash("facts", facts_hash)
        everything = [encode_prompt(fact, model.tokenizer) for fact in by_id.values()]
        scale = noise_scale(decoder, subject_tokens(everything), params.noise)
        tracer = Tracer(decoder, params, setting, scale)
        key = json.dumps([
            hash_code("replications.rome.measure"),
            params.model_dump_json(), setting.model_dump_json(), facts_hash, model.weights_sha256,
        ])  # fmt: skip
        prompts = [encode_prompt(by_id[case], model.tokenizer) for case in content["traced"]]
        tasks = {
            str(case): Task(prompt, case, number < setting.windowed, number < params.controlled)
            for number, (prompt, case) in enumerate(zip(prompts, content["traced"], strict=True))
        }
        unfinished, shared = artifacts_dir("rome", name) / "unfinished-measure", (params, setting, scale)
        traced = run_tasks("tracing", open_tracer, shared, tasks, unfinished, key, setting.processes)
        place = next((n for n, p in enumerate(prompts) if p.subject[1] - p.subject[0] >= WORDS_SHOWN), 0)
        shown, case = prompts[place], content["traced"][place]
        words = [model.tokenizer.decode([token]) for token in (*shown.tokens, shown.target[0])]
        example = trace_map(tracer, shown, case, words)
        traces = join_traces(traced, tracer)
        write_traces(results_dir("rome", name) / "traces.npz", traces, example)
        measured = estimate_traces(traces, decoder.n_layers, params.seed)
        write_measurements("rome", name, keep_claimed(measured, name))
    shutil.rmtree(unfinished)


if __name__ == "__main__":
    main()
