"""Worker processes that end with the process that started them, however it ended."""

import multiprocessing
import multiprocessing.connection
import os
import threading


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
