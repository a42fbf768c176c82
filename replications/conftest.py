"""Fixtures of all replications."""

import os
import signal
from collections.abc import Iterator

import pytest

from replications.common import engines


@pytest.fixture
def losing_cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """A Dask cluster of two processes for all tasks; one is killed when the first result is there.

    Yields the numbers of killed processes.
    """
    distributed = pytest.importorskip("distributed")
    killed: list[int] = []
    write_arrays = engines.write_arrays
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:

        def kill_and_write(path, arrays):
            if not killed:
                killed.append(next(iter(cluster.workers.values())).pid)
                os.kill(killed[0], signal.SIGKILL)
            write_arrays(path, arrays)

        monkeypatch.setenv(engines.ADDRESS, cluster.scheduler_address)
        monkeypatch.setattr(engines, "write_arrays", kill_and_write)
        yield killed
