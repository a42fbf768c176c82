"""What counting words reaches: unigram and bigram models of the same training tokens."""

import numpy as np
from jaxtyping import Float, Int

COUNTED = 200_000_000  # tokens at most
SMOOTHING = 1.0  # added to unigram counts
DISCOUNT = 0.75  # of absolute discounting, as in Kneser & Ney


def unigram(training: Int[np.ndarray, " token"], vocabulary: int) -> Float[np.ndarray, " vocabulary"]:
    """Returns the probability of each token."""
    counts = np.bincount(training[:COUNTED], minlength=vocabulary) + SMOOTHING
    return counts / counts.sum()


def unigram_loss(
    training: Int[np.ndarray, " token"], windows: Int[np.ndarray, "window position"], vocabulary: int
) -> Float[np.ndarray, "window position"]:
    """Returns the loss in nats of each next token of each window."""
    return -np.log(unigram(training, vocabulary))[windows[:, 1:]]


def bigram_loss(
    training: Int[np.ndarray, " token"], windows: Int[np.ndarray, "window position"], vocabulary: int
) -> Float[np.ndarray, "window position"]:
    """Returns the loss in nats of each next token given the one before, discounted, with the unigram below it."""
    training = np.asarray(training[:COUNTED])
    pairs = training[:-1].astype(np.int64) * vocabulary + training[1:]
    seen, counts = np.unique(pairs, return_counts=True)
    firsts = seen // vocabulary
    total = np.bincount(firsts, counts, minlength=vocabulary)
    kinds = np.bincount(firsts, minlength=vocabulary)
    asked = windows[:, :-1].astype(np.int64) * vocabulary + windows[:, 1:]
    place = np.minimum(np.searchsorted(seen, asked), len(seen) - 1)
    count = np.where(seen[place] == asked, counts[place], 0)
    before = windows[:, :-1]
    norm = np.maximum(total[before], 1)
    lower = np.where(total[before] > 0, DISCOUNT * kinds[before] / norm, 1.0)
    probability = np.maximum(count - DISCOUNT, 0) / norm + lower * unigram(training, vocabulary)[windows[:, 1:]]
    return -np.log(probability)
