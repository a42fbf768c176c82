"""Stage: edits facts by every method, measures each edit, and puts the model back.

python -P -m replications.rome.edit SETTING
"""

import hashlib
import json
import shutil
from itertools import islice

import numpy as np

from replications.common.engines import run_tasks
from replications.common.files import write_json
from replications.common.imports import hash_code
from replications.common.measurements import write_measurements
from replications.common.params import load_params, load_setting
from replications.common.paths import artifacts_dir, results_dir
from replications.common.provenance import record_run
from replications.common.stage import parse_setting
from replications.rome.dataset import Fact, subjects_with
from replications.rome.edit_estimates import collect_sweep, estimate_edits, estimate_localization, estimate_texts
from replications.rome.editing import Params as EditParams
from replications.rome.editing import Task, draw_prefixes, find_moments, open_editor
from replications.rome.settings import Setting, keep_claimed, load_decoder
from replications.rome.tables import parse_row, write_edits
from replications.rome.traces import read_traces

Params = EditParams
REFERENCES = 3  # texts that a fact's consistency is measured against
TEXT = "text "


def main() -> None:
    """Writes `edits.csv`, `texts.json`, `measured-edit.json` and `run-edit.json` of a setting."""
    name = parse_setting("rome")
    params, setting = load_params("rome", "edit", Params), load_setting("rome", name, Setting)
    facts_file, folder = artifacts_dir("rome", name) / "facts.json", results_dir("rome", name)
    content = json.loads(facts_file.read_text(encoding="utf-8"))
    facts, known = ([Fact.model_validate(record) for record in content[part]] for part in ("edited", "all"))
    facts_hash = hashlib.sha256(facts_file.read_bytes()).hexdigest()
    with record_run("rome", name, seeds=[params.seed], stage="edit") as run:
        decoder, model = load_decoder(setting)
        run.device = setting.device
        run.add_hash(f"weights of {model.description}", model.weights_sha256)
        run.add_hash("facts", facts_hash)
        find_moments(decoder, model, setting)  # estimated once, before every process reads them
        prefixes = tuple(draw_prefixes(decoder, model.tokenizer, params))
        key = json.dumps([
            hash_code("replications.rome.edit"),
            params.model_dump_json(), setting.model_dump_json(), facts_hash, model.weights_sha256,
        ])  # fmt: skip
        tasks = {
            str(fact.case_id): Task(
                fact=fact,
                like=list(islice(subjects_with(known, fact.relation, fact.target_new), REFERENCES)),
                swept=number < setting.sweep_facts,
                writing=number < setting.texts,
            )
            for number, fact in enumerate(facts)
        }
        n_layers, unfinished = decoder.n_layers, artifacts_dir("rome", name) / "unfinished-edit"
        del decoder, model  # every process loads its own
        shared = params, setting, prefixes
        done = run_tasks("editing", open_editor, shared, tasks, unfinished, key, setting.processes)
        rows = [parse_row(list(map(str, values))) for piece in done for values in piece["rows"]]
        texts = [_texts(piece) for piece in done if any(part.startswith(TEXT) for part in piece)]
        write_edits(folder / "edits.csv", rows)
        write_json(folder / "texts.json", {"prefixes": prefixes, "texts": texts})
        measured = {**estimate_edits(rows, setting.edit_layer, params.seed), **estimate_texts(texts, params.seed)}
        if setting.sweep_facts:
            traces, _ = read_traces(folder / "traces.npz")
            sweep = collect_sweep(rows, setting.sweep_layers, traces)
            measured |= estimate_localization(rows, sweep, traces, setting.edit_layer, n_layers, params.seed)
        write_measurements("rome", name, keep_claimed(measured, name), stage="edit")
    shutil.rmtree(unfinished)


def _texts(piece: dict[str, np.ndarray]) -> dict[str, list[str]]:
    """Returns what the model wrote, by method."""
    return {key.removeprefix(TEXT): list(map(str, piece[key])) for key in piece if key.startswith(TEXT)}


if __name__ == "__main__":
    main()
