"""Environments for peers that are no part of the project: each borrows the project's packages and adds its own.

So both sides compute with the same torch, and a peer that pins something older changes nothing in the project.
"""

import importlib.metadata
import subprocess
import sys
import sysconfig
from pathlib import Path

from replications.common.paths import REPOSITORY

ENVIRONMENTS = REPOSITORY / ".cache" / "environments"


def is_installed(requirement: str) -> bool:
    """Tells whether this environment has a package in the version of a requirement such as `traker==0.3.2`."""
    name, _, version = requirement.partition("==")
    try:
        return importlib.metadata.version(name) == version
    except importlib.metadata.PackageNotFoundError:
        return False


def make_environment(*requirements: str) -> Path:
    """Returns the interpreter of the environment that adds these packages, made if missing (some minutes).

    Raises:
        CalledProcessError: pip could not install them; it says why.
    """
    folder = ENVIRONMENTS / "-".join(requirements)
    python = folder / "bin" / "python"
    if (folder / "ready").is_file():
        return python
    print(f"Making an environment for {', '.join(requirements)} …", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", folder], check=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    (packages / "project.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    torch = f"torch=={importlib.metadata.version('torch').split('+')[0]}"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *requirements, torch], check=True)
    (folder / "ready").touch()
    return python
