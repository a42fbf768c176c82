"""`make new`: copies the template into a new replication and adds its one line to the root pipeline."""

import argparse
import re
import shutil
import sys
from pathlib import Path

import yaml

from bibliography import Library, load_library
from replications.common.files import write_text
from replications.common.paths import REPLICATIONS, REPOSITORY

TEMPLATE = "template"
TEMPLATE_KEY = "wang2023ioi"
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def create_replication(name: str, key: str, library: Library) -> Path:
    """Returns the folder of a new replication of the paper `key`, copied from the template.

    Raises:
        ValueError: the name is no Python name, is taken, or the bibliography has no such key; nothing is written.
    """
    folder = REPLICATIONS / name
    if not NAME.fullmatch(name):
        raise ValueError(f"got NAME={name!r}; expected lower-case words joined by underscores, such as induction_heads")
    if folder.exists():
        raise ValueError(f"got NAME={name!r}, which exists; choose another name, or delete {folder}")
    if key not in library:
        raise ValueError(
            f"got KEY={key!r}; expected a key of the bibliography, such as {TEMPLATE_KEY}; add its entry first"
        )
    pipeline = REPOSITORY / "dvc.yaml"
    extended = _add_line(pipeline.read_text(encoding="utf-8"), name)
    shutil.copytree(REPLICATIONS / TEMPLATE, folder, ignore=shutil.ignore_patterns("__pycache__", "artifacts"))
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            text = text.replace(f"replications.{TEMPLATE}", f"replications.{name}").replace(
                f'"{TEMPLATE}"', f'"{name}"'
            )
            text = re.sub(rf"(replications\.common\.\w+) {TEMPLATE}\b", rf"\1 {name}", text).replace(TEMPLATE_KEY, key)
            write_text(path, text)
    write_text(pipeline, extended)
    return folder


def _add_line(pipeline: str, name: str) -> str:
    """Returns the root `dvc.yaml` with the name in its list of replications, in alphabetical order."""
    names = yaml.safe_load(pipeline)["stages"]["ledger"]["foreach"]
    before = next((other for other in sorted(names) if other > name), None)
    if before is not None:
        return pipeline.replace(f"      - {before}\n", f"      - {name}\n      - {before}\n", 1)
    return pipeline.replace(f"      - {max(names)}\n", f"      - {max(names)}\n      - {name}\n", 1)


def main() -> None:
    """Creates the replication named on the command line."""
    parser = argparse.ArgumentParser(prog="make new NAME=… KEY=…")
    parser.add_argument("name", help="folder of the replication, such as induction_heads")
    parser.add_argument("key", help="BibTeX key of the paper, such as olsson2022context")
    arguments = parser.parse_args()
    try:
        folder = create_replication(arguments.name, arguments.key, load_library())
    except ValueError as error:
        sys.exit(str(error))
    print(f"Made {folder.relative_to(REPOSITORY)}. Write its claims.yml first, and commit it before you run anything.")


if __name__ == "__main__":
    main()
