"""Coverage-guided fuzzing of what reads files: `make fuzz`, or `python -m tests.fuzz [--cases N] [TARGET …]`.

The engine is atheris, libFuzzer for Python. The cases that reached new code are kept in `.cache/fuzz/`, where the next
run goes on; how many cases were run, and how they ended, is added up in `benchmarks/results/fuzz.json` as long as the
code under test stays the same. A case that fails is kept in `.cache/fuzz/` too, and ends the run with its traceback.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path

from replications.common.files import write_json, write_text
from replications.common.imports import hash_code
from replications.common.paths import REPOSITORY

RESULTS = REPOSITORY / "benchmarks" / "results" / "fuzz.json"
CACHE = REPOSITORY / ".cache" / "fuzz"
NAMES = ("entries", "fields", "outline", "vocabulary", "reading_paths", "claims", "params")
CASES_PER_PROCESS = 5000  # the count is written down after each, and a leak has no time to grow
LARGEST_BYTES = 4096
LONGEST_S = 5  # of processor time for one case
HANGS_S = 1800  # of any time, for the machine may be busy with something else
MEMORY_MB = 1024


def fuzz(name: str, cases: int, report: Path) -> None:
    """Tries cases of one target in this process, which ends with them, and writes how they ended to `report`."""
    import atheris  # an extra of its own, which only the processes that fuzz need

    # What was imported before would be run without a look at which of its lines a case reaches.
    assert not {"bibliography", "yaml"} & sys.modules.keys()
    with atheris.instrument_imports(include=["bibliography", "bibtexparser", "yaml", "replications.common"]):
        from tests.fuzz import seeds
        from tests.fuzz.targets import TARGETS
    target, ends, started = TARGETS[name], Counter[str](), time.process_time()

    def try_one(data: bytes) -> None:
        begun = time.process_time()
        try:
            ends[target.try_case(folder, data)] += 1
            if (took := time.process_time() - begun) > LONGEST_S:
                raise TimeoutError(f"got {took:.1f} s of processor time for {len(data)} bytes; expected {LONGEST_S}")
        except BaseException:
            write_json(report, {**ends, "failed": 1, "seconds": time.process_time() - started})
            raise
        if ends.total() == cases:
            write_json(report, {**ends, "seconds": time.process_time() - started})
            os._exit(0)  # libFuzzer would count cases that it does not run

    with tempfile.TemporaryDirectory(dir=report.parent) as place:
        folder = Path(place)
        corpus, words = CACHE / name, folder / "words"
        corpus.mkdir(parents=True, exist_ok=True)
        (corpus / "seed").write_bytes(target.seed)
        write_text(words, "".join(f'"{_escape(word)}"\n' for word in seeds.WORDS))
        options = [f"-dict={words}", f"-max_len={LARGEST_BYTES}", f"-artifact_prefix={CACHE}/failed-{name}-"]
        options += [
            f"-rss_limit_mb={MEMORY_MB}",
            f"-timeout={HANGS_S}",
            f"-report_slow_units={HANGS_S}",
            "-verbosity=0",
        ]
        atheris.Setup([sys.argv[0], *options, str(corpus)], try_one)
        atheris.Fuzz()


def _escape(word: str) -> str:
    """Returns a word as the dictionaries of libFuzzer want it, which takes at most 64 bytes."""
    return "".join(f"\\x{byte:02x}" for byte in word.encode(errors="surrogatepass")[:64])


def run_campaign(names: list[str], cases: int) -> int:
    """Runs so many cases of each target, in turn and a few thousand at a time; returns the exit status."""
    todo = dict.fromkeys(names, cases)
    while todo:
        for name in list(todo):
            count = min(todo[name], CASES_PER_PROCESS)
            with tempfile.TemporaryDirectory(dir=_memory()) as folder:
                report = Path(folder) / "report.json"
                command = [sys.executable, "-m", "tests.fuzz", "--process", str(count), str(report), name]
                status = subprocess.run(command, cwd=REPOSITORY, check=False).returncode
                total = _add_up(name, json.loads(report.read_text()) if report.exists() else {"failed": 1})
            if status:
                print(f"{name}: a case failed; it is kept in {CACHE}", file=sys.stderr)
                return 1
            print(f"{name}: {total:,} cases of all targets so far", flush=True)
            todo[name] -= count
            if not todo[name]:
                del todo[name]
    return 0


def _add_up(name: str, report: dict[str, float]) -> int:
    """Adds a report to the results, which begin anew where the code has changed; returns the cases of all targets."""
    from tests.fuzz.targets import TARGETS

    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    targets, code = results.get("targets", {}), hash_code(TARGETS[name].module)
    before = targets.get(name, {})
    if before.get("code_sha256") != code:
        before = {"ends": {}, "seconds": 0}
    seconds = round(before["seconds"] + report.pop("seconds", 0), 1)
    ends = Counter(before["ends"]) + Counter(report)
    targets[name] = {"cases": ends.total(), "seconds": seconds, "ends": dict(sorted(ends.items())), "code_sha256": code}
    total = sum(target["cases"] for target in targets.values())
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    engine = f"atheris {version('atheris')} (libFuzzer), cases of at most {LARGEST_BYTES} bytes"
    write_json(RESULTS, {"machine": machine, "engine": engine, "cases": total, "targets": targets})
    return total


def _memory() -> str | None:
    """Returns a folder in memory where there is one: each case writes some small files."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def main() -> int:
    """Runs the campaign of the command line, or one process of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz what reads files.")
    parser.add_argument("names", nargs="*", metavar="TARGET", help=f"by default all: {', '.join(NAMES)}")
    parser.add_argument("--cases", type=int, default=10_000, help="of each target")
    parser.add_argument("--process", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(NAMES):
        parser.error(f"got {', '.join(sorted(unknown))}; expected some of {', '.join(NAMES)}")
    if arguments.process:
        fuzz(arguments.names[0], int(arguments.process[0]), Path(arguments.process[1]))
    return run_campaign(arguments.names or list(NAMES), arguments.cases)


if __name__ == "__main__":
    sys.exit(main())
