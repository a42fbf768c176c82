"""Measures against cases whose answer is known, and against slow ways to compute the same."""

import re

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from replications.common.byte_pairs import learn_encoding
from replications.monosemanticity.baselines import bigram_loss, unigram_loss
from replications.monosemanticity.contexts import label_spans, mark
from replications.monosemanticity.examples import pick_examples
from replications.monosemanticity.explainer import Examples, draw_examples, explain, predict, score
from replications.monosemanticity.method import Autoencoder
from replications.monosemanticity.rating import RUBRIC, make_cards, read_ratings, write_page
from replications.monosemanticity.recovery import CLEAN, ZERO, recovered, replaced_losses
from replications.monosemanticity.sampling import clamp, sample
from replications.monosemanticity.specific import (
    column,
    correlate_label,
    count_specific,
    pearson,
    pearson_sums,
    share,
    share_by_level,
    share_sums,
    token_posterior,
)
from replications.monosemanticity.splitting import nearest, random_like
from replications.monosemanticity.text import Document
from replications.monosemanticity.train import choose
from replications.monosemanticity.transformer import Transformer, shuffle_weights
from replications.monosemanticity.transformer_training import Schedule, train_transformer
from replications.monosemanticity.universality import best_matches, neuron_moments
from replications.monosemanticity.vectors import VectorSource, cut_windows, read_activations
from replications.monosemanticity.vocabulary import Vocabulary, read_vocabulary

NEURONS, VOCABULARY, CONTEXT = 12, 30, 16


@pytest.fixture
def transformer() -> Transformer:
    generator = torch.Generator().manual_seed(0)
    return Transformer(VOCABULARY, CONTEXT, 8, NEURONS, 2, generator).requires_grad_(False)


