"""The six data sets, patched outputs, the linear fit, and the other evaluators: known answers and a second way."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from replications.common.models import LanguageModel
from replications.ioi.dataset import Prompt
from replications.ioi.encoding import END, S2, PromptBatch
from replications.ioi.evaluators import _first_sentence, mention_again, score_on_random_tokens
from replications.ioi.knockout import Knockouts
from replications.ioi.method import logit_difference
from replications.ioi.movers import Head
from replications.ioi.roles import Node
from replications.ioi.signals import SIGNALS, Signals, fit_signals, patch_from_longer_prompts, with_signal
from replications.ioi.tests.plain_hooks import run_plainly

PRINTED = {  # Appendix A, Figure 9
    "original": 3.55,
    "random-token": 2.45,
    "inverted-token": 1.77,
    "inverted-position": -0.99,
    "inverted-position-random-token": -1.96,
    "both-inverted": -3.16,
}


def test_the_fit_of_the_papers_six_numbers_is_the_papers():
    position, token, error = fit_signals(PRINTED)
    assert position == pytest.approx(2.31, abs=0.005) and token == pytest.approx(0.99, abs=0.005)
    assert error / PRINTED["original"] == pytest.approx(0.07, abs=0.01)  # printed without decimals


def test_the_six_data_sets_name_the_right_people_in_the_right_places(batches: list[PromptBatch]):
    batch = batches[0]
    rows = torch.arange(len(batch))
    io, s, a, b = batch.io_token, batch.s_token, batch.corrupted[rows, batch.io], batch.corrupted[rows, batch.s1]
    expected = {  # the names in the places of IO, S1, S2
        "original": (io, s, s),
        "random-token": (a, b, b),
        "inverted-token": (s, io, io),
        "inverted-position": (s, io, s),
        "inverted-position-random-token": (b, a, b),
        "both-inverted": (io, s, io),
    }
    for name in SIGNALS:
        tokens = with_signal(batch, name)
        assert [tokens[rows, place].tolist() for place in (batch.io, batch.s1, batch.s2)] == [
            names.tolist() for names in expected[name]
        ]
        others = torch.ones_like(tokens, dtype=torch.bool)
        for place in (batch.io, batch.s1, batch.s2):
            others[rows, place] = False
        assert torch.equal(tokens[others], batch.clean[others])


@pytest.mark.parametrize("nodes", [[Node(Head(1, 1), END), Node(Head(2, 2), END)], [Node(Head(0, 3), S2)]])
def test_patched_outputs_equal_plain_hooks(unwrapped: nn.Module, knockouts: Knockouts, nodes: list[Node]):
    decoder, name = knockouts.decoder, "both-inverted"
    found = Signals(knockouts).patch(name, [nodes, []])
    for case in knockouts.cases:
        batch, rows = case.batch, torch.arange(len(case.batch))
        source = run_plainly(unwrapped, with_signal(batch, name))

        def edit(layer: int, mixed: Tensor, batch=batch, rows=rows, source=source) -> Tensor:
            for node in nodes:
                of_head = slice(node.head.head * decoder.d_head, (node.head.head + 1) * decoder.d_head)
                if node.head.layer == layer:
                    mixed[rows, batch.position(node.slot), of_head] = source.mixed[layer][
                        rows, batch.position(node.slot), of_head
                    ]
            return mixed

        logits = run_plainly(unwrapped, batch.clean, edit_mixed=edit).logits
        expected = logit_difference(logits, batch.io_token, batch.s_token).numpy()
        assert np.allclose(found[0, batch.rows], expected, atol=1e-4)
        plain = logit_difference(run_plainly(unwrapped, batch.clean).logits, batch.io_token, batch.s_token).numpy()
        assert np.allclose(found[1, batch.rows], plain, atol=1e-4)  # no node, no change


def test_outputs_from_the_same_prompts_change_nothing(knockouts: Knockouts, batches: list[PromptBatch]):
    found = patch_from_longer_prompts(knockouts, batches, [Node(Head(1, 1), END)])
    assert np.allclose(found, knockouts.of_model(), atol=1e-4)


def test_scores_on_random_tokens_are_the_means_of_the_diagonals(model: LanguageModel, unwrapped: nn.Module):
    length = 7
    scores = score_on_random_tokens(model, length, 1, np.random.default_rng(3))
    once = torch.from_numpy(np.random.default_rng(3).integers(model.bridge.cfg.d_vocab, size=length))
    with torch.no_grad():
        patterns = unwrapped(torch.cat([once, once]).unsqueeze(0), output_attentions=True).attentions
    for layer, pattern in enumerate(patterns):
        for head in range(pattern.shape[1]):
            at = pattern[0, head]
            assert scores.previous[layer, head] == pytest.approx(
                np.mean([at[t, t - 1] for t in range(1, 14)]), abs=1e-5
            )
            assert scores.duplicate[layer, head] == pytest.approx(
                np.mean([at[t, t - 7] for t in range(7, 14)]), abs=1e-5
            )
            assert scores.induction[layer, head] == pytest.approx(
                np.mean([at[t, t - 6] for t in range(7, 14)]), abs=1e-5
            )


@pytest.mark.parametrize(
    ("frame", "first"),
    [
        ("Yesterday [S1] and [IO] walked home. [S2] passed a book to", "Yesterday [S1] and [IO] walked home."),
        ("The owner knew [IO] and [S1]. That evening [S2] mailed a book to", "The owner knew [IO] and [S1]."),
        ("Once [S1] and [IO] had left, [S2] offered a book to", None),
    ],
)
def test_another_mention_goes_between_two_sentences(frame: str, first: str | None):
    assert _first_sentence(frame) == first


def test_another_mention_is_compared_on_the_prompts_of_two_sentences_alone(
    model: LanguageModel, unwrapped: nn.Module, of_few_forms: list[Prompt]
):
    mentions = mention_again(model, of_few_forms, batch_size=8)
    cut = [prompt for prompt in of_few_forms if prompt.form.startswith(("Yesterday", "Last week"))]
    assert len(mentions.plain) == len(mentions.second_io) == len(mentions.extra_s) == len(cut)
    text = cut[0].text.replace(".", f". {cut[0].io} had a good day.", 1)
    with torch.no_grad():
        logits = unwrapped(model.tokenizer(text, return_tensors="pt")["input_ids"]).logits[0, -1]
    io, s = (model.tokenizer.encode(name)[0] for name in (cut[0].io, cut[0].s))
    assert mentions.second_io[0] == pytest.approx(float(logits[io] - logits[s]), abs=1e-4)
