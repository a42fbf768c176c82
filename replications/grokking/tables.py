"""Small files between the stages: frequencies, and progress along training."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from replications.common.files import write_json


@dataclass(frozen=True)
class Frequencies:
    """The frequencies of a trained network.

    Attributes:
        key: with norm in the map from neurons to logits.
        embedding: with norm in the embedding.
    """

    key: tuple[int, ...]
    embedding: tuple[int, ...]


@dataclass(frozen=True)
class Progress:
    """A row of `progress.csv`: a network at some epoch. Losses in nats.

    Attributes:
        network: its name.
        epoch: updates done.
        restricted: loss on all pairs with nothing but the key frequencies.
        excluded: loss on training pairs without them.
        cosines: share of the variance of the logits that Σ α_k cos(w_k(a + b − c)) explains.
        gini_embedding: Gini coefficient of the norms of the Fourier components of the embedding.
        gini_map: the same for the map from neurons to logits.
    """

    network: str
    epoch: int
    restricted: float
    excluded: float
    cosines: float
    gini_embedding: float
    gini_map: float


def write_frequencies(path: Path, frequencies: Mapping[str, Frequencies]) -> None:
    """Writes the frequencies by network."""
    write_json(path, {name: asdict(found) for name, found in frequencies.items()})


def read_frequencies(path: Path) -> dict[str, Frequencies]:
    """Returns the frequencies in a file of `write_frequencies`."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return {name: Frequencies(tuple(found["key"]), tuple(found["embedding"])) for name, found in content.items()}


def select_rows(rows: Sequence[Progress], network: str) -> dict[str, np.ndarray]:
    """Returns the columns of one network's rows as arrays, in order of the epochs."""
    mine = sorted((row for row in rows if row.network == network), key=lambda row: row.epoch)
    names = ("epoch", "restricted", "excluded", "cosines", "gini_embedding", "gini_map")
    return {name: np.array([getattr(row, name) for row in mine], dtype=float) for name in names}
