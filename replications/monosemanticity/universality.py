"""Do two transformers learn the same features? Each feature's best match in another dictionary, by activations.

Source: bricken2023monosemanticity, Phenomenology, universality
"""

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float, Int

from replications.monosemanticity.coding import Moments, correlate, moments
from replications.monosemanticity.transformer import Transformer
from replications.monosemanticity.vectors import read_activations

ROWS_TOGETHER = 512
WINDOWS_TOGETHER = 64


def best_matches(
    codes: sp.csr_array, other: sp.csr_array
) -> tuple[Int[np.ndarray, " feature"], Float[np.ndarray, " feature"]]:
    """Returns for each feature the feature of the other dictionary with the highest correlation, and that correlation.

    Both codes are of the same tokens. A feature that is never active gets the correlation 0.
    """
    first, second = moments(codes), moments(other)
    by_feature = sp.csr_array(codes.T)
    places, values = [], []
    for row in range(0, codes.shape[1], ROWS_TOGETHER):
        part = slice(row, row + ROWS_TOGETHER)
        products = (by_feature[part] @ other).toarray().astype(np.float64)
        some = Moments(first.count, first.total[part], first.square[part])
        correlation = correlate(products, some, second)
        places.append(correlation.argmax(1))
        values.append(correlation.max(1))
    return np.concatenate(places), np.concatenate(values)


def neuron_moments(
    transformer: Transformer, windows: Int[np.ndarray, "window position"], other: Transformer
) -> tuple[Float[np.ndarray, "neuron other"], Moments, Moments]:
    """Returns the sums of products of the neurons of two transformers on the same tokens, and the moments of each."""
    products, totals, squares, count = None, [0.0, 0.0], [0.0, 0.0], 0
    for first in range(0, len(windows), WINDOWS_TOGETHER):
        part = windows[first : first + WINDOWS_TOGETHER]
        both = [read_activations(model, part).cpu().numpy() for model in (transformer, other)]
        product = (both[0].T @ both[1]).astype(np.float64)
        products = product if products is None else products + product
        for place, values in enumerate(both):
            some = moments(values)
            totals[place], squares[place] = totals[place] + some.total, squares[place] + some.square
        count += len(both[0])
    ours, theirs = (Moments(count, np.asarray(t), np.asarray(s)) for t, s in zip(totals, squares, strict=True))
    return products, ours, theirs
