"""Executed notebooks as Markdown, so that their code, tables and headings look and weigh like the rest of the page."""

import json
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbconvert import MarkdownExporter
from nbconvert.preprocessors import TagRemovePreprocessor
from nbformat.validator import iter_validate

LARGEST_BYTES = 500_000  # as of every file in git
REMEDY = "run `dvc repro` in the replication's folder again"
LARGEST_PIXELS = 4_000_000  # a small file may hold a picture that no browser has the memory for


@dataclass(frozen=True)
class NotebookPage:
    """A notebook as Markdown, with the images that it refers to by file name."""

    markdown: str
    images: dict[str, bytes]


def convert_notebook(path: Path, name: str) -> NotebookPage:
    """Returns the notebook as Markdown: code as fenced blocks, outputs below, headings one level down.

    The first heading (the notebook's own title) is left out, since the page has one. Cells tagged `remove-input` show
    their output alone.

    Args:
        path: the executed notebook.
        name: what the file names of its images begin with; unique on the site.

    Raises:
        ValueError: this is no notebook, too large a one, or it has a cell that was not executed or that failed.
    """
    notebook = _read_notebook(path)
    _refuse_unfinished(path, notebook)
    notebook.metadata.language_info = {"name": "python"}  # so that code is highlighted as such
    exporter = MarkdownExporter()
    exporter.register_preprocessor(TagRemovePreprocessor(remove_input_tags={"remove-input"}), enabled=True)
    try:
        body, resources = exporter.from_notebook_node(notebook, resources={"unique_key": name, "output_files_dir": "."})
    except (ValueError, TypeError, RecursionError) as error:
        reason = str(error)[:200]
        raise ValueError(f"{path}: got outputs that are no text and no picture ({reason}); {REMEDY}") from error
    images = {Path(name).name: content for name, content in resources.get("outputs", {}).items()}
    _refuse_large_pictures(path, images)
    for name in images:
        body = re.sub(rf"\]\([^)]*{re.escape(name)}\)", f"]({name})", body)
    return NotebookPage(_shift_headings(body), images)


def _read_notebook(path: Path) -> nbformat.NotebookNode:
    size = path.stat().st_size
    if size > LARGEST_BYTES:
        expected = f"at most {LARGEST_BYTES:,}; show less in notebook.py"
        raise ValueError(f"{path}: got a notebook of {size:,} bytes; expected {expected}")
    try:
        text = path.read_text(encoding="utf-8")
        for error in iter_validate(json.loads(text), version=4, version_minor=5):
            raise error
    except (ValueError, RecursionError, nbformat.ValidationError) as error:
        reason = str(error).partition("\n")[0][:200]
        raise ValueError(f"{path}: got no notebook ({reason}); expected version 4.5 of its format; {REMEDY}") from error
    return nbformat.reads(text, as_version=4)


def _refuse_unfinished(path: Path, notebook: nbformat.NotebookNode) -> None:
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        failed = any(output.output_type == "error" for output in cell.outputs)
        if failed or cell.execution_count is None:
            state = "failed" if failed else "was not executed"
            raise ValueError(f"{path}: cell {number} {state}; {REMEDY}")


def _refuse_large_pictures(path: Path, images: Mapping[str, bytes]) -> None:
    for name, content in images.items():
        if not name.endswith(".png"):
            continue
        width, height = struct.unpack(">II", content[16:24]) if content[:4] == b"\x89PNG" else (0, 0)
        if not 0 < width * height <= LARGEST_PIXELS:
            expected = f"1 to {LARGEST_PIXELS:,} pixels; draw it smaller in notebook.py"
            raise ValueError(f"{path}: got a picture {name} of {width} × {height} pixels; expected {expected}")


def _shift_headings(markdown: str) -> str:
    """Returns the Markdown with `#` titles dropped and every other heading one level down, code blocks untouched."""
    lines, fenced = [], False
    for line in markdown.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        if fenced or not line.startswith("#"):
            lines.append(line)
        elif not line.startswith("# "):
            lines.append(f"#{line}")
    return "\n".join(lines)
