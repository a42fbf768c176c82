"""Tables of all dictionaries and of all features of A/1, and the arrays of the figures."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from replications.monosemanticity.coding import correlate
from replications.monosemanticity.context_rows import ContextFindings
from replications.monosemanticity.evidence import LOSS_WINDOWS, MAIN, OTHER, RANDOM, SMALL, Evidence
from replications.monosemanticity.records import DictionaryRow, FeatureRow
from replications.monosemanticity.recovery import CLEAN, MEAN, ZERO, recovered
from replications.monosemanticity.splitting import map_directions, nearest, random_like
from replications.monosemanticity.universality import WINDOWS_TOGETHER, best_matches, neuron_moments
from replications.monosemanticity.vectors import read_activations


@dataclass(frozen=True)
class Matches:
    """What each unit of A corresponds to.

    Attributes:
        feature_in_b: best match of each feature of A/1 in B/1.
        in_b: its correlation.
        in_random: the highest correlation with a feature of the shuffled transformer.
        neurons: the highest correlation of each neuron of A with one of B.
        parent: nearest direction of A/0.
        parent_cosine: its cosine.
        chance_cosine: the same for random directions.
    """

    feature_in_b: Int[np.ndarray, " feature"]
    in_b: Float[np.ndarray, " feature"]
    in_random: Float[np.ndarray, " feature"]
    neurons: Float[np.ndarray, " neuron"]
    parent: Int[np.ndarray, " feature"]
    parent_cosine: Float[np.ndarray, " feature"]
    chance_cosine: Float[np.ndarray, " feature"]


def find_matches(evidence: Evidence, rng: np.random.Generator) -> Matches:
    """Returns the matches of A/1's features and A's neurons."""
    print("matching features and neurons …", flush=True)
    feature_in_b, in_b = best_matches(evidence.codes[MAIN], evidence.codes[OTHER])
    _, in_random = best_matches(evidence.codes[MAIN], evidence.codes[RANDOM])
    products, ours, theirs = neuron_moments(evidence.transformers["A"], evidence.windows, evidence.transformers["B"])
    main, small = (evidence.dictionaries[name][0].decoder.cpu().numpy() for name in (MAIN, SMALL))
    parent, cosine = nearest(main, small)
    _, chance = nearest(random_like(main, rng), small)
    return Matches(feature_in_b, in_b, in_random, correlate(products, ours, theirs).max(1), parent, cosine, chance)


def count_zero_neurons(evidence: Evidence) -> Float[np.ndarray, " window"]:
    """Returns the share of zeros among A's neurons and a window's tokens, for each window."""
    parts = []
    for first in range(0, len(evidence.windows), WINDOWS_TOGETHER):
        windows = evidence.windows[first : first + WINDOWS_TOGETHER]
        zero = read_activations(evidence.transformers["A"], windows) == 0
        parts.append(zero.view(len(windows), -1).float().mean(1).cpu().numpy().astype(np.float64))
    return np.concatenate(parts)


def describe_dictionaries(evidence: Evidence, densities: Mapping[str, np.ndarray]) -> list[DictionaryRow]:
    """Returns a row for each dictionary, those of the sweep included."""
    s, rows = evidence.workshop.setting, []
    for name, (autoencoder, coefficient) in (evidence.dictionaries | evidence.sweep).items():
        swept = name in evidence.sweep
        transformer = "A" if swept else s.dictionaries[name].transformer
        vectors = read_activations(evidence.transformers[transformer], evidence.windows[:LOSS_WINDOWS])
        error, spread, active, count = 0.0, float((vectors - vectors.mean(0)).square().sum()), 0, 0
        fired = np.zeros(len(autoencoder.encoder))
        for part in vectors.split(2048):
            codes = autoencoder.encode(part)
            error += float((autoencoder.decode(codes) - part).square().sum())
            active, count = active + int((codes > 0).sum()), count + len(part)
            fired += (codes > 0).sum(0).cpu().numpy()
        found = fired / count if swept else densities[name]
        live = found[found > 0]
        losses = evidence.losses
        shares = [
            recovered(losses[name], losses[CLEAN], losses[base]) if name in losses else None for base in (ZERO, MEAN)
        ]
        rows.append(DictionaryRow(
            name, transformer, len(autoencoder.encoder), s.sweep_vectors if swept else s.dictionaries[name].vectors,
            coefficient, active / count, int((found == 0).sum()), int((live < evidence.params.rare).sum()),
            float(np.median(live)) if len(live) else 0.0, error / spread, *shares,
        ))  # fmt: skip
    return rows


def describe_features(
    evidence: Evidence,
    densities: Mapping[str, np.ndarray],
    matches: Matches,
    findings: Mapping[str, ContextFindings],
) -> list[FeatureRow]:
    """Returns a row for each feature of A/1."""
    codes = evidence.codes[MAIN]
    contexts: dict[int, str] = {}
    for name, found in findings.items():
        contexts[found.row.feature] = f"{contexts[found.row.feature]} {name}" if found.row.feature in contexts else name
    maxima = codes.max(axis=0).toarray().ravel()
    by_feature = codes.tocsc()
    rows = []
    for feature in range(codes.shape[1]):
        span = slice(by_feature.indptr[feature], by_feature.indptr[feature + 1])
        totals = np.bincount(evidence.tokens[by_feature.indices[span]], by_feature.data[span])
        rows.append(FeatureRow(
            feature, float(densities[MAIN][feature]), float(maxima[feature]),
            int(totals.argmax()) if len(totals) else 0,
            int(matches.feature_in_b[feature]), float(matches.in_b[feature]), float(matches.in_random[feature]),
            int(matches.parent[feature]), float(matches.parent_cosine[feature]), contexts.get(feature, ""),
        ))  # fmt: skip
    return rows


def collect_arrays(
    evidence: Evidence,
    densities: Mapping[str, np.ndarray],
    matches: Matches,
    findings: Mapping[str, ContextFindings],
) -> dict[str, np.ndarray]:
    """Returns the arrays that figures and page draw."""
    small, main = (evidence.live(name, densities) for name in (SMALL, MAIN))
    directions = [evidence.dictionaries[name][0].decoder.cpu().numpy() for name in (SMALL, MAIN)]
    kept = np.concatenate([part[live] for part, live in zip(directions, (small, main), strict=True)])
    print(f"mapping {len(kept)} directions …", flush=True)
    arrays = {
        "map": map_directions(kept, evidence.params.neighbours, evidence.params.seed)
        if len(kept) > 3
        else np.zeros((0, 2)),
        "map_small": np.flatnonzero(small),
        "map_main": np.flatnonzero(main),
        "neurons_in_b": matches.neurons,
    }
    arrays |= {f"density/{name}": found for name, found in densities.items()}
    arrays |= {f"levels/{name}": found.levels for name, found in findings.items()}
    for name in (*evidence.workshop.setting.seeds, *evidence.dictionaries):
        history = (evidence.workshop.folder / name / "history.json").read_text(encoding="utf-8")
        arrays[f"curve/{name}"] = np.array(json.loads(history))
    return arrays
