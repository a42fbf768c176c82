"""Runs benchmarks and writes `benchmarks/results/<name>.json`; each pair is measured in one run, in turn.

`make bench` runs all of them in an environment that has the peers; `python -m benchmarks site` runs one.
"""

import argparse
import importlib
import json
import platform
from pathlib import Path

from benchmarks.timing import Comparison, Growth
from replications.common.files import write_json

RESULTS = Path(__file__).parent / "results"
# Modules, imported when run: each has its peers.
BENCHMARKS = ("bibliography", "causal_tracing", "path_patching", "site", "trak_scores")


def main() -> None:
    """Runs the benchmarks named on the command line, or all, and prints what they find."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], metavar="NAME", help=", ".join(BENCHMARKS))
    for name in parser.parse_args().names or BENCHMARKS:
        comparisons: list[Comparison | Growth] = list(importlib.import_module(f"benchmarks.{name}").compare())
        rows = [comparison.as_row() for comparison in comparisons]
        write_json(
            RESULTS / f"{name}.json",
            {"machine": f"{platform.machine()}, Python {platform.python_version()}", "rows": rows},
        )
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    main()
