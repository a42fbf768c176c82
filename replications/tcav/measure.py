"""Stage: reads concepts, saliency and attacks off the networks and measures every claim.

python -P -m replications.tcav.measure SETTING
"""

import hashlib
import io
import json
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, UInt8

from replications.common.files import write_bytes, write_json
from replications.common.imports import hash_code
from replications.common.measurements import Measurement, write_measurements
from replications.common.params import load_params
from replications.common.paths import artifacts_dir, results_dir
from replications.common.provenance import record_run
from replications.common.stage import parse_setting
from replications.tcav.captioned import CaptionedNetworks
from replications.tcav.captioned_estimates import estimate_captions
from replications.tcav.captioned_readings import HALVES
from replications.tcav.experiment import Networks, Pictures, Record, Spec
from replications.tcav.jobs import describe, drop_jobs, run_jobs
from replications.tcav.published import PublishedNetwork
from replications.tcav.published_estimates import estimate_published
from replications.tcav.readings import find_readings
from replications.tcav.setting_networks import find_networks
from replications.tcav.settings import MeasureParams as Params
from replications.tcav.tables import score_from, write_scores
from replications.tcav.textured_estimates import estimate_textures
from replications.tcav.weights import load_networks

TABLES = ("scores", "calibration")  # of a record; written as CSV


def main() -> None:
    """Writes `measured.json`, `scores.csv`, `networks.json`, `pictures.npz` and `run.json` of a setting."""
    setting = parse_setting("tcav")
    params = load_params("tcav", "measure", Params)
    networks = find_networks(setting)
    readings = find_readings(networks, params)
    weights = artifacts_dir("tcav", setting) / "networks.safetensors"
    unfinished = artifacts_dir("tcav", setting) / "unfinished"
    seeds = sorted({spec.seed for spec in networks.specs})
    with record_run("tcav", setting, seeds=[params.seed, *seeds]) as run:
        trained = load_networks(weights, networks)
        digest = hashlib.sha256(weights.read_bytes()).hexdigest()
        run.add_hash("networks", digest)
        read: list[Spec] = []

        def read_network(spec: Spec) -> bytes:
            read.append(spec)
            return json.dumps(readings.read(spec, trained[spec])).encode()

        finished = run_jobs(
            "measuring",
            networks.specs,
            read_network,
            unfinished,
            describe(hash_code("replications.tcav.readings"), params, networks.settings, digest),
        )
        if len(read) < len(networks.specs):  # the time of this run is then not that of all the work
            run.device += (
                f", {len(networks.specs) - len(read)} of {len(networks.specs)} networks kept from an earlier run"
            )
        records = {spec: json.loads(content) for spec, content in finished.items()}
        write_results(setting, records, readings.picture(trained))
        write_measurements("tcav", setting, estimate_claims(networks, records, params))
    drop_jobs(unfinished)


def estimate_claims(networks: Networks, records: Mapping[Spec, Record], params: Params) -> dict[str, Measurement]:
    """Returns every measurement of a setting by claim id."""
    match networks:
        case CaptionedNetworks():
            return estimate_captions(records, params)
        case PublishedNetwork():
            return estimate_published(records, networks.settings, params)
    return estimate_textures(records, params)


def write_results(setting: str, records: Mapping[Spec, Record], pictures: Pictures) -> None:
    """Writes the rows as CSV, what else was read off each network as JSON, and the images of the figures."""
    folder = results_dir("tcav", setting)
    for table in TABLES:
        rows = [score_from(row) for record in records.values() for row in record.get(table, ())]
        rows = [row for row in rows if not row.inputs.endswith(HALVES)]  # they serve one comparison only
        write_scores(folder / f"{table}.csv", rows)
    rest = {spec.name: {k: v for k, v in record.items() if k not in TABLES} for spec, record in records.items()}
    write_json(folder / "networks.json", rest)
    content = io.BytesIO()
    # A byte a channel: what is in [0, 1] as images are, with maps at the scale of their brightest place.
    np.savez_compressed(content, **{name: to_bytes(array) for name, array in pictures.items()})
    write_bytes(folder / "pictures.npz", content.getvalue())


def to_bytes(images: Float[np.ndarray, "..."]) -> UInt8[np.ndarray, "..."]:
    """Returns images or maps as bytes; what goes beyond [0, 1] is scaled down to it."""
    return (255 * np.clip(images / max(1.0, float(images.max())), 0, 1)).round().astype(np.uint8)


if __name__ == "__main__":
    main()
