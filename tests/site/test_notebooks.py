"""Notebooks that are none, or that would fill a reader's memory, stop the build with a sentence."""

import base64
import json
import struct
from pathlib import Path

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbformat import v4

from docs.notebooks import LARGEST_BYTES, convert_notebook


def write(path: Path, *cells: nbformat.NotebookNode) -> Path:
    path.write_text(json.dumps(v4.new_notebook(cells=list(cells))), encoding="utf-8")
    return path


def show(kind: str, data: object) -> nbformat.NotebookNode:
    return v4.new_code_cell("x", execution_count=1, outputs=[v4.new_output("display_data", {kind: data})])


def draw_header(width: int, height: int) -> str:
    """The start of a PNG of that size: a picture of a few bytes, and of gigabytes once it is shown."""
    return base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height)).decode()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"got no notebook \(Expecting value"),
        (b"\xff", "got no notebook .*decode"),
        (b"[" * 100_000, "got no notebook .*recursion"),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "got no notebook .*recursion"),
        (b"[1, 2]", "got no notebook"),
        (b'{"cells": 3, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "got no notebook .*3 is not of type"),
        (b'{"worksheets": [], "metadata": {}, "nbformat": 3, "nbformat_minor": 0}', "got no notebook"),
        (b" " * (LARGEST_BYTES + 1), "got a notebook of 500,001 bytes; expected at most 500,000; show less"),
    ],
)
def test_what_is_no_notebook_or_too_large_is_refused(tmp_path: Path, content: bytes, message: str):
    (tmp_path / "n.ipynb").write_bytes(content)
    with pytest.raises(ValueError, match=rf"n\.ipynb: {message}"):
        convert_notebook(tmp_path / "n.ipynb", "n")


def test_a_small_picture_that_grows_to_gigabytes_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match=r"picture n_0_0.png of 60000 × 60000 pixels; expected 1 to 4,000,000"):
        convert_notebook(write(tmp_path / "n.ipynb", show("image/png", draw_header(60_000, 60_000))), "n")
    assert convert_notebook(write(tmp_path / "n.ipynb", show("image/png", draw_header(640, 480))), "n").images


def test_a_picture_that_is_none_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match=r"picture n_0_0\.png of 0 × 0 pixels"):
        convert_notebook(write(tmp_path / "n.ipynb", show("image/png", "%")), "n")


def test_the_name_of_an_attachment_leads_to_no_other_folder(tmp_path: Path):
    cell = v4.new_markdown_cell("![x](attachment:../../x.png)")
    cell.attachments = {"../../x.png": {"image/png": draw_header(1, 1)}}
    page = convert_notebook(write(tmp_path / "n.ipynb", cell), "n")
    assert all("/" not in name and ".." not in name for name in page.images)


JSON = st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda part: st.lists(part, max_size=2))
PLACES = [("cells",), ("cells", 0), ("cells", 0, "source"), ("cells", 0, "metadata"), ("cells", 0, "metadata", "tags"),
          ("cells", 0, "outputs"), ("cells", 0, "outputs", 0), ("cells", 0, "outputs", 0, "data"), ("metadata",),
          ("cells", 0, "outputs", 0, "data", "image/png"), ("cells", 0, "outputs", 0, "data", "text/html"),
          ("cells", 0, "attachments"), ("cells", 0, "execution_count"), ("nbformat",), ("nbformat_minor",)]  # fmt: skip


@given(place=st.sampled_from(PLACES), value=JSON)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_stands_in_a_notebook_it_becomes_a_page_or_is_refused_with_its_path(tmp_path: Path, place, value):
    notebook = v4.new_notebook(cells=[show("image/png", draw_header(1, 1))])
    parent = notebook
    for step in place[:-1]:
        parent = parent[step]
    parent[place[-1]] = value
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    try:
        assert convert_notebook(path, "n").markdown is not None
    except ValueError as error:
        assert str(path) in str(error)
