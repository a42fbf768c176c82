"""The items, the trees and the teachers are what they are said to be."""

import numpy as np
import pytest

from replications.semantic_development.dataset import (
    draw_orthonormal,
    draw_task_pair,
    draw_teacher,
    grow_tree,
    make_contrasts,
    make_items,
    shuffle_holders,
    tree_singular_values,
)


def test_the_contrasts_are_the_modes_of_the_items():
    data, v = make_items(), make_contrasts()
    assert np.allclose(v.T @ v, np.eye(4))
    assert np.allclose(v.T @ data.T @ data @ v, np.diag([7, 3, 1, 1]))


def test_shuffled_holders_keep_their_number():
    data = make_items()
    shuffled = shuffle_holders(data, np.random.default_rng(0))
    assert (shuffled.sum(1) == data.sum(1)).all()
    assert (shuffled != data).any()


@pytest.mark.parametrize("flip", [0.05, 0.2])
def test_tree_singular_values_are_those_of_the_matrix_of_expected_similarities(flip):
    """A second way: numpy's eigenvalues of the matrix that the tree defines leaf by leaf."""
    depth, leaves = 3, np.arange(8)
    ancestor = np.array([[depth - int(a ^ b).bit_length() for b in leaves] for a in leaves])
    eigenvalues = np.linalg.eigvalsh((1 - 2 * flip) ** (2.0 * (depth - ancestor)))[::-1]
    expected = np.sqrt(500 * eigenvalues[[0, 1, 2, 4]])
    assert np.allclose(tree_singular_values(depth, 500, flip), expected)


def test_a_tree_without_flips_has_one_mode():
    data = grow_tree(3, 50, 0.0, np.random.default_rng(0))
    assert (data == data[:, :1]).all()
    assert np.allclose(tree_singular_values(3, 50, 0.0), [20, 0, 0, 0])


def test_a_teacher_has_its_singular_values_and_noise_of_variance_one_over_inputs():
    teacher = draw_teacher(np.array([5.0, 2.0]), 200, 400, np.random.default_rng(0))
    assert np.allclose(np.linalg.svd(teacher.clean)[1][:3], [5, 2, 0])
    noise = teacher.noisy - teacher.clean
    assert noise.var() * 400 == pytest.approx(1, rel=0.02)  # 80,000 draws: 0.5 % standard error


@pytest.mark.parametrize("alignment", [0.0, 0.3, 1.0])
def test_the_input_vectors_of_two_tasks_have_the_given_cosine(alignment):
    pair = draw_task_pair(2.0, 4.0, alignment, 6, 9, np.random.default_rng(0))
    a, b = pair.clean[:6], pair.clean[6:]
    (_, s_a, v_a), (_, s_b, v_b) = np.linalg.svd(a), np.linalg.svd(b)
    assert (s_a[0], s_b[0]) == (pytest.approx(2), pytest.approx(4))
    assert abs(v_a[0] @ v_b[0]) == pytest.approx(alignment, abs=1e-12)


def test_orthonormal_columns_are_orthonormal():
    q = draw_orthonormal(7, 3, np.random.default_rng(0))
    assert np.allclose(q.T @ q, np.eye(3))
