"""Changes the code in small ways, one at a time, and counts the changes that the tests notice: `make mutants`.

The engine is mutmut, which gives each change, a mutant, the tests that call the changed function. What is changed and
which tests are run stands in `pyproject.toml`. Works in a clone of the last commit, `.cache/mutants/`, where a run
that was stopped goes on: mutants are tried in an order of chance, so that Ctrl-C leaves a random sample. After another
commit, a mutant that was killed stays so until its function changes, since tests are added and seldom taken away; all
others are tried again, and without the folder all are. What came of it goes to `benchmarks/results/mutants.json`, with
the branches that the same tests run.
"""

import ast
import json
import os
import platform
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from itertools import takewhile
from pathlib import Path
from typing import Any

from benchmarks.environments import make_environment
from benchmarks.mutation_engine import rank
from replications.common.files import write_json
from replications.common.paths import REPOSITORY

RESULTS = Path(__file__).parent / "results" / "mutants.json"
ENGINE = Path(__file__).with_name("mutation_engine.py")
CLONE = REPOSITORY / ".cache" / "mutants"
TOOLS = ("mutmut==3.8.1", "pytest-cov==7.1.0")
PACKAGES = ("bibliography", "replications/common")

# What an exit status of pytest in a mutant's process says.
ENDS = {
    0: "survived",
    **dict.fromkeys((1, 2, 3, -6, -11), "killed"),  # a test failed, or not even the tests could be read, or a crash
    **dict.fromkeys((5, 33), "untested"),  # no test calls the function
    **dict.fromkeys((24, -24, 36, 152, 255, -9), "timed_out"),  # signals of limits on time: an endless loop
}


def main() -> None:
    """Tries the mutants that are left, and writes what came of all that were tried."""
    python, commit = make_environment(*TOOLS), bring_clone(CLONE)
    environment = {
        **os.environ,
        "PYTHONPATH": str(CLONE / "mutants"),
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # pytest begins anew for each mutant, and no test here needs a plugin
    }
    processes = max(1, (os.cpu_count() or 1) - 1)
    try:
        subprocess.run([python, ENGINE, "run", str(processes)], cwd=CLONE, env=environment, check=True)
    except KeyboardInterrupt:
        print("\nStopped; counting what was tried …")
    branches = measure_branches(python, {**environment, "PYTHONPATH": str(CLONE)})
    rows = [
        {**row, "survivors": tell_survivors(python, environment, row["survivors"])}
        for row in count_modules(CLONE, branches)
    ]
    write_json(
        RESULTS,
        {
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
            "versions": dict(tool.split("==") for tool in TOOLS) | {"pytest": version("pytest")},
            "commit": commit,
            "rows": rows,
        },
    )
    for name in ("mutants", "tried", *dict.fromkeys(ENDS.values())):
        print(f"{name}: {sum(row[name] for row in rows)}")


def bring_clone(clone: Path) -> str:
    """Returns the last commit, which is checked out in the clone; what may be other there than before is forgotten."""
    git = ["git", "-C", str(REPOSITORY), "rev-parse", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    stamp = clone / "mutants" / "commit"
    if not clone.exists():
        subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(clone)], check=True)
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != commit:
        subprocess.run(["git", "-C", str(clone), "fetch", "--quiet", "origin"], check=True)
        subprocess.run(["git", "-C", str(clone), "checkout", "--quiet", "--force", "--detach", commit], check=True)
        drop_broken(stamp.parent)
        forget(stamp.parent)
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(commit, encoding="utf-8")
    else:
        drop_broken(stamp.parent)
    return commit


def drop_broken(folder: Path) -> None:
    """Removes results of which a kill left half, with the module that has the mutants: mutmut then makes both anew."""
    for meta in folder.rglob("*.meta"):
        try:
            json.loads(meta.read_text(encoding="utf-8"))
        except json.JSONDecodeError:
            meta.unlink()
            meta.with_suffix("").unlink(missing_ok=True)


def forget(folder: Path) -> None:
    """Removes every file of mutmut's folder, and every result but kills; the folders may stay."""
    for path in [path for path in folder.rglob("*") if path.is_symlink() or path.is_file()]:
        if path.suffix != ".meta":
            path.unlink()
            continue
        meta = json.loads(path.read_text(encoding="utf-8"))
        ends: dict[str, int | None] = meta["exit_code_by_key"]
        meta["exit_code_by_key"] = {name: end if ENDS.get(end) == "killed" else None for name, end in ends.items()}
        write_json(path, meta)


def measure_branches(python: Path, environment: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """Returns what coverage counts in each file, by path, when the tests run that try the mutants."""
    options = tomllib.loads((CLONE / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"]
    tests = [*options["pytest_add_cli_args"], *options["pytest_add_cli_args_test_selection"]]
    report = CLONE / "mutants" / "coverage.json"
    packages = [f"--cov={name.replace('/', '.')}" for name in PACKAGES]
    pytest = [python, "-m", "pytest", "-p", "pytest_cov", "--quiet", *tests]
    command = [*pytest, *packages, "--cov-branch", f"--cov-report=json:{report}"]
    subprocess.run(command, cwd=CLONE, env=environment, check=True)
    files = json.loads(report.read_text(encoding="utf-8"))["files"]
    return {path: content["summary"] for path, content in files.items()}


def tell_survivors(python: Path, environment: Mapping[str, str], names: list[str]) -> list[str]:
    """Returns a line for each mutant of these names: what was there, and what became of it."""
    told = subprocess.run(
        [python, ENGINE, "tell"],
        input=json.dumps(names),
        cwd=CLONE,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return list(json.loads(told.stdout))


def count_modules(clone: Path, branches: Mapping[str, Mapping[str, int]]) -> Iterator[dict[str, Any]]:
    """Yields, for each module that has mutants, how those in the sample ended, and what was left alone in it.

    The sample is all mutants that come, in the order of chance, before the first that was not tried.

    Args:
        clone: where mutmut ran.
        branches: what coverage counts in each file, by path.
    """
    metas = [meta for package in PACKAGES for meta in sorted((clone / "mutants" / package).glob("*.py.meta"))]
    found: dict[Path, dict[str, int | None]] = {
        meta: json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"] for meta in metas
    }
    ends = {name: end for own in found.values() for name, end in own.items()}
    sample = {
        name: ENDS[ends[name] or 0] for name in takewhile(lambda name: ends[name] in ENDS, sorted(ends, key=rank))
    }
    for meta, own in found.items():
        path = meta.with_suffix("").relative_to(clone / "mutants")
        ended = Counter(sample[name] for name in own if name in sample)
        nodes = ast.walk(ast.parse((clone / path).read_text(encoding="utf-8")))
        if own:
            yield {
                "package": path.parent.as_posix().replace("/", "."),
                "module": path.stem,
                "mutants": len(own),
                "tried": ended.total(),
                **{name: ended[name] for name in dict.fromkeys(ENDS.values())},
                "functions": sum(isinstance(node, ast.FunctionDef) for node in nodes),
                "functions_changed": len({name.rpartition("__mutmut_")[0] for name in own}),
                "branches": branches[str(path)]["num_branches"],
                "branches_run": branches[str(path)]["covered_branches"],
                "survivors": [name for name in own if sample.get(name) in ("survived", "untested")],
            }


if __name__ == "__main__":
    main()
