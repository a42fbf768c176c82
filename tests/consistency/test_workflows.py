"""The workflows run what the Makefile has, with no more rights than they need."""

import re
import shutil
import subprocess

import pytest
import yaml

from replications.common.paths import REPOSITORY

WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))
MORE_RIGHTS = {("site", "build"): {"contents", "pages"}, ("site", "deploy"): {"pages", "id-token"}}


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.stem)
def workflow(request):
    return request.param.stem, yaml.safe_load(request.param.read_text(encoding="utf-8"))


def test_there_is_a_workflow_for_the_site_the_tests_the_links_and_the_vulnerabilities():
    assert [path.stem for path in WORKFLOWS] == ["links", "site", "tests", "vulnerabilities"]


def test_a_workflow_runs_only_what_the_makefile_has(workflow):
    targets = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.M))
    commands = [step["run"] for job in workflow[1]["jobs"].values() for step in job["steps"] if "run" in step]
    for command in commands:
        assert command.startswith("make ")
        assert command.removeprefix("make ") in targets


def test_a_workflow_reads_the_repository_and_a_job_gets_more_only_where_it_must(workflow):
    name, content = workflow
    assert content["permissions"] == {"contents": "read"}
    for job_name, job in content["jobs"].items():
        assert set(job.get("permissions", {})) == MORE_RIGHTS.get((name, job_name), set())
        assert job["timeout-minutes"] <= 90


def test_actionlint_finds_nothing():
    if not shutil.which("actionlint"):
        pytest.skip("no actionlint on this machine: install one to run this; the workflow `tests` has it")
    done = subprocess.run(["actionlint", *WORKFLOWS], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
