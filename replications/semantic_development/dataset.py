"""The data: items with nested properties, trees of features, and noisy low-rank teachers."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

ITEMS = ("canary", "salmon", "oak", "rose")
PROPERTIES = ("grow", "move", "roots", "fly", "swim", "leaves", "petals")
LEVELS = ("all items", "animals and plants", "single items")
LEVEL_OF_MODE = (0, 1, 2, 2)


def make_items() -> Float[np.ndarray, "property item"]:
    """Returns which item has which property: one property of all, one of each pair, one of each item.

    Source: saxe2019semantic, Fig. 3
    """
    # Deviation: unscaled-items
    return np.array(
        [[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], dtype=float
    )


def make_contrasts() -> Float[np.ndarray, "item mode"]:
    """Returns the input vectors of the modes of `make_items`: all items, animals against plants, one against its pair.

    The last two have the same singular value, so any rotation of them would do as well; these are the readable ones.
    """
    contrasts = np.array([[1, 1, 1, 0], [1, 1, -1, 0], [1, -1, 0, 1], [1, -1, 0, -1]], dtype=float)
    return contrasts / np.linalg.norm(contrasts, axis=0)


def shuffle_holders(
    data: Float[np.ndarray, "property item"], rng: np.random.Generator
) -> Float[np.ndarray, "property item"]:
    """Returns the data with the holders of each property drawn anew: as many as before, but no longer nested."""
    return rng.permuted(data, axis=1)


def grow_tree(depth: int, features: int, flip: float, rng: np.random.Generator) -> Float[np.ndarray, "feature item"]:
    """Returns ±1 features of the 2^depth leaves of a binary tree: each branch flips each feature with a probability.

    Source: saxe2019semantic, SI (branching diffusion)
    """
    values = rng.choice([-1.0, 1.0], size=(features, 1))
    for _ in range(depth):
        values = np.repeat(values, 2, axis=1)
        values = values * np.where(rng.random(values.shape) < flip, -1, 1)
    return values


def tree_singular_values(depth: int, features: int, flip: float) -> Float[np.ndarray, " level"]:
    """Returns the expected singular values of `grow_tree` by level, 0 = all items, `depth` = single items.

    Two leaves whose last common ancestor is at level l agree by q_l = (1 - 2 flip)^(2 (depth - l)) on average. The
    matrix of these similarities has at level h the eigenvalue: sum over l >= h of (leaves below l) (q_l - q_(l-1)).
    """
    level = np.arange(depth + 1)
    similarity = (1 - 2 * flip) ** (2.0 * (depth - level))
    gains = np.diff(similarity, prepend=0.0) * 2.0 ** (depth - level)
    return np.sqrt(features * np.cumsum(gains[::-1])[::-1])


@dataclass(frozen=True)
class Teacher:
    """A low-rank map and what training examples of it look like.

    Attributes:
        clean: the map.
        noisy: the map plus the noise of the training examples, which is fixed during training.
    """

    clean: Float[np.ndarray, "output input"]
    noisy: Float[np.ndarray, "output input"]


def draw_teacher(signal: Float[np.ndarray, " rank"], outputs: int, inputs: int, rng: np.random.Generator) -> Teacher:
    """Returns a teacher with the given singular values, random singular vectors and noise of variance 1 / inputs.

    Source: lampinen2019transfer, the noisy teacher
    """
    u = draw_orthonormal(outputs, len(signal), rng)
    v = draw_orthonormal(inputs, len(signal), rng)
    return _add_noise((u * signal) @ v.T, rng)


def draw_task_pair(
    signal_a: float,
    signal_b: float,
    alignment: float,
    outputs: int,
    inputs: int,
    rng: np.random.Generator,
    *,
    equal_outputs: bool = False,
) -> Teacher:
    """Returns two rank-1 tasks, outputs of task A above those of task B, whose input vectors have the given cosine.

    Source: lampinen2019transfer, transfer

    Args:
        signal_a: singular value of task A.
        signal_b: singular value of task B.
        alignment: cosine q between their input vectors.
        outputs: outputs of each task.
        inputs: inputs, which both share.
        rng: for singular vectors and noise.
        equal_outputs: whether the output vectors of both are the same, in place of independent.
    """
    v_a, other = draw_orthonormal(inputs, 2, rng).T
    v_b = alignment * v_a + np.sqrt(1 - alignment**2) * other
    u_a, u_b = (draw_orthonormal(outputs, 1, rng)[:, 0] for _ in range(2))
    if equal_outputs:
        u_b = u_a
    return _add_noise(np.concatenate([signal_a * np.outer(u_a, v_a), signal_b * np.outer(u_b, v_b)]), rng)


def draw_orthonormal(size: int, count: int, rng: np.random.Generator) -> Float[np.ndarray, "size count"]:
    """Returns random orthonormal columns, uniform over rotations."""
    q, r = np.linalg.qr(rng.standard_normal((size, count)))
    return np.asarray(q * np.sign(np.diag(r)))


def _add_noise(clean: Float[np.ndarray, "output input"], rng: np.random.Generator) -> Teacher:
    noise = rng.standard_normal(clean.shape) / np.sqrt(clean.shape[1])
    return Teacher(clean, clean + noise)
