"""The theory of noise and transfer against large simulations, limits and second ways to compute it."""

import numpy as np
import pytest

from replications.semantic_development.dataset import Teacher, draw_task_pair, draw_teacher
from replications.semantic_development.generalization import (
    input_overlap,
    noise_singular_values,
    noisy_singular_value,
    output_overlap,
    overlap,
    predict_errors,
    predict_transfer,
    shrink,
)
from replications.semantic_development.students import (
    measure_transfer,
    run_aligned,
    run_random,
    shrinkage_error,
    train_aligned,
)

TIME = 1e-3 * np.arange(4000)


@pytest.mark.parametrize("aspect", [0.5, 1.0])
def test_at_the_critical_signal_theory_is_continuous(aspect):
    critical = np.array([aspect**0.25])
    assert noisy_singular_value(critical * (1 + 1e-9), aspect) == pytest.approx(1 + np.sqrt(aspect), abs=1e-6)
    assert overlap(critical * (1 + 1e-9), aspect) == pytest.approx(0, abs=1e-4)
    assert overlap(critical * 0.9, aspect) == 0


def test_without_noise_to_speak_of_nothing_is_distorted():
    assert noisy_singular_value(np.array([1e4]), 0.5) == pytest.approx(1e4)
    assert overlap(np.array([1e4]), 0.5) == pytest.approx(1)


@pytest.mark.parametrize("aspect", [0.5, 1.0])
def test_a_large_noisy_teacher_agrees_with_theory(aspect):
    signal = np.array([3.0, 1.5])
    teacher = draw_teacher(signal, round(aspect * 700), 700, np.random.default_rng(0))
    u, s, vt = np.linalg.svd(teacher.noisy, full_matrices=False)
    left, _, right = np.linalg.svd(teacher.clean, full_matrices=False)
    assert s[:2] == pytest.approx(noisy_singular_value(signal, aspect), rel=0.03)
    assert [(u[:, m] @ left[:, m]) ** 2 for m in range(2)] == pytest.approx(output_overlap(signal, aspect), abs=0.05)
    assert [(vt[m] @ right[m]) ** 2 for m in range(2)] == pytest.approx(input_overlap(signal, aspect), abs=0.05)


@pytest.mark.parametrize("aspect", [0.25, 1.0])
def test_noise_singular_values_are_those_of_large_noise(aspect):
    outputs = round(aspect * 600)
    drawn = np.linalg.svd(np.random.default_rng(0).standard_normal((outputs, 600)) / np.sqrt(600))[1]
    assert noise_singular_values(outputs, aspect) == pytest.approx(drawn, abs=0.04)


def test_noise_singular_values_have_the_noises_power():
    assert (noise_singular_values(1000, 0.5) ** 2).mean() == pytest.approx(1, rel=1e-3)


def test_mode_by_mode_training_is_gradient_descent_on_whole_matrices():
    """A second way: the weights themselves, from an aligned start."""
    teacher = draw_teacher(np.array([3.0]), 5, 8, np.random.default_rng(0))
    u, s, vt = np.linalg.svd(teacher.noisy, full_matrices=False)
    w1, w2 = 0.1 * vt[:3], 0.1 * u[:, :3]
    for strength in train_aligned(s[:3], 0.01, 0.01, 300):
        assert np.allclose(w2 @ w1, (u[:, :3] * strength) @ vt[:3], atol=1e-10)
        error = teacher.noisy - w2 @ w1
        w1, w2 = w1 + 0.01 * w2.T @ error, w2 + 0.01 * error @ w1.T


def test_the_errors_of_an_aligned_student_are_those_of_its_map():
    """A second way: the map written out."""
    teacher = draw_teacher(np.array([4.0, 2.0]), 5, 8, np.random.default_rng(0))
    errors = run_aligned(teacher, 3, 1e-3, 0.01, 50)
    u, s, vt = np.linalg.svd(teacher.noisy, full_matrices=False)
    *_, strength = train_aligned(s[:3], 1e-3, 0.01, 50)
    network = (u[:, :3] * strength) @ vt[:3]
    assert errors.test[-1] == pytest.approx(((network - teacher.clean) ** 2).sum() / 20)
    assert errors.train[-1] == pytest.approx(((network - teacher.noisy) ** 2).sum() / (s**2).sum())


def test_a_large_aligned_student_follows_the_predicted_errors():
    teacher = draw_teacher(np.array([4.0, 2.0]), 300, 600, np.random.default_rng(1))
    observed = run_aligned(teacher, 300, 1e-5, 1e-3, len(TIME))
    expected = predict_errors([4.0, 2.0], 300, 600, 300, 1e-5, TIME)
    for name in ("train", "test"):
        found, theory = (np.log(getattr(errors, name)) for errors in (observed, expected))
        assert np.abs(found - theory).mean() < 0.03, name


def test_a_student_starts_by_saying_nothing_and_ends_with_the_noise():
    errors = predict_errors([2.0], 50, 100, 50, 1e-6, np.array([0.0, 1e6]))
    assert errors.train == pytest.approx([1, 0], abs=1e-4)
    assert errors.test[0] == pytest.approx(1, abs=1e-4)
    assert errors.test[1] > 10  # 49 noise modes of power 1 over a signal of power 4


def test_a_random_student_learns_its_noisy_teacher():
    teacher = draw_teacher(np.array([3.0]), 4, 6, np.random.default_rng(0))
    test = run_random([teacher, teacher], 4, 1e-4, 0.05, 4000, 1, np.random.default_rng(1))
    assert test[0] == pytest.approx(1, abs=1e-2)
    assert test[-1] == pytest.approx(((teacher.noisy - teacher.clean) ** 2).sum() / 9, rel=1e-6)


def test_shrinking_undoes_the_inflation():
    signal = np.array([5.0, 1.2, 0.3])
    expected = signal * overlap(signal, 0.5)
    assert shrink(noisy_singular_value(signal, 0.5), 0.5) == pytest.approx(expected, abs=1e-6)


def test_shrinking_a_teacher_almost_without_noise_gives_it_back():
    clean = draw_teacher(np.array([1e4]), 5, 8, np.random.default_rng(0)).clean
    assert shrinkage_error(Teacher(clean, clean)) < 1e-6


def test_an_equal_task_with_the_same_inputs_helps_and_a_task_of_noise_harms():
    sizes = {"outputs": 50, "inputs": 100, "hidden": 50, "start": 1e-5, "time": TIME}
    assert predict_transfer(3, 3, 1.0, **sizes) > 0.04
    assert -0.02 < predict_transfer(3, 0, 0.0, **sizes) < 0
    assert predict_transfer(3, 100, 0.0, **sizes) < -0.04


@pytest.mark.parametrize(("signal_b", "alignment"), [(3.0, 1.0), (10.0, 0.0), (10.0, 0.7)])
def test_large_tasks_transfer_as_predicted(signal_b, alignment):
    sizes = {"hidden": 250, "start": 1e-5}
    rng = np.random.default_rng(3)
    pairs = [draw_task_pair(3.0, signal_b, alignment, 250, 500, rng) for _ in range(2)]
    found = measure_transfer(pairs, **sizes, rate=1e-3, epochs=3000).mean()
    expected = predict_transfer(3.0, signal_b, alignment, outputs=250, inputs=500, **sizes, time=TIME[:3000])
    assert found == pytest.approx(expected, abs=0.025)
