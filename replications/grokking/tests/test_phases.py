"""Phases of losses that are known."""

import numpy as np

from replications.grokking.phases import Phases, find_phases, first_epoch, halving_epoch

EPOCHS = np.arange(0, 1000, 100.0)
TEST = np.array([5, 9, 10, 10, 4, 8, 4, 1, 1e-6, 1e-7])
EXCLUDED = np.array([5, 2, 1, 3, 4, 5, 0.5, 8, 8, 8])


def test_the_first_epoch_is_found_or_there_is_none():
    assert first_epoch(EPOCHS, TEST < 1e-5) == 800
    assert first_epoch(EPOCHS, TEST < 0) is None


def test_a_loss_halves_when_it_stays_below_half_of_its_highest():
    assert halving_epoch(EPOCHS, TEST, 800) == 600
    assert halving_epoch(EPOCHS, TEST, 500) is None


def test_the_three_phases_are_found():
    assert find_phases(EPOCHS, TEST, EPOCHS, EXCLUDED, 1e-5) == Phases(600, 600, 800)
    assert find_phases(EPOCHS, TEST, EPOCHS, np.where(EPOCHS == 600, 9, EXCLUDED), 1e-5) == Phases(200, 600, 800)
    assert find_phases(EPOCHS, TEST, EPOCHS, EXCLUDED, 1e-9) is None
