"""The exported model computes what the model does; everything else is refused."""

import numpy as np
import pytest
import torch

from replications.induction_heads import browser_model
from replications.induction_heads.browser_model import ExportError, export_model, run_exported
from replications.induction_heads.export import encode_words
from replications.induction_heads.tests.conftest import WORDS, make_model
from replications.induction_heads.words import WORDS as WORDS_TO_TYPE

TOKENS = torch.randint(0, WORDS, (30,), generator=torch.Generator().manual_seed(1))


def test_the_exported_graph_gives_torchs_numbers_for_any_length():
    model = make_model()
    content = export_model(model, (0, 2), (1, 3), TOKENS)
    run = model.run(TOKENS[None, :17])
    probabilities, previous, induction = run_exported(content, TOKENS[:17])
    assert np.allclose(probabilities, run.logits[0].softmax(-1), atol=1e-5)
    assert np.allclose(previous, run.patterns[0][0, 2], atol=1e-5)
    assert np.allclose(induction, run.patterns[1][0, 3], atol=1e-5)
    assert len(content) < 3e6


def test_the_hand_built_circuit_completes_a_repetition_after_export(hand_built, repeated):
    document = repeated[0, :30]
    probabilities, _, induction = run_exported(export_model(hand_built, (0, 0), (1, 0), document), document)
    assert probabilities[-1].argmax() == repeated[0, 30]
    assert induction[-1].argmax() == 30 - 25  # the position after the earlier occurrence of token 29


def test_what_the_graph_does_not_know_and_a_graph_that_differs_are_refused(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(ExportError, match="expected an attention-only model without smeared keys"):
        export_model(make_model(smeared=True), (0, 0), (1, 0), TOKENS)
    monkeypatch.setattr(browser_model, "NORM_EPSILON", 1.0)
    with pytest.raises(ExportError, match="the exported graph is not the model"):
        export_model(make_model(), (0, 0), (1, 0), TOKENS)


def test_words_become_tokens_after_the_start_and_an_unknown_word_is_refused():
    assert encode_words(f"{WORDS_TO_TYPE[3]} {WORDS_TO_TYPE[0]}").tolist() == [64, 3, 0]
    with pytest.raises(ValueError, match="zeppelin"):
        encode_words("apple zeppelin")
