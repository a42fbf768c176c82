"""The page stage: executes a replication's `notebook.py` once, so that building the site executes nothing.

`python -P -m replications.common.notebook REPLICATION SETTING` writes `results/SETTING/notebook.ipynb`.
"""

import os

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from replications.common.files import write_text
from replications.common.paths import replication_dir, results_dir
from replications.common.stage import parse_replication_and_setting

CELL_TIMEOUT_S = 600


def execute_notebook(source: str, *, folder: str, setting: str) -> NotebookNode:
    """Returns the executed notebook, stripped of what differs from run to run (times, kernel version).

    Args:
        source: jupytext percent-format Python.
        folder: working directory of the kernel.
        setting: told to the notebook as the environment variable REPLICATION_SETTING.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed; nothing is published.
    """
    notebook = jupytext.reads(source, fmt="py:percent")
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT_S,
        resources={"metadata": {"path": folder}},
        record_timing=False,
        coalesce_streams=True,  # on a busy machine what a cell prints comes in pieces
    )
    client.execute(env={**os.environ, "REPLICATION_SETTING": setting, "PYTHONHASHSEED": "0"})
    notebook.metadata = nbformat.from_dict({"kernelspec": notebook.metadata.kernelspec})
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"  # nbformat draws random ones
    return notebook


def main() -> None:
    """Executes one replication's notebook for one setting."""
    replication, setting = parse_replication_and_setting()
    folder = replication_dir(replication)
    source = (folder / "notebook.py").read_text(encoding="utf-8")
    notebook = execute_notebook(source, folder=str(folder), setting=setting)
    write_text(results_dir(replication, setting) / "notebook.ipynb", nbformat.writes(notebook) + "\n")


if __name__ == "__main__":
    main()
