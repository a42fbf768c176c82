"""Path patching gives the same in this process and on a cluster that loses a worker."""

import numpy as np

from replications.common.models import load_language_model
from replications.ioi.decoder import take_apart
from replications.ioi.encoding import END, S2, encode_prompts
from replications.ioi.movers import Head
from replications.ioi.paths import Target
from replications.ioi.sweep import make_case, sweep_anywhere, sweep_here
from replications.ioi.tests.conftest import build_gpt2

BATCH_SIZE = 6


def test_a_cluster_that_loses_a_worker_patches_to_the_same_bits(losing_cluster, tokenizer, of_few_forms, tmp_path):
    build_gpt2(tokenizer).save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    source = "openai-community/gpt2", str(tmp_path / "model")
    model = load_language_model(*source)
    decoder, batches = take_apart(model.bridge), encode_prompts(of_few_forms, tokenizer, BATCH_SIZE)
    here = sweep_here(decoder, [make_case(decoder, batch) for batch in batches])
    kept = tmp_path / "kept"
    elsewhere = sweep_anywhere(*source, of_few_forms, BATCH_SIZE, len(batches), kept, "key")
    for kind, source_at in (("query", END), ("value", S2)):
        target = Target((Head(1, 0), Head(2, 1)), kind, source_at, END)
        found, expected = elsewhere(kind, target), here(kind, target)
        assert found["effects"].shape == (len(of_few_forms), 3, 4)
        assert all(np.array_equal(found[name], expected[name]) for name in ("effects", "of_all"))
        assert np.abs(expected["effects"]).max() > 0
    assert losing_cluster
    assert len(list(kept.iterdir())) == 2 * len(batches)
