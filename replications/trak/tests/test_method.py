"""TRAK against answers that are known, a slow loop, and its laws."""

import numpy as np
import pytest
import torch
from torch.func import functional_call

from replications.trak.method import (
    Projection,
    choose_share,
    output_gradients,
    soft_threshold,
    trak_kernel,
    trak_scores,
)
from replications.trak.networks import ResNet9, build_network, log_odds, standardise


def test_on_a_linear_model_with_squared_loss_the_limit_is_leave_one_out_by_brute_force(rng):
    x, y, z = rng.standard_normal((40, 5)), rng.standard_normal(40), rng.standard_normal((7, 5))

    def predict(kept):
        return z @ np.linalg.lstsq(x[kept], y[kept], rcond=None)[0]

    everyone = np.ones(40, dtype=bool)
    exact = np.stack([predict(everyone) - predict(everyone & (np.arange(40) != i)) for i in range(40)], axis=1)
    # Without a projection the gradients of the output are the inputs, and the pull is the residual.
    train, target = torch.from_numpy(x), torch.from_numpy(z)
    leverage = np.diag(trak_kernel(train, train).numpy())
    residual = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    scores = trak_scores([trak_kernel(target, train)], [torch.from_numpy(residual / (1 - leverage)).float()])
    assert scores.numpy() == pytest.approx(exact, abs=1e-6)


def test_the_projection_keeps_inner_products_within_its_bound(rng):
    x = torch.from_numpy(rng.standard_normal((12, 5000))).float()
    x = x / x.norm(dim=1, keepdim=True)
    k = 1000
    error = (Projection(5000, k, seed=3)(x) @ Projection(5000, k, seed=3)(x).T - x @ x.T).abs()
    # Johnson and Lindenstrauss: a single product is off by more than e with a chance of 2 exp(-k e^2 / 8) or so.
    assert float(error.max()) < (8 * np.log(2 * 78 / 1e-3) / k) ** 0.5


def test_the_first_columns_of_a_projection_are_a_smaller_projection(rng):
    x = torch.from_numpy(rng.standard_normal((3, 200))).float()
    projected = Projection(200, 4000, seed=0)(x)[:, :1000] * 2
    assert projected @ projected.T == pytest.approx((x @ x.T).numpy(), abs=0.15 * float((x @ x.T).max()))


def test_gradients_are_those_of_a_loop_and_do_not_depend_on_the_chunk(images):
    network = build_network("convolutional", images)
    weights = network.start(np.random.default_rng(1))
    x, y = standardise(images, "test"), torch.from_numpy(images.test_labels)
    slow = []
    for image, label in zip(x, y, strict=True):
        at = {name: array.clone().requires_grad_() for name, array in network.named(weights)[0].items()}
        log_odds(functional_call(network.module, at, (image[None],)), label[None]).backward()
        slow.append(torch.cat([array.grad.flatten() for array in at.values()]))
    found = [output_gradients(network, weights, x, y, chunk) for chunk in (1, 5, 100)]
    assert found[0] == pytest.approx(torch.stack(slow).numpy(), abs=1e-4)
    assert found[1] == pytest.approx(found[0].numpy(), abs=1e-4)
    assert found[2] == pytest.approx(found[0].numpy(), abs=1e-4)


def test_projected_gradients_do_not_depend_on_the_chunk(images):
    network = build_network("convolutional", images)
    weights = network.start(np.random.default_rng(1))
    x, y = standardise(images, "test"), torch.from_numpy(images.test_labels)
    one, other = (output_gradients(network, weights, x, y, c, Projection(network.size, 16, 0)) for c in (4, 100))
    assert one == pytest.approx(other.numpy(), abs=1e-3)


def test_the_output_is_the_log_odds_of_the_correct_class():
    probabilities = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
    found = log_odds(probabilities.log() + 7, torch.tensor([1, 2]))
    assert found == pytest.approx([np.log(0.3 / 0.7), np.log(0.8 / 0.2)], abs=1e-6)


def test_scores_are_means_of_kernels_times_means_of_pulls_not_means_of_products():
    kernels = [torch.tensor([[2.0]]), torch.tensor([[0.0]])]
    pulls = [torch.tensor([0.0]), torch.tensor([1.0])]
    assert float(trak_scores(kernels, pulls)) == 0.5


def test_a_soft_threshold_leaves_the_largest_and_draws_them_in():
    scores = np.array([[3.0, -1.0, 0.5, -4.0]])
    assert soft_threshold(scores, 0.5).tolist() == [[2.0, 0.0, 0.0, -3.0]]
    assert soft_threshold(scores, 1.0) is scores


def test_the_share_that_predicts_best_is_chosen(rng):
    true = np.zeros((5, 100))
    true[:, :10] = rng.choice([-1.0, 1.0], (5, 10)) * 3
    masks = rng.random((60, 100)) < 0.5
    noisy = true + 0.7 * rng.standard_normal(true.shape)
    assert choose_share(noisy, masks, masks @ true.T, (1.0, 0.1)) == 0.1


def test_more_dimensions_than_images_are_refused(rng):
    few = torch.from_numpy(rng.standard_normal((4, 9)))
    with pytest.raises(ValueError, match="lower the dimension"):
        trak_kernel(few, few)


def test_the_resnet_has_as_many_parameters_as_the_authors_test_says():
    # tests/test_cifar2_accuracy.py of the official repository: grad_dim=2273856
    assert sum(p.numel() for p in ResNet9(3, 2).parameters()) == 2_273_856
