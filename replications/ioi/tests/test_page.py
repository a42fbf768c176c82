"""The tables of the page, and what a reader can try there."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from replications.common.models import LanguageModel
from replications.ioi.dataset import Prompt
from replications.ioi.movers import Head
from replications.ioi.page_tables import list_heads, read_head, show_effects, tabulate_movers
from replications.ioi.playground import predict
from replications.ioi.tables import NAME_MOVER, NEGATIVE_NAME_MOVER, HeadRow
from replications.ioi.tests.plain_hooks import run_plainly


def head(number: int, role: str, effect: float, io: float, s: float, copy: float, negative: float) -> HeadRow:
    return HeadRow(9, number, role, effect, effect, io, s, 0.5, copy, negative)


def test_heads_are_read_by_attention_and_copy_scores():
    assert read_head(head(0, "", 0, 0.6, 0.2, 0.9, 0)) == "attends to IO, copies"
    assert read_head(head(0, "", 0, 0.2, 0.6, 0, 0.9)) == "attends to S, suppresses"
    assert read_head(head(0, "", 0, 0.2, 0.6, 0.2, 0.2)) == "attends to S"
    assert read_head(head(0, "", 0, 0.05, 0.05, 1, 0)) == "attends to neither name"


def test_movers_are_listed_by_role_and_then_by_strength():
    rows = [
        head(0, NAME_MOVER, -0.1, 0.6, 0.2, 0.9, 0),
        head(1, NEGATIVE_NAME_MOVER, 0.9, 0.6, 0.2, 0, 0.9),
        head(2, NAME_MOVER, -0.4, 0.6, 0.2, 0.9, 0),
        head(3, "", -0.05, 0.6, 0.2, 0.9, 0),
    ]
    table = tabulate_movers(rows, (NAME_MOVER, NEGATIVE_NAME_MOVER))
    assert [part.split("<")[0] for part in table.split("<tr><td>")[1:]] == ["9.2", "9.0", "9.1"]
    assert "<td>-40.0%</td>" in table


def test_long_lists_of_heads_are_cut_and_counted():
    assert list_heads([]) == "none" and list_heads([Head(1, 2)]) == "1: 1.2"
    assert list_heads([Head(0, n) for n in range(9)]).startswith("9: 0.0, 0.1") and "0.8" not in list_heads(
        [Head(0, n) for n in range(9)]
    )
    assert show_effects((-0.1, -0.3)) == "-10.0% to -30.0%" and show_effects((-0.1, -0.1)) == "-10.0%"


def test_heads_are_knocked_out_as_with_plain_hooks(
    model: LanguageModel, unwrapped: nn.Module, of_few_forms: list[Prompt], monkeypatch: pytest.MonkeyPatch
):
    names, prompt, heads = ("Adam", "Alice", "Bob"), of_few_forms[0], [Head(0, 1), Head(2, 0), Head(2, 3)]
    monkeypatch.setattr("replications.ioi.playground.NAMES", names)
    monkeypatch.setattr("replications.ioi.playground.COUNTERPARTS", 1)
    prediction = predict(model, prompt.text, prompt.io, prompt.s)
    found = prediction.without(heads, np.random.default_rng(0))
    drawn, other = np.random.default_rng(0).choice(names, 3, replace=False), prediction.tokens.clone()
    own = [model.tokenizer.encode(name)[0] for name in (prompt.io, prompt.s)]
    names_at = torch.tensor([token in own for token in prediction.tokens[0].tolist()])
    other[0, names_at] = torch.tensor(model.tokenizer.encode(" ".join(drawn)))
    source, d_head = run_plainly(unwrapped, other), model.bridge.cfg.d_head

    def edit(layer: int, mixed: Tensor) -> Tensor:
        for head in (head.head for head in heads if head.layer == layer):
            mixed[..., head * d_head : (head + 1) * d_head] = source.mixed[layer][
                ..., head * d_head : (head + 1) * d_head
            ]
        return mixed

    assert torch.allclose(found, run_plainly(unwrapped, prediction.tokens, edit_mixed=edit).logits, atol=1e-4)
    assert not torch.allclose(found, prediction.run.logits, atol=1e-2)
    assert torch.allclose(prediction.without([], np.random.default_rng(0)), prediction.run.logits, atol=1e-5)
