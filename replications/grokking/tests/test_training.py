"""The network against the plain one and TransformerLens, and training against PyTorch's own loop and a killed run."""

import math
from dataclasses import replace

import pytest
import torch
from torch.nn.functional import cross_entropy

from replications.grokking.dataset import MODULUS, list_pairs, select_pairs, split_pairs
from replications.grokking.network import (
    D_HEAD,
    HEADS,
    NEURONS,
    Weights,
    attend,
    compute_neurons,
    draw_weights,
    read_out,
    run_network,
)
from replications.grokking.records import pack_network, pack_state, read_network, unpack_state
from replications.grokking.training import Run, Schedule, compute_loss, last_epoch, start_training, train

SHORT = Run(seed=3, fraction=0.02, weight_decay=1.0, epochs=30, target=0.0, settle=0)
SCHEDULE = Schedule(learning_rate=1e-3, warm_up=10, betas=(0.9, 0.98), evaluate_every=10)
CPU = torch.device("cpu")


def run_plainly(weights: Weights, a: int, b: int) -> torch.Tensor:
    """The transformer as the paper writes it, App. A: every token, every position, one pair."""
    stream = weights.W_E[[a, b, MODULUS]] + weights.W_pos
    update = torch.zeros_like(stream)
    for head in range(HEADS):
        queries, keys, values = (stream @ w[head] for w in (weights.W_Q, weights.W_K, weights.W_V))
        scores = queries @ keys.T / math.sqrt(D_HEAD)
        scores = scores.masked_fill(torch.ones(3, 3).triu(1).bool(), -math.inf)
        update += scores.softmax(1) @ values @ weights.W_O[head]
    stream = stream + update
    stream = stream + (stream @ weights.W_in + weights.b_in).relu() @ weights.W_out + weights.b_out
    return (stream @ weights.W_U)[-1]


@pytest.fixture(scope="module")
def weights() -> Weights:
    """Weights with biases, in double precision."""
    drawn = draw_weights(0)
    generator = torch.Generator().manual_seed(1)
    with_biases = replace(
        drawn, b_in=torch.randn(NEURONS, generator=generator), b_out=torch.randn(128, generator=generator)
    )
    return Weights(**{name: w.double() for name, w in with_biases.named().items()})


def test_the_network_with_tables_is_the_plain_transformer(weights):
    numbers = torch.tensor([0, 5, 113, 1000, 7777, 12768])
    pairs = select_pairs(numbers)
    plain = torch.stack([run_plainly(weights, int(a), int(b)) for a, b in zip(pairs.a, pairs.b, strict=True)])
    assert torch.allclose(run_network(weights, pairs), plain, atol=1e-10)
    assert torch.allclose(read_out(weights, *compute_neurons(weights, pairs)), plain, atol=1e-10)


def test_in_single_precision_it_is_too(weights):
    single = Weights(**{name: w.float() for name, w in weights.named().items()})
    pairs = select_pairs(torch.arange(0, 12769, 97))
    exact = run_network(weights, pairs)
    assert (run_network(single, pairs) - exact).abs().max() < 1e-6 * exact.abs().max() * 10


def test_attention_sums_to_one(weights):
    assert torch.allclose(attend(weights, list_pairs())[0].sum(0), torch.ones(12769, HEADS, dtype=torch.float64))


def test_pairs_are_split_in_two_and_answers_are_sums_modulo_113():
    trained, held_out = split_pairs(0.3, 0)
    assert (len(trained), len(held_out)) == (3830, 8939)  # nanda2023grokking, § 3; the authors' code prints them
    assert sorted([*trained.tolist(), *held_out.tolist()]) == list(range(12769))
    pairs = select_pairs(torch.tensor([112 * 113 + 1, 2 * 113 + 3]))
    assert pairs.sums.tolist() == [0, 5]


def test_the_loss_does_not_underflow():
    logits = torch.zeros(1, 114)
    logits[0, 7] = 30.0
    assert float(compute_loss(logits, torch.tensor([7]))) == pytest.approx(113 * math.exp(-30), rel=1e-6)


def test_training_is_pytorchs_adamw_on_the_plain_loss():
    """A second way: parameters of a module, the usual loop, the learning rate by PyTorch's scheduler."""
    start = start_training(SHORT)
    named = torch.nn.ParameterDict({name: torch.nn.Parameter(w.clone()) for name, w in start.weights.named().items()})
    optimizer = torch.optim.AdamW(named.parameters(), lr=1e-3, betas=(0.9, 0.98), weight_decay=1.0)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(step / 10, 1))
    pairs = select_pairs(split_pairs(SHORT.fraction, SHORT.seed)[0])
    for _ in range(SHORT.epochs):
        weights = Weights(**named)
        loss = cross_entropy(read_out(weights, *compute_neurons(weights, pairs)).double(), pairs.sums)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
    *_, state = train(start, SHORT, SCHEDULE, CPU)
    assert state.epoch == 30
    for name, w in state.weights.named().items():
        assert torch.allclose(w, named[name], atol=2e-5), name
    assert float(loss) < 0.9 * float(state.history["train_loss"][0])


def test_a_run_that_was_killed_goes_on_to_the_same_result():
    whole = list(train(start_training(SHORT), SHORT, SCHEDULE, CPU))
    resumed = list(train(unpack_state(pack_state(whole[1])), SHORT, SCHEDULE, CPU))
    assert [state.epoch for state in resumed] == [20, 30]
    for name, w in whole[-1].weights.named().items():
        assert torch.equal(w, resumed[-1].weights.named()[name]), name
    assert all(torch.equal(whole[-1].history[name], resumed[-1].history[name]) for name in whole[-1].history)


def test_a_state_handed_out_is_left_alone_by_later_updates():
    first, *_ = train(start_training(SHORT), SHORT, SCHEDULE, CPU)
    assert torch.equal(first.weights.W_E, draw_weights(3).W_E)


def test_training_stops_some_epochs_after_the_target():
    run = replace(SHORT, target=1e-5, settle=7)
    history = {"epoch": torch.tensor([0.0, 10, 20, 30]), "test_loss": torch.tensor([5.0, 1e-6, 1e-4, 1e-6])}
    assert last_epoch(history, run) == 17
    assert last_epoch({name: values[:1] for name, values in history.items()}, run) == 30


def test_a_file_of_a_network_is_read_back(tmp_path):
    *_, state = train(start_training(SHORT), replace(SHORT, epochs=10), SCHEDULE, CPU)
    (tmp_path / "x.safetensors").write_bytes(pack_network(state))
    trained = read_network(tmp_path / "x.safetensors")
    assert torch.equal(trained.weights.W_U, state.weights.W_U)
    assert trained.history["epoch"].tolist() == [0, 10]


def test_a_missing_network_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="run `make repro NAME=grokking`"):
        read_network(tmp_path / "x.safetensors")
