"""Knock-outs by mean ablation, against a slow implementation with plain PyTorch hooks, and their laws."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from replications.common.models import LanguageModel
from replications.ioi.criteria import draw_circuits, draw_sets, measure_minimality, remove_classes, search_greedily
from replications.ioi.dataset import Prompt, PromptError
from replications.ioi.decoder import Decoder
from replications.ioi.encoding import END, S1_NEXT, S2, PromptBatch, encode_prompts
from replications.ioi.evaluators import knock_out_mlps
from replications.ioi.knockout import Knockouts
from replications.ioi.means import Means, take_means
from replications.ioi.method import logit_difference
from replications.ioi.movers import Head
from replications.ioi.roles import DUPLICATE_TOKEN, PREVIOUS_TOKEN, S_INHIBITION, Node, make_naive, nodes_of
from replications.ioi.tables import NAME_MOVER, NEGATIVE_NAME_MOVER
from replications.ioi.tests.plain_hooks import run_plainly

CIRCUIT = {
    NAME_MOVER: [Head(2, 0)],
    NEGATIVE_NAME_MOVER: [Head(2, 3)],
    S_INHIBITION: [Head(1, 1), Head(1, 3)],
    DUPLICATE_TOKEN: [Head(0, 2)],
    PREVIOUS_TOKEN: [Head(0, 0)],
}


Averages = dict[str, list[Tensor]]


@pytest.fixture(scope="session")
def averages(unwrapped: nn.Module, of_few_forms: list[Prompt], batches: list[PromptBatch]) -> Averages:
    """Mean mixed values by form and layer, from plain hooks."""
    found: dict[str, list[list[Tensor]]] = {}
    for batch in batches:
        run = run_plainly(unwrapped, batch.corrupted)
        for place, row in enumerate(batch.rows):
            found.setdefault(of_few_forms[row].form, []).append([mixed[place] for mixed in run.mixed])
    return {form: [torch.stack(layer).mean(0) for layer in zip(*runs, strict=True)] for form, runs in found.items()}


def slow_f(
    model: nn.Module, averages: Averages, prompts: list[Prompt], batches: list[PromptBatch], d_head: int, ablated
) -> np.ndarray:
    """F with every head replaced at a position if `ablated(head, position, batch, place in it)`, one by one."""
    values = np.empty(len(prompts))
    for batch in batches:

        def edit(layer: int, mixed: Tensor, batch: PromptBatch = batch) -> Tensor:
            for place, row in enumerate(batch.rows):
                for position in range(mixed.shape[1]):
                    for head in range(mixed.shape[2] // d_head):
                        if ablated(Head(layer, head), position, batch, place):
                            of_head = slice(head * d_head, (head + 1) * d_head)
                            mixed[place, position, of_head] = averages[prompts[row].form][layer][position, of_head]
            return mixed

        logits = run_plainly(model, batch.clean, edit_mixed=edit).logits
        values[batch.rows] = logit_difference(logits, batch.io_token, batch.s_token).numpy()
    return values


@pytest.fixture
def slow(unwrapped, averages: Averages, decoder: Decoder, of_few_forms, batches) -> Callable[..., np.ndarray]:
    return partial(slow_f, unwrapped, averages, of_few_forms, batches, decoder.d_head)


def is_node(nodes: list[Node], head: Head, position: int, batch: PromptBatch, place: int) -> bool:
    return any(node.head == head and int(batch.position(node.slot)[place]) == position for node in nodes)


def test_f_of_a_circuit_equals_a_slow_loop_with_plain_hooks(slow, knockouts: Knockouts):
    nodes = nodes_of(CIRCUIT)
    expected = slow(lambda *where: not is_node(nodes, *where))
    assert np.allclose(knockouts.of_circuits([nodes])[0], expected, atol=1e-4)


def test_f_without_a_set_equals_a_slow_loop_with_plain_hooks(slow, knockouts: Knockouts):
    sets = [nodes_of(CIRCUIT, S_INHIBITION), nodes_of(CIRCUIT, PREVIOUS_TOKEN, NAME_MOVER)]
    for nodes, found in zip(sets, knockouts.without(sets), strict=True):
        assert np.allclose(found, slow(lambda *where, nodes=nodes: is_node(nodes, *where)), atol=1e-4)


def test_knocking_out_nothing_is_the_model(model: LanguageModel, knockouts: Knockouts):
    (found,) = knockouts.without([[]])
    for case in knockouts.cases:
        logits = model.bridge(case.batch.clean)[:, -1]
        expected = logit_difference(logits, case.batch.io_token, case.batch.s_token)
        assert np.allclose(found[case.batch.rows], expected.numpy(), atol=1e-4)


def test_the_empty_circuit_is_the_model_with_every_head_ablated(slow, knockouts: Knockouts):
    assert np.allclose(knockouts.of_circuits([[]])[0], slow(lambda *where: True), atol=1e-4)


def test_circuits_that_are_run_together_are_those_that_are_run_alone(knockouts: Knockouts):
    circuits = [nodes_of(CIRCUIT), nodes_of(CIRCUIT, NAME_MOVER), [], nodes_of(CIRCUIT, PREVIOUS_TOKEN)]
    together = knockouts.of_circuits(circuits)
    for circuit, found in zip(circuits, together, strict=True):
        assert np.allclose(knockouts.of_circuits([circuit])[0], found, atol=1e-5)


@pytest.mark.parametrize("model", ["gpt2"], indirect=True)
def test_a_class_is_removed_from_the_circuit_and_from_the_model(knockouts: Knockouts):
    removals = remove_classes(knockouts, {**CIRCUIT, "empty": []})
    assert [removal.name for removal in removals] == list(CIRCUIT)
    rest = [node for node in nodes_of(CIRCUIT) if node not in nodes_of(CIRCUIT, S_INHIBITION)]
    assert np.allclose(removals[2].of_circuit, knockouts.of_circuits([rest])[0], atol=1e-5)
    assert np.allclose(removals[2].of_model, knockouts.without([nodes_of(CIRCUIT, S_INHIBITION)])[0], atol=1e-5)


@pytest.mark.parametrize("model", ["gpt2"], indirect=True)
def test_minimality_compares_a_node_alone_and_after_its_class(knockouts: Knockouts):
    nodes = nodes_of(CIRCUIT)
    found = {m.node: m for m in measure_minimality(knockouts, CIRCUIT)}
    assert list(found) == nodes
    node, fellow = nodes_of(CIRCUIT, S_INHIBITION)
    expected = knockouts.of_circuits(
        [nodes, *([n for n in nodes if n not in gone] for gone in ([node], [fellow], [node, fellow]))]
    )
    of_node = found[node]
    assert np.allclose([of_node.whole, of_node.without, of_node.alone, of_node.without_class], expected, atol=1e-5)


@pytest.mark.parametrize("model", ["gpt2"], indirect=True)
def test_greedy_sets_widen_the_gap_beyond_that_of_a_single_node(knockouts: Knockouts):
    nodes = nodes_of(CIRCUIT)
    (found,) = search_greedily(knockouts, CIRCUIT, runs=1, steps=5, candidates=5, rng=np.random.default_rng(0))
    sets = [[node] for node in nodes] + [found]
    circuits = [[node for node in nodes if node not in removed] for removed in sets]
    gaps = np.abs((knockouts.of_circuits(circuits) - knockouts.without(sets)).mean(1))
    assert gaps[-1] >= gaps[:-1].max() - 1e-6


def test_random_circuits_have_the_same_positions_and_no_node_of_the_circuit():
    own, rng = nodes_of(CIRCUIT), np.random.default_rng(0)
    for same_layers in (False, True):
        for drawn in draw_circuits(CIRCUIT, 3, 6, 20, rng, same_layers=same_layers):
            assert not set(drawn) & set(own) and len(set(drawn)) == len(own)
            assert sorted(node.slot for node in drawn) == sorted(node.slot for node in own)
            if same_layers:
                assert sorted(node.head.layer for node in drawn) == sorted(node.head.layer for node in own)


def test_random_sets_are_parts_of_the_circuit_in_its_order():
    nodes = nodes_of(CIRCUIT)
    for drawn in draw_sets(CIRCUIT, 20, np.random.default_rng(0)):
        assert drawn == [node for node in nodes if node in drawn]


def test_the_naive_circuit_has_two_heads_of_an_early_class_and_no_negative_mover():
    naive = make_naive({**CIRCUIT, DUPLICATE_TOKEN: [Head(0, 2), Head(1, 0), Head(0, 1)]})
    assert naive[DUPLICATE_TOKEN] == [Head(0, 2), Head(1, 0)]
    assert NEGATIVE_NAME_MOVER not in naive and naive[S_INHIBITION] == CIRCUIT[S_INHIBITION]


@pytest.mark.parametrize("model", ["gpt2"], indirect=True)
def test_a_form_with_too_few_prompts_is_refused(decoder: Decoder, model: LanguageModel, of_few_forms: list[Prompt]):
    few = of_few_forms[:3]
    with pytest.raises(PromptError, match=r"expected at least 4 of each for a mean"):
        take_means(decoder, few, encode_prompts(few, model.tokenizer, 8))


def test_each_mlp_and_all_but_the_first_are_replaced_by_their_means(
    decoder: Decoder, unwrapped: nn.Module, means: Means, of_few_forms: list[Prompt], batches: list[PromptBatch]
):
    mlps = [part for name, part in unwrapped.named_modules() if name.endswith(".mlp")]
    sums: dict[str, list[list[Tensor]]] = {}
    seen: dict[int, Tensor] = {}
    watch = [
        mlp.register_forward_hook(lambda module, args, output, n=n: seen.update({n: output}))
        for n, mlp in enumerate(mlps)
    ]
    with torch.no_grad():
        for batch in batches:
            unwrapped(batch.corrupted)
            for place, row in enumerate(batch.rows):
                sums.setdefault(of_few_forms[row].form, []).append([seen[n][place] for n in range(len(mlps))])
    averages = {form: [torch.stack(o).mean(0) for o in zip(*outputs, strict=True)] for form, outputs in sums.items()}
    for handle in watch:
        handle.remove()
    found = knock_out_mlps(decoder, of_few_forms, batches, means)
    for place, knocked_out in enumerate([*([n] for n in range(len(mlps))), range(1, len(mlps))]):
        for batch in batches:
            by_layer = {
                n: torch.stack([averages[of_few_forms[row].form][n] for row in batch.rows]) for n in knocked_out
            }
            handles = [mlps[n].register_forward_hook(lambda module, args, output, r=r: r) for n, r in by_layer.items()]
            with torch.no_grad():
                logits = unwrapped(batch.clean).logits[:, -1]
            for handle in handles:
                handle.remove()
            expected = logit_difference(logits, batch.io_token, batch.s_token).numpy()
            assert np.allclose(found[place, batch.rows], expected, atol=1e-4)


def test_slots_are_the_positions_after_s1_of_s2_and_the_last(batches: list[PromptBatch]):
    batch = batches[0]
    assert (batch.position(S1_NEXT) == batch.s1 + 1).all() and (batch.position(S2) == batch.s2).all()
    assert (batch.position(END) == batch.clean.shape[1] - 1).all()
