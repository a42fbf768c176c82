"""Traces and edits give the same on a cluster that loses a worker."""

import numpy as np
import pytest

from replications.common.engines import run_tasks
from replications.common.params import load_params, load_setting
from replications.rome import editing, traces
from replications.rome.encoding import encode_prompt
from replications.rome.settings import Setting
from replications.rome.tests.conftest import build_llama

FACTS = 6


@pytest.fixture
def stored(tokenizer, tmp_path, monkeypatch) -> Setting:
    """A small setting with a tiny model, its tokenizer and a text on disk, where other processes find them."""
    monkeypatch.setenv("INTERP_MODEL_CACHE", str(tmp_path / "cache" / "models"))
    build_llama().save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.txt").write_text("\n\n".join(["the city of Paris lies in France ."] * 100))
    small = {
        "model": "tiny/llama", "path": str(tmp_path / "model"), "text": str(tmp_path / "text"),
        "covariance_tokens": 300, "window": 2, "layer_step": 1, "window_step": 1, "edit_layer": 1,
        "sweep_layers": (0, 1, 3), "v_step": 0.1, "ft_layer": 1, "ftl_layer": 0,
    }  # fmt: skip
    return load_setting("rome", "smollm2-135m", Setting).model_copy(update=small)


def test_a_cluster_that_loses_a_worker_traces_and_edits_to_the_same_bits(
    stored, losing_cluster, fact, tokenizer, tmp_path
):
    facts = [fact.model_copy(update={"case_id": case}) for case in range(FACTS)]
    tracing = load_params("rome", "measure", traces.Params).model_copy(update={"draws": 2})
    prompt = encode_prompt(fact, tokenizer)
    to_trace = {str(case): traces.Task(prompt, case, case < 3, case < 1) for case in range(FACTS)}
    compare(traces.open_tracer, (tracing, stored, 0.5), to_trace, tmp_path / "traces")
    changes = {"prefixes": 2, "v_steps": 3, "ft_steps": 2, "text_tokens": 4}
    params = load_params("rome", "edit", editing.Params).model_copy(update=changes)
    to_edit = {str(f.case_id): editing.Task(f, facts[:2], f.case_id < 2, f.case_id < 3) for f in facts}
    compare(editing.open_editor, (params, stored, ("", "the city. ")), to_edit, tmp_path / "edits")
    assert losing_cluster


def compare(open_work, shared, tasks, folder) -> None:
    """Compares the cluster with a plain loop in this process."""
    found, work = run_tasks("cluster", open_work, shared, tasks, folder, "key"), open_work(*shared)
    for task, result in zip(tasks.values(), found, strict=True):
        expected = work(task)
        assert result.keys() == expected.keys()
        for name, array in expected.items():
            assert np.array_equal(result[name], array, equal_nan=array.dtype.kind == "f"), name
