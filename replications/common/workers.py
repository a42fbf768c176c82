"""Independent tasks in worker processes, one thread each: two of them do more in an hour than one with two threads.

Matrices of a few dozen rows gain nothing from a second thread. A worker ends as soon as the process that started it is
gone, however it ended.
"""

import multiprocessing
import multiprocessing.connection
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


def run_tasks(
    open_task: Callable[[], Callable[[Item], Result]], items: Sequence[Item], processes: int
) -> Iterator[Result]:
    """Yields the result of each item, in their order; what an item raises is raised here.

    Args:
        open_task: loads what all tasks share, and returns the task; called once in every process, and pickled to it.
        items: pickled to the processes.
        processes: how many; with 1 everything runs in this process, with all its threads.
    """
    if processes == 1:
        yield from map(open_task(), items)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(open_task,)) as pool:
        yield from pool.map(_run, items)


def end_with_parent() -> None:
    """Makes this worker process end as soon as its parent is gone; for the `initializer` of a pool.

    Raises:
        RuntimeError: this process was not started by `multiprocessing`.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        raise RuntimeError("got a process without a parent; call this in a worker that multiprocessing started")
    threading.Thread(target=_wait_and_exit, args=(parent.sentinel,), daemon=True).start()


def _wait_and_exit(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)  # a killed parent cleans up nothing, and nobody waits for this result any more


_task: Callable[[Any], Any] | None = None  # of this worker process


def _begin(open_task: Callable[[], Callable[[Any], Any]]) -> None:
    global _task
    end_with_parent()
    torch.set_num_threads(1)
    _task = open_task()


def _run(item: Any) -> Any:
    assert _task is not None
    return _task(item)
