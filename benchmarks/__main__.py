"""Runs every benchmark and writes `benchmarks/results/<name>.json`; each pair is measured in one run, in turn.

`make bench` does this in an environment that has the peers.
"""

import json
import platform
from pathlib import Path

from benchmarks import bibliography, path_patching
from benchmarks.timing import Comparison, Growth
from replications.common.files import write_json

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Runs and prints the comparisons."""
    for module in (bibliography, path_patching):
        comparisons: list[Comparison | Growth] = list(module.compare())
        name = module.__name__.rsplit(".", 1)[1]
        rows = [comparison.as_row() for comparison in comparisons]
        write_json(
            RESULTS / f"{name}.json",
            {"machine": f"{platform.machine()}, Python {platform.python_version()}", "rows": rows},
        )
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    main()
