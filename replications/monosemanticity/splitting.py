"""How features split: which directions of a larger dictionary belong to which of a smaller one, and a map of both.

Source: bricken2023monosemanticity, Phenomenology, feature splitting
"""

import numpy as np
from jaxtyping import Float, Int
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

COMPONENTS = 50  # principal components from which the map is made


def nearest(
    larger: Float[np.ndarray, "feature neuron"], smaller: Float[np.ndarray, "parent neuron"]
) -> tuple[Int[np.ndarray, " feature"], Float[np.ndarray, " feature"]]:
    """Returns for each direction of the larger dictionary the nearest of the smaller, and their cosine."""
    cosine = larger @ smaller.T
    return cosine.argmax(1), cosine.max(1)


def random_like(
    directions: Float[np.ndarray, "feature neuron"], rng: np.random.Generator
) -> Float[np.ndarray, "feature neuron"]:
    """Returns random unit vectors with the mean of the directions, and their spread along each neuron."""
    drawn = directions.mean(0) + directions.std(0) * rng.standard_normal(directions.shape)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def map_directions(
    directions: Float[np.ndarray, "feature neuron"], neighbours: float, seed: int
) -> Float[np.ndarray, "feature 2"]:
    """Returns places on a plane at which near directions are near (t-SNE of the first principal components)."""
    components = min(COMPONENTS, *directions.shape)
    reduced = PCA(components, random_state=seed).fit_transform(directions)
    perplexity = min(neighbours, (len(directions) - 1) / 3)
    return TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(reduced)
