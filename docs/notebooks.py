"""Executed notebooks as Markdown, so that their code, tables and headings look and weigh like the rest of the page."""

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbconvert import MarkdownExporter
from nbconvert.preprocessors import TagRemovePreprocessor


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
        ValueError: the notebook has a cell that was not executed or that failed.
    """
    notebook = nbformat.read(path, as_version=4)
    _refuse_unfinished(path, notebook)
    notebook.metadata.language_info = {"name": "python"}  # so that code is highlighted as such
    exporter = MarkdownExporter()
    exporter.register_preprocessor(TagRemovePreprocessor(remove_input_tags={"remove-input"}), enabled=True)
    body, resources = exporter.from_notebook_node(notebook, resources={"unique_key": name, "output_files_dir": "."})
    images = {Path(name).name: content for name, content in resources.get("outputs", {}).items()}
    for name in images:
        body = re.sub(rf"\]\([^)]*{re.escape(name)}\)", f"]({name})", body)
    return NotebookPage(_shift_headings(body), images)


def _refuse_unfinished(path: Path, notebook: nbformat.NotebookNode) -> None:
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        failed = any(output.output_type == "error" for output in cell.outputs)
        if failed or cell.execution_count is None:
            state = "failed" if failed else "was not executed"
            raise ValueError(f"{path}: cell {number} {state}; run `dvc repro` in the replication's folder again")


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
