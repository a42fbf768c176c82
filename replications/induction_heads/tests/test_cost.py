"""The cost of a setting, against a count by hand."""

import pytest

from replications.induction_heads.cost import count_operations
from replications.induction_heads.tests.test_training import shrink


def test_the_operations_of_a_small_model_are_those_counted_by_hand():
    experiment = shrink("laptop", "phrases", steps=10, documents_per_batch=2)
    layer = 4 * 64 * 64  # queries, keys, values, output
    attention = 2 * 64 * 64  # scores and mixing, 64 wide, with 64 of 128 keys on average
    per_token = 3 * 2 * (2 * (layer + attention) + 64 * 65)  # forward and backward, a product and a sum each
    assert count_operations(experiment, "two-layer", 65) == pytest.approx(per_token * 10 * 2 * 128)
