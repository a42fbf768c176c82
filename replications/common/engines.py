"""Independent tasks: in processes of this machine, by joblib, or on the workers of a Dask cluster.

The variable DASK_SCHEDULER_ADDRESS names the cluster. A task runs with one thread, and no other in its process, so that
its result does not depend on where it runs. A finished task is kept: a run that was cut off goes on where it was.
"""

import hashlib
import os
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from replications.common.arrays import Arrays, read_arrays, write_arrays
from replications.common.imports import hash_code

ADDRESS = "DASK_SCHEDULER_ADDRESS"  # Dask's own name for it; such as tcp://127.0.0.1:8786
PROCESSES = 2  # one thread each; together they do more than one process with two threads

Item = TypeVar("Item")
Work = Callable[..., Callable[[Any], Arrays]]
Shared = tuple[Hashable, ...]

_one_at_a_time = threading.Lock()  # a task may change what all share, such as weights, as long as it puts it back


def run_tasks(
    title: str,
    open_work: Callable[..., Callable[[Item], Arrays]],
    shared: Shared,
    items: Mapping[str, Item],
    folder: Path,
    key: str,
    processes: int = PROCESSES,
) -> list[dict[str, np.ndarray]]:
    """Returns the arrays that each task gives, in the order of `items`.

    They are kept in `folder` as they come, under names with a hash of `key`; those that are there are not computed
    again. The first error ends the run, with a note that names its task.

    Args:
        title: what is done, for the progress bar.
        open_work: a function of a module, not of a script; `open_work(*shared)` loads what all tasks share, once in
            every process, and returns what computes one task from its item.
        shared: compared by value; as the items, it travels to the processes.
        items: by name, which becomes part of a file's; none may depend on another.
        folder: for finished tasks; created if missing, and left to the caller to remove.
        key: everything that the results depend on.
        processes: on this machine; 1 is this one.
    """
    digest = hashlib.sha256(key.encode()).hexdigest()[:16]
    paths = {name: folder / f"{name}-{digest}.npz" for name in items}
    waiting = {name: item for name, item in items.items() if not paths[name].is_file()}
    address = os.environ.get(ADDRESS)
    results = (
        _run_on_cluster(address, open_work, shared, waiting)
        if address
        else _run_here(processes, open_work, shared, waiting)
    )
    with tqdm(total=len(items), initial=len(items) - len(waiting), desc=title, unit="task", mininterval=5) as progress:
        for name, arrays in results:
            write_arrays(paths[name], arrays)
            progress.update()
    _open.cache_clear()
    return [read_arrays(path) for path in paths.values()]


def _run_here(
    processes: int, open_work: Work, shared: Shared, waiting: Mapping[str, Any]
) -> Iterator[tuple[str, Arrays]]:
    """Yields names and results in the order in which tasks finish."""
    own = {"initializer": _end_with, "initargs": (os.getpid(),)} if processes > 1 else {}
    workers = Parallel(processes, return_as="generator_unordered", batch_size=1, max_nbytes=None, **own)
    yield from workers(delayed(_call)(open_work, shared, name, item) for name, item in waiting.items())


def _run_on_cluster(
    address: str, open_work: Work, shared: Shared, waiting: Mapping[str, Any]
) -> Iterator[tuple[str, Arrays]]:
    """Yields names and results in the order in which tasks finish; tasks of a worker that is lost go to others."""
    from distributed import Client, as_completed

    software = _describe_software(open_work)
    with Client(address) as client:
        jobs = [
            client.submit(_call_elsewhere, software, open_work, shared, name, item, pure=False)
            for name, item in waiting.items()
        ]
        for job in as_completed(jobs):
            yield job.result()
            job.release()


def _call_elsewhere(software: str, open_work: Work, shared: Shared, name: str, item: Any) -> tuple[str, Arrays]:
    """Refuses a worker whose results could be others than those of the machine that runs the stage."""
    if (found := _describe_software(open_work)) != software:
        raise RuntimeError(f"got a worker with {found}; expected {software}; install there what the stage runs with")
    return _call(open_work, shared, name, item)


def _call(open_work: Work, shared: Shared, name: str, item: Any) -> tuple[str, Arrays]:
    threads = torch.get_num_threads()
    with _one_at_a_time, threadpool_limits(1):
        torch.set_num_threads(1)
        try:
            return name, _open(open_work, shared)(item)
        except Exception as error:
            error.add_note(f"in the task {name}")
            raise
        finally:
            torch.set_num_threads(threads)


@lru_cache(maxsize=1)
def _open(open_work: Work, shared: Shared) -> Callable[[Any], Arrays]:
    return open_work(*shared)


@cache  # so that a worker goes by the code that it has loaded, whatever became of the files
def _describe_software(open_work: Work) -> str:
    return f"code {hash_code(open_work.__module__)[:16]}, torch {torch.__version__}, numpy {np.__version__}"


def _end_with(parent: int) -> None:
    """Ends this process soon after the one that started it, however that ended: a killed one cleans up nothing."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
