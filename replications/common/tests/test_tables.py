"""Rows come back as they were written, up to the digits that a result file keeps."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from replications.common.tables import read_rows, write_rows


@dataclass(frozen=True)
class Row:
    name: str
    count: int
    share: float
    passes: bool
    p_value: float | None


def test_rows_read_back_with_five_digits_and_their_types(tmp_path: Path):
    rows = [Row("a, b", 3, 1 / 3, True, None), Row("", -1, float("inf"), False, 0.25)]
    write_rows(tmp_path / "rows.csv", rows, Row)
    assert (tmp_path / "rows.csv").read_bytes() == (
        b'name,count,share,passes,p_value\n"a, b",3,0.33333,True,\n,-1,inf,False,0.25\n'
    )
    first, second = read_rows(tmp_path / "rows.csv", Row)
    assert first == Row("a, b", 3, pytest.approx(1 / 3, rel=1e-4), True, None) and second == rows[1]


@pytest.mark.parametrize("name", ["Größe", "two\r\nlines", 'a "quoted" word'])
def test_any_text_in_a_cell_comes_back(tmp_path: Path, name: str):
    write_rows(tmp_path / "rows.csv", [Row(name, 1, 1.0, True, None)], Row)
    assert read_rows(tmp_path / "rows.csv", Row) == [Row(name, 1, 1.0, True, None)]


def test_no_rows_leave_a_file_with_the_names_alone(tmp_path: Path):
    write_rows(tmp_path / "none.csv", [], Row)
    assert read_rows(tmp_path / "none.csv", Row) == []
