"""Runs benchmarks and writes `benchmarks/results/<name>.json`; each pair is measured in one run, in turn.

`make bench` runs all of them; `python -m benchmarks site` runs one.
"""

import argparse
import importlib
import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks.environments import is_installed, make_environment
from benchmarks.timing import Row
from replications.common.files import write_json
from replications.common.paths import REPOSITORY

RESULTS = Path(__file__).parent / "results"
# Modules, imported when run, and the packages whose versions their results state beside torch's.
BENCHMARKS = {
    "autoencoders": ("sae-lens==6.54.12",),
    "bibliography": ("bibtexparser", "pybtex"),
    "causal_tracing": ("transformers",),
    "concept_vectors": ("captum", "scikit-learn"),
    "exports": ("pybtex",),
    "path_patching": ("transformer-lens",),
    "retraining": (),
    "site": ("mkdocs", "mkdocs-material"),
    "trak_scores": ("traker==0.3.2", "captum"),  # the pinned are no part of the project, see `environments`
}


def main() -> None:
    """Runs the benchmarks named on the command line, or all, and prints what they find."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], metavar="NAME", help=", ".join(BENCHMARKS))
    for name in parser.parse_args().names or BENCHMARKS:
        missing = [package for package in BENCHMARKS[name] if "==" in package and not is_installed(package)]
        if missing:
            python = make_environment(*missing)
            subprocess.run([python, "-m", "benchmarks", name], cwd=REPOSITORY, check=True)
        else:
            _measure(name)


def _measure(name: str) -> None:
    found: Iterator[Row] = importlib.import_module(f"benchmarks.{name}").compare()
    rows = []
    for row in found:
        rows.append(row.as_row())
        print(json.dumps(rows[-1], ensure_ascii=False), flush=True)
    packages = sorted(package.partition("==")[0] for package in ("torch", *BENCHMARKS[name]))
    write_json(
        RESULTS / f"{name}.json",
        {
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
            "versions": {package: importlib.metadata.version(package) for package in packages},
            "rows": rows,
        },
    )


if __name__ == "__main__":
    main()
