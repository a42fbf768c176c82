"""No code here runs code that a file holds, and weights are read from safetensors and checked GGUF alone."""

import ast
import json
import subprocess
import sys
import zipfile

import pytest

from replications.common.paths import REPOSITORY
from tests.consistency.conftest import parse, tracked_files

RUN_WHAT_A_FILE_HOLDS = """\
pickle.load(file)
dill.loads(content)
import cloudpickle as trusted
shelve.open("file")
marshal.loads(content)
pandas.read_pickle("file")
joblib.load("file")
joblib.Memory("folder")
torch.load("file")
torch.load("file", weights_only=False)
torch.jit.load("file")
torch.hub.load("repository", "model")
yaml.load(content, Loader=yaml.Loader)
yaml.unsafe_load(content)
eval(content)
exec(content)
os.system(content)
subprocess.run(content, shell=True)
"""
IMPORTS = "import os, pickle, dill, shelve, marshal, pandas, joblib, subprocess, torch, yaml\n"
# Keyword arguments that decide whether a file is trusted, and the one value that they may have.
SAFE = {"allow_pickle": False, "trust_remote_code": False, "weights_only": True, "use_safetensors": True}
FORMATS_OF_WEIGHTS = {
    ".bin",
    ".ckpt",
    ".dill",
    ".h5",
    ".joblib",
    ".mar",
    ".msgpack",
    ".pickle",
    ".pkl",
    ".pt",
    ".pt2",
    ".pth",
}


def flagged_lines(code: str) -> set[int]:
    """Returns the lines of a new module of a replication in which the project's own rules find a danger."""
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=json"]
    command += ["--stdin-filename", "replications/brand_new/method.py", "-"]
    done = subprocess.run(command, input=code, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return {
        f["location"]["row"] for f in json.loads(done.stdout) if f["code"].startswith(("S", "TID")) and f["location"]
    }


def unsafe_keywords(tree: ast.Module) -> list[str]:
    """Returns the arguments of calls that tell a library to trust a file."""
    found = [keyword for node in ast.walk(tree) if isinstance(node, ast.Call) for keyword in node.keywords]
    return [
        f"line {keyword.value.lineno}: {keyword.arg}={ast.unparse(keyword.value)}; expected {SAFE[keyword.arg]}"
        for keyword in found
        if keyword.arg in SAFE
        and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is SAFE[keyword.arg])
    ]


def test_the_linter_refuses_every_way_to_run_what_a_file_holds():
    lines = RUN_WHAT_A_FILE_HOLDS.splitlines()
    flagged = flagged_lines(IMPORTS + RUN_WHAT_A_FILE_HOLDS)
    assert [line for number, line in enumerate(lines, start=2) if number not in flagged] == []


def test_the_linter_lets_data_be_read():
    assert not flagged_lines('"""Data."""\nimport numpy\n\nnumpy.load("file.npz")\n')


@pytest.mark.parametrize("argument", ["allow_pickle=True", "trust_remote_code=trusted", "weights_only=0"])
def test_an_argument_that_trusts_a_file_is_seen(argument):
    assert unsafe_keywords(ast.parse(f"load('file', {argument})"))


def test_no_code_tells_a_library_to_trust_a_file():
    for name in tracked_files():
        if name.endswith(".py"):
            assert not unsafe_keywords(parse(REPOSITORY / name)), name


def test_no_weights_are_tracked_in_a_format_that_can_hold_code():
    assert not [name for name in tracked_files() if (REPOSITORY / name).suffix in FORMATS_OF_WEIGHTS]


def test_the_store_holds_no_pickle():
    for name in tracked_files():
        path = REPOSITORY / name
        if name.startswith("store/"):
            with path.open("rb") as file:
                assert file.read(1) != b"\x80", f"{name} is a pickle; write JSON, CSV, npz or safetensors"
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    arrays = [member for member in archive.namelist() if member.endswith(".npy")]
                    objects = [member for member in arrays if b"'O'" in archive.open(member).read(128)]
                    pickles = [member for member in archive.namelist() if member.endswith(".pkl")]
                assert not pickles + objects, f"{name} has pickles: {pickles + objects}; write arrays of numbers"
