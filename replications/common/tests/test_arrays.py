"""Named arrays come back as they were, and the same ones give the same file."""

from pathlib import Path

import numpy as np

from replications.common.arrays import read_arrays, write_arrays, write_curves


def test_arrays_come_back_with_their_names_and_types(tmp_path: Path):
    arrays = {"n": np.arange(3), "x": np.array([[0.1], [np.nan]]), "words": np.array(["é", "b"]), "one": np.array(2.5)}
    write_arrays(tmp_path / "a.npz", arrays)
    again = read_arrays(tmp_path / "a.npz")
    assert list(again) == list(arrays)
    for name, array in arrays.items():
        assert again[name].dtype == array.dtype
        assert again[name].tobytes() == array.tobytes()


def test_the_same_curves_give_the_same_file_in_float32(tmp_path: Path):
    for name in ("a", "b"):
        write_curves(tmp_path / name, {"x": np.arange(3.0)})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert read_arrays(tmp_path / "a")["x"].dtype == np.float32
