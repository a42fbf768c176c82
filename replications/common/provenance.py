"""Provenance of a run: `run.json` says which code, data, machine and libraries made the numbers."""

import importlib.metadata
import os
import platform
import resource
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from replications.common.files import write_json
from replications.common.imports import hash_code
from replications.common.measurements import file_of_stage
from replications.common.paths import REPOSITORY, results_dir

LIBRARIES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "torch",
    "transformers",
    "transformer-lens",
    "tokenizers",
    "gguf",
    "safetensors",
)


@dataclass
class Run:
    """A run under way; the stage adds the hashes of what it read and the device it used."""

    device: str = "cpu"
    hashes: dict[str, str] = field(default_factory=dict)

    def add_hash(self, name: str, sha256: str) -> None:
        """Records the SHA-256 of data or weights under a name."""
        self.hashes[name] = sha256


@contextmanager
def record_run(replication: str, setting: str, *, seeds: Sequence[int], stage: str = "measure") -> Iterator[Run]:
    """Yields a `Run`; when the block ends without an error, writes the setting's `run.json` (or `run-STAGE.json`).

    The code hash is taken at the start: DVC hashes a dependency after the run, and a file edited meanwhile would pass.
    """
    code_hash = hash_code(f"replications.{replication}.{stage}")
    commit = _describe_commit()
    started = time.perf_counter()
    run = Run()
    yield run
    write_json(
        results_dir(replication, setting) / file_of_stage("run", stage),
        {
            "stage": stage,
            "commit": commit,
            "code_sha256": code_hash,
            "seeds": list(seeds),
            "device": run.device,
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "python": platform.python_version(),
            "libraries": _installed_versions(),
            "wall_seconds": round(time.perf_counter() - started, 1),
            # Linux counts in KiB, macOS in bytes.
            "peak_memory_mb": round(
                resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if platform.system() == "Darwin" else 2**10)
            ),
            "sha256": dict(sorted(run.hashes.items())),
        },
    )


def _installed_versions() -> dict[str, str]:
    installed = {dist.metadata["Name"].lower() for dist in importlib.metadata.distributions()}
    return {name: importlib.metadata.version(name) for name in LIBRARIES if name in installed}


def _describe_commit() -> str:
    """Returns the commit that is checked out, marked `-dirty` if code or parameters differ from it."""
    git = ["git", "-C", str(REPOSITORY)]
    head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    if head.returncode:
        return "not in git"
    changed = subprocess.run(
        [*git, "status", "--porcelain", "--", "*.py", "*.yml", "*.yaml"], capture_output=True, text=True, check=True
    )
    return head.stdout.strip() + ("-dirty" if changed.stdout.strip() else "")
