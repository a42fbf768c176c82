"""What is installed is what is pinned, locked, listed in the bill of materials and licensed."""

import importlib.metadata
import json
import re
from pathlib import Path

import pytest
import yaml

from docs.licences import (
    BILL,
    CONSTRAINTS,
    LOCKS,
    complete_bill,
    find_users,
    name_licence,
    normalise,
    read_packages,
    read_pins,
    read_sources,
)
from replications.common.paths import REPLICATIONS, REPOSITORY, list_replications
from tests.consistency.conftest import tracked_files

LOCKED = re.compile(r"^(?P<name>[\w.-]+)==\S+(?: ;[^\\]*)?(?P<hashes>(?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.M)
# In the locks alone: what other systems need, and what builds the project.
NOT_OF_THIS_SYSTEM = {"appnope", "httpx2-jsfetch", "pywin32", "setuptools", "tzdata"}
WITHOUT_HASH = {"torch"}
HASH = re.compile(r"\b(?:[0-9a-f]{64}|[0-9a-f]{32})\b")  # SHA-256 or MD5


@pytest.mark.parametrize("lock", ["site", "all", "tools"])
def test_every_locked_version_has_hashes_and_is_the_pinned_one(lock):
    path = LOCKS / f"{lock}.txt"
    text = path.read_text(encoding="utf-8")
    locked, pinned = read_pins(path), read_pins(CONSTRAINTS)
    assert locked
    assert {normalise(match["name"]) for match in LOCKED.finditer(text)} == set(locked), "a version has no hash"
    assert {n: v for n, v in locked.items() if pinned.get(n, v) != v} == {}, "run `make lock`"
    assert "http" not in re.sub(r"^[\w.-]+==.*$", "", text, flags=re.M), (
        "a lock names no index: it would hold for that one alone"
    )


def test_everything_pinned_is_locked_but_torch():
    pinned, locked = set(read_pins(CONSTRAINTS)), set(read_pins(LOCKS / "all.txt"))
    assert pinned - locked == WITHOUT_HASH, "run `make lock`"
    assert locked - pinned == NOT_OF_THIS_SYSTEM, "pin it in constraints.txt"
    assert set(read_pins(LOCKS / "site.txt")) <= locked


def test_make_installs_locked_packages_by_their_hashes():
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    assert "LOCKED := --require-hashes --no-deps -r" in makefile
    assert re.findall(r"\$\(LOCKED\) (\S+)", makefile) == ["locks/site.txt", "locks/all.txt", "locks/tools.txt"]
    assert "--no-build-isolation" in re.search(r"^INSTALL := .*", makefile, re.M)[0]


def test_the_bill_of_materials_lists_what_is_installed():
    pinned = read_pins(CONSTRAINTS)
    listed = {normalise(package.name): package.version.partition("+")[0] for package in read_packages()}
    assert listed == {**pinned, "setuptools": read_pins(LOCKS / "site.txt")["setuptools"]}, "run `make sbom`"
    for name, version in pinned.items():
        assert importlib.metadata.version(name).partition("+")[0] == version, f"{name}: run make again"


def test_the_bill_of_materials_is_cyclonedx_and_names_no_place():
    bill = json.loads(BILL.read_text(encoding="utf-8"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert not any("externalReferences" in part for part in bill["components"])
    assert "file:" not in BILL.read_text(encoding="utf-8")


def test_every_package_has_a_licence():
    assert [package.name for package in read_packages() if not package.licence.strip()] == []


def test_a_licence_is_named_in_the_words_of_spdx_if_it_has_them():
    declared = {"license": {"name": "License :: OSI Approved :: BSD License"}}
    assert name_licence([{"license": {"id": "BSD-3-Clause"}}, declared]) == "BSD-3-Clause"
    assert name_licence([{"expression": "MIT OR Apache-2.0"}]) == "MIT OR Apache-2.0"
    assert name_licence([declared]) == "BSD License"


def test_a_bill_without_a_licence_gets_the_packages_own_and_loses_its_links():
    part = {"name": "transformers", "externalReferences": [{"url": "https://example.org"}]}
    bill = {
        "components": [part, {"name": "pip"}],
        "dependencies": [{"ref": "pip==1"}],
        "metadata": {"tools": {"components": []}},
    }
    completed = complete_bill(bill)
    assert completed["components"] == [
        {"name": "transformers", "licenses": [{"license": {"name": "Apache 2.0 License"}}]}
    ]
    assert completed["dependencies"] == []


def test_every_hash_that_a_replication_checks_is_of_a_source_with_a_licence():
    marks = {mark for source in read_sources() for mark in source.marks}
    for name in tracked_files():
        path = Path(name)
        of_code = path.suffix == ".py" or path.name in ("params.yaml", "claims.yml")
        if path.parts[0] == "replications" and of_code and "tests" not in path.parts:
            found = set(HASH.findall((REPOSITORY / path).read_text(encoding="utf-8")))
            assert not found - marks, (
                f"{name}: got {found - marks}; say in replications/sources.yml what it is and its licence"
            )


def test_everything_kept_beside_an_interactive_part_is_of_a_source_with_a_licence(replication):
    marks = {mark for source in read_sources() for mark in source.marks}
    for path in (REPLICATIONS / replication).glob("interactive/*.dvc"):
        md5 = yaml.safe_load(path.read_text(encoding="utf-8"))["outs"][0]["md5"]
        assert md5 in marks, f"{path}: say in replications/sources.yml whose it is and its licence"


def test_every_source_is_used():
    folders = [REPLICATIONS / name for name in list_replications()]
    assert [source.name for source in read_sources() if not find_users(source, folders)] == []
