"""A job for each network, two at a time, each finished one kept: a run that was killed goes on where it was.

A stage that has written its results drops what was kept, so that a forced run computes all of it again.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits

from replications.common.files import write_bytes
from replications.tcav.experiment import Spec

WORKERS = 2  # threads; torch computes outside Python's lock, and one thread each beats two threads for one network


def run_jobs(
    title: str,
    specs: Sequence[Spec],
    work: Callable[[Spec], bytes],
    folder: Path,
    key: str,
) -> dict[Spec, bytes]:
    """Returns what `work` gives for each network, in the order of `specs`.

    Results are kept in `folder` under names that contain a hash of `key`; those that are there already are not
    computed again. The first error ends the run.

    Args:
        title: what is done, for the progress lines.
        specs: the networks.
        work: computes one result; called from several threads.
        folder: for finished results; created if missing.
        key: everything that the results depend on.
    """
    digest = hashlib.sha256(key.encode()).hexdigest()[:16]
    paths = {spec: folder / f"{spec.name.replace(' ', '')}-{digest}" for spec in specs}
    waiting = [spec for spec in specs if not paths[spec].is_file()]
    if len(waiting) < len(specs):
        print(f"{title}: {len(specs) - len(waiting)} of {len(specs)} networks were done before", flush=True)
    torch.set_num_threads(1)
    started = time.perf_counter()
    with threadpool_limits(1), ThreadPoolExecutor(WORKERS) as pool:
        futures = {pool.submit(work, spec): spec for spec in waiting}
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                write_bytes(paths[futures[future]], future.result())
                seconds = time.perf_counter() - started
                left = seconds / done * (len(waiting) - done)
                print(f"{title}: {futures[future].name} ({done}/{len(waiting)}), {left:.0f} s left", flush=True)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return {spec: path.read_bytes() for spec, path in paths.items()}


def drop_jobs(folder: Path) -> None:
    """Removes what `run_jobs` kept in `folder`, once the stage has written what it is for."""
    shutil.rmtree(folder)


def describe(*parts: object) -> str:
    """Returns a key for `run_jobs`: the parts as JSON, what JSON does not know by its text."""
    return json.dumps(parts, default=str, sort_keys=True)
