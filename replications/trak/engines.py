"""Where tasks run: joblib on this machine, or a Dask cluster. A finished task is kept; a run goes on where it was."""

import argparse
import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import torch
from joblib import Parallel, delayed
from tqdm import tqdm

from replications.common.files import write_bytes

WORKERS = 2  # threads of this machine; torch computes outside Python's lock, one thread each


class Named(Protocol):
    """A task: anything with a name that no other task of the run has."""

    @property
    def name(self) -> str:
        """The name, which becomes that of a file."""


TaskT = TypeVar("TaskT", bound=Named)
Engine = Callable[[Callable[[TaskT], bytes], Sequence[TaskT]], Iterator[tuple[str, bytes]]]


def run_tasks(
    title: str,
    work: Callable[[TaskT], bytes],
    tasks: Sequence[TaskT],
    engine: Engine[TaskT],
    folder: Path,
    key: str,
) -> list[bytes]:
    """Returns the result of each task, in the order of `tasks`.

    Results are kept in `folder` as they come, under names with a hash of `key`; those that are there are not computed
    again. The first error ends the run.

    Args:
        title: what is done, for the progress bar.
        work: computes one result; must not depend on the other tasks.
        tasks: with different names.
        engine: where `work` is called.
        folder: for results; created if missing.
        key: everything that the results depend on.
    """
    digest = hashlib.sha256(key.encode()).hexdigest()[:16]
    paths = {task.name: folder / f"{task.name}-{digest}" for task in tasks}
    waiting = [task for task in tasks if not paths[task.name].is_file()]
    with tqdm(total=len(tasks), initial=len(tasks) - len(waiting), desc=title, unit="task", mininterval=5) as progress:
        for name, result in engine(work, waiting):
            write_bytes(paths[name], result)
            progress.update()
    return [paths[task.name].read_bytes() for task in tasks]


def drop_tasks(folder: Path) -> None:
    """Removes what `run_tasks` kept in `folder`, once the stage has written what it is for."""
    shutil.rmtree(folder, ignore_errors=True)


def run_here(work: Callable[[TaskT], bytes], tasks: Sequence[TaskT]) -> Iterator[tuple[str, bytes]]:
    """Yields names and results in the order in which tasks finish, in threads of this process, by joblib."""
    # Threads, since they end with the process, whatever ends it.
    workers = Parallel(n_jobs=WORKERS, backend="threading", return_as="generator_unordered")
    yield from workers(delayed(_call)(work, task) for task in tasks)


def run_on_cluster(address: str, work: Callable[[TaskT], bytes], tasks: Sequence[TaskT]) -> Iterator[tuple[str, bytes]]:
    """Yields names and results in the order in which tasks finish on a Dask cluster.

    Tasks of a worker that is lost are given to others.

    Args:
        address: of the scheduler, such as tcp://127.0.0.1:8786; its workers need this project installed.
        work: sent to each worker once.
        tasks: one job each.
    """
    from distributed import Client, as_completed

    with Client(address) as client:
        shipped = client.scatter(work, broadcast=True, hash=False)
        jobs = [client.submit(_call, shipped, task, pure=False, retries=3) for task in tasks]
        for job in as_completed(jobs):
            yield job.result()
            job.release()


def parse_engine(argv: Sequence[str] | None = None) -> tuple[Engine[TaskT], list[str]]:
    """Returns the engine that the command line names, and the arguments that are left."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--engine", choices=["joblib", "dask"], default="joblib")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster, such as tcp://127.0.0.1:8786")
    known, rest = parser.parse_known_args(argv)
    if (known.engine == "dask") != (known.scheduler is not None):
        parser.error("got one of --engine dask and --scheduler ADDRESS; expected both or neither")
    if known.engine == "dask":
        return lambda work, tasks: run_on_cluster(known.scheduler, work, tasks), rest
    return run_here, rest


def _call(work: Callable[[TaskT], bytes], task: TaskT) -> tuple[str, bytes]:
    torch.set_num_threads(1)
    return task.name, work(task)
