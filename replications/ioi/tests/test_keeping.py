"""Kept arrays come back exactly, and what other code computed does not."""

from pathlib import Path

import numpy as np

from replications.ioi.keeping import Arrays, KeptArrays


def never() -> Arrays:
    raise AssertionError("it was kept")


def test_arrays_come_back_bit_for_bit_and_are_not_computed_again(tmp_path: Path):
    arrays = {"f": np.array([1 / 3, np.pi]), "g": np.arange(3, dtype=np.float32)}
    KeptArrays(tmp_path, "code")("inputs", lambda: arrays)
    found = KeptArrays(tmp_path, "code")("inputs", never)
    assert {name: (a.dtype, a.tolist()) for name, a in found.items()} == {
        name: (a.dtype, a.tolist()) for name, a in arrays.items()
    }


def test_other_code_and_other_inputs_are_computed_anew(tmp_path: Path):
    KeptArrays(tmp_path, "code")("inputs", lambda: {"f": np.zeros(1)})
    for common, inputs in (("other code", "inputs"), ("code", "other inputs")):
        assert KeptArrays(tmp_path, common)(inputs, lambda: {"f": np.ones(1)})["f"] == 1


def test_a_run_says_that_it_goes_on(tmp_path: Path, capsys):
    KeptArrays(tmp_path, "code")("inputs", lambda: {"f": np.zeros(1)})
    assert capsys.readouterr().out == ""
    KeptArrays(tmp_path, "code")
    assert "1 results of a run that was interrupted" in capsys.readouterr().out
