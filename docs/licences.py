"""Licences of all that the project is built on: packages from the bill of materials, data and models from their list.

`python -m docs.licences` turns what cyclonedx-py writes, read from standard input, into the committed bill of
materials, in the environment that it describes.
"""

import importlib.metadata
import json
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from replications.common.paths import REPLICATIONS, REPOSITORY

BILL = REPOSITORY / "sbom.cdx.json"
SOURCES = REPLICATIONS / "sources.yml"
CONSTRAINTS, LOCKS = REPOSITORY / "constraints.txt", REPOSITORY / "locks"
PINNED = re.compile(r"^([\w.-]+)==([^\s;]+)", re.M)
_CODE = "*.py", "params.yaml", "interactive/*.dvc"


@dataclass(frozen=True)
class Package:
    """A package that is installed: its licence as its own metadata say it, and whether the site needs it."""

    name: str
    version: str
    licence: str
    of_site: bool


class Source(BaseModel):
    """Data, a model or a program of others that replications use."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    kind: str
    licence: str
    holder: str
    origin: str
    evidence: str
    here: str
    marks: tuple[str, ...]


def read_packages() -> list[Package]:
    """Returns the packages of the bill of materials, in the order of the alphabet."""
    of_site = read_pins(LOCKS / "site.txt")
    bill = json.loads(BILL.read_text(encoding="utf-8"))
    found = [
        Package(part["name"], part["version"], name_licence(part["licenses"]), normalise(part["name"]) in of_site)
        for part in bill["components"]
    ]
    return sorted(found, key=lambda package: normalise(package.name))


def read_sources() -> list[Source]:
    """Returns the data and models, in the order of their list."""
    return [Source.model_validate(entry) for entry in yaml.safe_load(SOURCES.read_text(encoding="utf-8"))]


def read_mit() -> str:
    """Returns the text of the MIT licence, without the names of those who give it."""
    text = (REPOSITORY / "LICENSE").read_text(encoding="utf-8")
    return text[text.index("Permission is hereby granted") :]


def find_users(source: Source, folders: Iterable[Path]) -> list[str]:
    """Returns the names of the replications, given by their folders, whose code holds a mark of the source."""
    return [folder.name for folder in folders if any(mark in text for text in _texts(folder) for mark in source.marks)]


def read_pins(path: Path) -> Mapping[str, str]:
    """Returns the version of each package that a file of requirements pins, by normalised name."""
    return {normalise(name): version for name, version in PINNED.findall(path.read_text(encoding="utf-8"))}


def normalise(name: str) -> str:
    """Returns the one spelling of a package's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def name_licence(entries: Iterable[Mapping[str, Any]]) -> str:
    """Returns the licence that entries of a bill of materials name: SPDX words where there are some."""
    spdx = [entry.get("expression") or entry["license"].get("id") for entry in entries]
    known = [name for name in spdx if name]
    return ", ".join(known or [entry["license"]["name"].rpartition(":: ")[2] for entry in entries])


def complete_bill(bill: dict[str, Any]) -> dict[str, Any]:
    """Returns a bill without pip, which comes with Python, and without links, and with a licence for every part.

    Where the tool finds none, it is the first line of the package's own field or file.
    """
    parts = [part for part in bill["components"] if part["name"] != "pip"]
    for part in [*parts, *bill["metadata"]["tools"]["components"]]:
        part.pop("externalReferences", None)
    for part in parts:
        part["licenses"] = part.get("licenses") or [{"license": {"name": _read_licence(part["name"])}}]
    rows = [row for row in bill["dependencies"] if not row["ref"].startswith("pip==")]
    return bill | {"components": parts, "dependencies": rows}


def _read_licence(name: str) -> str:
    distribution = importlib.metadata.distribution(name)
    fields = distribution.metadata.get_all("License") or []
    files = [file for file in distribution.files or [] if re.match(r"licen[cs]e|copying", file.name, re.I)]
    for text in [*fields, *(file.read_text(encoding="utf-8") for file in files)]:
        if text.strip():
            return str(text).strip().splitlines()[0]
    raise ValueError(f"got no licence in the metadata and files of {name}; find out what it is before it is used")


def _texts(folder: Path) -> list[str]:
    paths = [path for pattern in _CODE for path in sorted(folder.glob(pattern))]
    return [path.read_text(encoding="utf-8") for path in paths]


if __name__ == "__main__":
    json.dump(complete_bill(json.load(sys.stdin)), sys.stdout, indent=1, sort_keys=True)
    print()
