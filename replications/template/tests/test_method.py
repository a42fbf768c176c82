"""Known answers first, then a second way to compute it, then laws, then refusals."""

import numpy as np

from replications.template.dataset import draw_numbers
from replications.template.method import estimate_mean


def test_the_mean_of_equal_numbers_is_that_number():
    assert estimate_mean(np.full(7, 0.25)) == 0.25


def test_the_same_seed_draws_the_same_numbers():
    first, second = (draw_numbers(5, np.random.default_rng(3)) for _ in range(2))
    assert (first == second).all()
