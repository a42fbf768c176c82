"""Retrainings give the same on a cluster that loses a worker."""

import numpy as np

from replications.common.engines import run_tasks
from replications.trak.retraining import cut_tasks, draw_halves, open_retraining


def test_a_cluster_that_loses_a_worker_retrains_to_the_same_bits(losing_cluster, logistic, tmp_path):
    masks = draw_halves(12, logistic.images, np.random.default_rng(0))
    tasks = {task.name: task for task in cut_tasks("pool", masks, [(0, n) for n in range(12)], 1, kept=2)}
    found = run_tasks("cluster", open_retraining, (logistic,), tasks, tmp_path, "key")
    assert losing_cluster
    work = open_retraining(logistic)
    for task, result in zip(tasks.values(), found, strict=True):
        expected = work(task)
        assert result.keys() == expected.keys()
        assert all(np.array_equal(result[name], expected[name]) for name in expected if name != "seconds")