@pytest.fixture
def windows(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(VOCABULARY, size=(24, CONTEXT)).astype(np.uint16)


def eye(scale: float) -> Autoencoder:
    """An autoencoder that gives back its input, times a number; activations after a ReLU are never negative."""
    identity = torch.eye(NEURONS)
    return Autoencoder(identity, torch.zeros(NEURONS), scale * identity, torch.zeros(NEURONS))


def test_an_identity_recovers_everything_and_a_zero_nothing(transformer: Transformer, windows: np.ndarray):
    losses = replaced_losses(transformer, {"same": eye(1.0), "none": eye(0.0)}, windows, torch.zeros(NEURONS))
    assert recovered(losses["same"], losses[CLEAN], losses[ZERO]) == pytest.approx(1, abs=1e-5)
    assert recovered(losses["none"], losses[CLEAN], losses[ZERO]) == pytest.approx(0, abs=1e-5)


def test_the_transformer_sees_no_later_token_and_the_losses_are_those_of_its_logits(transformer: Transformer):
    tokens = torch.randint(VOCABULARY, (3, CONTEXT), generator=torch.Generator().manual_seed(1))
    changed = tokens.clone()
    changed[:, 9:] = 0
    assert torch.allclose(transformer(tokens)[:, :9], transformer(changed)[:, :9], atol=1e-5)
    losses = replaced_losses(transformer, {}, tokens.numpy(), torch.zeros(NEURONS))[CLEAN]
    probabilities = transformer(tokens)[:, :-1].softmax(-1).gather(2, tokens[:, 1:, None])[..., 0]
    assert losses == pytest.approx((-probabilities.log()).mean(1).numpy(), abs=1e-5)


def test_shuffling_keeps_the_entries_of_every_weight_and_moves_them(transformer: Transformer):
    before = {name: weights.clone() for name, weights in transformer.named_parameters()}
    shuffle_weights(transformer, torch.Generator().manual_seed(0))
    for name, weights in transformer.named_parameters():
        assert torch.equal(weights.flatten().sort().values, before[name].flatten().sort().values)
    assert not torch.equal(transformer.mlp_in, before["mlp_in"])


def test_a_transformer_learns_a_sequence_that_repeats_and_bigrams_know_it_too(tmp_path, rng: np.random.Generator):
    from replications.monosemanticity.checkpointing import Checkpoint

    tokens = np.tile(np.arange(VOCABULARY, dtype=np.uint16), 60)
    windows = cut_windows(tokens, CONTEXT)
    learner = Transformer(VOCABULARY, CONTEXT, 8, NEURONS, 2, torch.Generator().manual_seed(0))
    checkpoint = Checkpoint(tmp_path / "c", "key", 1e9)
    curve = train_transformer(learner, windows, Schedule(150, 8, 0.02, 0.05, 0), checkpoint, "repeating")
    assert curve[-1, 1] < 0.3
    assert bigram_loss(tokens, windows, VOCABULARY).mean() < 0.1
    assert unigram_loss(tokens, windows, VOCABULARY).mean() == pytest.approx(np.log(VOCABULARY), rel=0.01)


def test_bigram_probabilities_sum_to_one(rng: np.random.Generator):
    training = rng.integers(5, size=200).astype(np.uint16)
    pairs = np.array([(first, second) for first in range(6) for second in range(6)], dtype=np.uint16)
    probabilities = np.exp(-bigram_loss(training, pairs, 6)).reshape(6, 6)
    assert probabilities.sum(1) == pytest.approx(np.ones(6))


def test_two_sources_with_one_seed_read_the_same_text_and_no_vector_twice(transformer: Transformer):
    tokens = np.arange(VOCABULARY * CONTEXT * 20) % VOCABULARY
    windows = cut_windows(tokens.astype(np.uint16), CONTEXT)
    first, second = (VectorSource(transformer, windows, 64, 3) for _ in range(2))
    taken = torch.cat([first.take(number) for number in range(4)])
    assert torch.equal(taken, torch.cat([second.take(number) for number in range(4)]))
    whole = read_activations(transformer, windows)
    many = torch.cat([first.take(number) for number in range(512 * CONTEXT // 64)])
    assert many.sum(0).tolist() == pytest.approx(
        read_activations(transformer, windows[np.sort(first._order[:512])]).sum(0).tolist(), rel=1e-4
    )
    assert len(whole) == windows.size


def test_a_feature_finds_its_copy_in_another_dictionary_and_correlations_are_those_of_numpy(rng: np.random.Generator):
    dense = rng.random((400, 6)) * (rng.random((400, 6)) < 0.3)
    dense[:, 5] = 0
    other = dense[:, [3, 1, 0, 2, 4, 5]] * 2 + 0.0
    places, values = best_matches(sp.csr_array(dense), sp.csr_array(other))
    assert places[:5].tolist() == [2, 1, 3, 0, 4]
    assert values == pytest.approx([1, 1, 1, 1, 1, 0])
    noise = rng.random((400, 7)) * (rng.random((400, 7)) < 0.3)
    wanted = np.corrcoef(dense[:, :5].T, noise.T)[:5, 5:].max(1)
    assert best_matches(sp.csr_array(dense[:, :5]), sp.csr_array(noise))[1] == pytest.approx(wanted)


def test_neurons_correlate_as_numpy_says(transformer: Transformer, windows: np.ndarray):
    from replications.monosemanticity.coding import correlate

    other = Transformer(VOCABULARY, CONTEXT, 8, NEURONS, 2, torch.Generator().manual_seed(5)).requires_grad_(False)
    found = correlate(*neuron_moments(transformer, windows, other))
    both = [read_activations(model, windows).numpy() for model in (transformer, other)]
    kept = np.ix_(both[0].std(0) > 0, both[1].std(0) > 0)
    wanted = np.corrcoef(both[0].T, both[1].T)[:NEURONS, NEURONS:]
    assert found[kept] == pytest.approx(wanted[kept], abs=1e-4)


def test_a_planted_context_is_found_with_its_share_and_its_correlation(rng: np.random.Generator):
    label = rng.random(320) < 0.2
    dense = rng.random((320, 4)) * (rng.random((320, 4)) < 0.2)
    dense[:, 2] = label * (1 + rng.random(320))
    codes = sp.csr_array(dense)
    assert correlate_label(codes, label).argmax() == 2
    assert correlate_label(codes, label)[2] == pytest.approx(np.corrcoef(dense[:, 2], label)[0, 1])
    activations = column(codes, 2)
    assert activations == pytest.approx(dense[:, 2])
    documents = np.sort(rng.integers(7, size=320))
    sums = pearson_sums(activations, label, documents)
    assert len(sums) == 7 and pearson(sums) == pytest.approx(np.corrcoef(dense[:, 2], label)[0, 1])
    assert share(share_sums(activations, label, 0.0, documents)) == 1
    assert share_by_level(activations, label)[:, 0].sum() == label.sum()
    assert count_specific(codes, label, 0.9, 5) == 1
    tokens = np.where(label, 1, 2)
    assert token_posterior(tokens, label, 4) == pytest.approx([label.mean(), 1, 0, label.mean()], abs=0.02)


def test_a_match_is_seen_in_its_whole_file_and_labels_the_tokens_that_it_touches():
    content = 'x = 1\n"""Returns it.\nAll of it."""\ny = 2'
    pattern = re.compile(r'(?s)("""|\'\'\').*?\1')
    late = Document(content, 20, len(content))  # begins inside the docstring
    marked = mark(late, pattern)
    assert marked.tolist() == [place < content.index("\ny") - 20 for place in range(len(content) - 20)]
    spans = np.array([(0, 0), (0, 3), (12, 14), (14, 20)])
    assert label_spans(spans, marked).tolist() == [False, True, True, False]


def test_an_explanation_predicts_a_feature_of_one_token_and_not_noise(rng: np.random.Generator):
    tokens = rng.integers(20, size=64 * 100)
    for values, least, most in (((tokens == 7) * 1.0, 0.9, 1), (rng.random(len(tokens)) * 1.0, -0.4, 0.4)):
        made = draw_examples(values, tokens, 64, 40, 9, rng)
        assert made.activations.shape == (40, 9)
        scored = draw_examples(values, tokens, 64, 60, 9, rng)
        assert least <= score(explain(made), scored) <= most


def test_an_explanation_takes_the_longest_run_that_it_knows():
    made = Examples(np.array([[1, 2, 3], [9, 9, 3]]), np.array([[5.0], [1.0]]))
    asked = Examples(np.array([[1, 2, 3], [0, 9, 3], [0, 0, 3], [0, 0, 4]]), np.zeros((4, 1)))
    assert predict(explain(made), asked)[:, 0].tolist() == [5, 1, 3, 0]


def test_clamping_changes_one_feature_and_sampling_without_change_is_the_same(
    transformer: Transformer, windows: np.ndarray
):
    activations = read_activations(transformer, windows[:1])
    held = clamp(eye(1.0), activations, 4, 2.5)
    assert held[:, 4].tolist() == pytest.approx([2.5] * CONTEXT)
    others = [place for place in range(NEURONS) if place != 4]
    assert torch.equal(held[:, others], activations[:, others])
    nothing = Autoencoder(torch.zeros(1, NEURONS), torch.zeros(1), torch.zeros(1, NEURONS), torch.zeros(NEURONS))
    texts = [
        sample(transformer, windows[:, :8], 4, np.random.default_rng(0), held) for held in (None, (nothing, 0, 3.0))
    ]
    assert np.array_equal(*texts)


def test_directions_belong_to_the_parent_that_they_came_from(rng: np.random.Generator):
    parents = np.linalg.qr(rng.standard_normal((40, 40)))[0][:6]
    children = np.repeat(parents, 3, axis=0) + 0.05 * rng.standard_normal((18, 40))
    children /= np.linalg.norm(children, axis=1, keepdims=True)
    parent, cosine = nearest(children, parents)
    assert parent.tolist() == np.repeat(np.arange(6), 3).tolist()
    assert cosine.min() > 0.9
    assert np.linalg.norm(random_like(children, rng), axis=1) == pytest.approx(np.ones(18))


def test_the_smallest_coefficient_that_is_sparse_enough_is_taken():
    assert choose({"0.1": 90.0, "0.2": 19.0, "0.4": 7.0}, 20) == 0.2
    assert choose({"0.1": 90.0, "0.2": 50.0}, 20) == 0.2


def test_examples_are_the_strongest_of_their_contexts_and_some_of_each_quantile(rng: np.random.Generator):
    class Choice:
        top_examples, quantile_examples, before, after = 3, 1, 2, 2

    windows = np.arange(160).reshape(10, 16)
    values = np.where(np.arange(160) % 5 == 0, np.arange(160) / 160, 0).astype(np.float32)
    numbers = Vocabulary(tuple(str(token).encode() for token in range(160)))
    shown = pick_examples(values, windows, float(values.max()), numbers, Choice, rng)
    assert [example["tokens"][example["at"]] for example in shown[:3]] == ["155", "140", "125"]
    assert [example["group"] for example in shown[3:]] == [f"quantile {number}" for number in (1, 2, 3, 4)]
    assert shown[0]["shades"][shown[0]["at"]] == "9"


def test_a_letter_of_two_tokens_stands_with_the_second_and_alone_its_bytes_are_shown():
    tokenizer = learn_encoding(["def שלום(): # a b"], 258)  # every byte a token
    vocabulary = read_vocabulary(tokenizer)
    tokens = tokenizer.encode("aש\n").ids
    assert vocabulary.show_run(tokens) == ["a", "", "ש", "\n"]
    assert vocabulary.show_run(tokens[2:]) == ["⟨A9⟩", "\n"] and vocabulary.show_run(tokens[:2]) == ["a", "⟨D7⟩"]
    assert [vocabulary.show(token) for token in tokens] == ["a", "⟨D7⟩", "⟨A9⟩", "\n"]
    assert vocabulary.show(0) == "<s>" and vocabulary.show_run([]) == []


def test_ratings_are_summed_by_kind_and_a_missing_answer_is_refused(rng: np.random.Generator):
    values = rng.random(160) * (rng.random(160) < 0.5)
    cards = make_cards(
        values, rng.integers(5, size=(10, 16)), rng.random(5), Vocabulary((b"<", b"&", b"a", b"b", b"\n")), 2, rng
    )
    assert "&lt;" in write_page(cards) and "neuron " not in write_page(cards).replace("are neurons", "")
    most = {name: points for name, (_, points) in RUBRIC.items()}
    text = str({"0": most, "1": dict.fromkeys(most, 0)}).replace("'", '"')
    points = read_ratings(text, ["feature", "neuron"])
    assert points["feature"].tolist() == [14] and points["neuron"].tolist() == [0]
    with pytest.raises(ValueError, match="card 3: got no points"):
        read_ratings(text, ["feature", "neuron", "neuron"])
