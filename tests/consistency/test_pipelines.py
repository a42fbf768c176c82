"""Pipelines, parameters, imports and tracked files keep to the design."""

import ast
import importlib
import json
import re

from replications.common.imports import import_closure, imported_names
from replications.common.params import StageParams, run_settings
from replications.common.paths import REPLICATIONS, REPOSITORY, list_replications
from tests.consistency.conftest import parse, read_yaml, source_files, tracked_files

STAGE_COMMAND = re.compile(r"python -P -m (?P<module>replications\.\S+)")
SECTION = re.compile(r'load_params\([\w"]+, "(\w+)"')
SECTIONS_THAT_ARE_NO_STAGE = {"run", "settings"}
LARGEST_KB = 500


def stages(replication: str):
    """Yields each stage's name and description, with the settings of `run` put in place of `${item}`."""
    for name, stage in read_yaml(REPLICATIONS / replication / "dvc.yaml")["stages"].items():
        yield name, stage.get("do", stage)


def test_the_root_pipeline_lists_every_replication_and_no_other():
    listed = read_yaml(REPOSITORY / "dvc.yaml")["stages"]["ledger"]["foreach"]
    assert sorted(listed) == list_replications()


def test_stages_run_isolated_modules_of_the_project(replication):
    for name, stage in stages(replication):
        assert STAGE_COMMAND.match(stage["cmd"]), f"{replication}:{name}: expected `python -P -m replications.…`"


def test_declared_dependencies_cover_the_import_closure(replication):
    folder = REPLICATIONS / replication
    for name, stage in stages(replication):
        module = STAGE_COMMAND.match(stage["cmd"])["module"]
        declared = {(folder / dep).resolve() for dep in stage["deps"] if dep.endswith(".py")}
        missing = sorted(str(path.relative_to(REPOSITORY)) for path in import_closure(module) - declared)
        assert not missing, f"{replication}:{name} imports {missing}; add them to its deps in dvc.yaml"


def test_the_root_pipelines_dependencies_cover_its_import_closure():
    stage = read_yaml(REPOSITORY / "dvc.yaml")["stages"]["ledger"]["do"]
    declared = {(REPOSITORY / dep).resolve() for dep in stage["deps"] if dep.endswith(".py")}
    assert import_closure("replications.common.ledger") <= declared


def test_every_stage_declares_the_sections_of_parameters_that_it_reads(replication):
    for name, stage in stages(replication):
        source = REPLICATIONS / replication / f"{name}.py"
        if source.is_file():
            sections = set(SECTION.findall(source.read_text(encoding="utf-8")))
            missing = sections - set(stage.get("params", []))
            assert not missing, f"{replication}:{name} reads {missing}; add them to params in dvc.yaml"


def test_every_parameter_is_read_and_every_read_parameter_exists(replication):
    params = read_yaml(REPLICATIONS / replication / "params.yaml")
    used = {
        node.attr
        for path in source_files(replication)
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Attribute)
    }
    for section in params.keys() - SECTIONS_THAT_ARE_NO_STAGE:
        schema = importlib.import_module(f"replications.{replication}.{section}").Params
        assert issubclass(schema, StageParams)
        schema.model_validate_json(json.dumps(params[section]))  # as load_params does: a list may fill a tuple
        assert set(schema.model_fields) == set(params[section])
        unread = set(schema.model_fields) - used
        assert not unread, f"{replication}: params.yaml has {section}.{sorted(unread)}, which no code reads"


def test_the_settings_that_run_are_declared(replication):
    params = read_yaml(REPLICATIONS / replication / "params.yaml")
    declared = set(read_yaml(REPLICATIONS / replication / "claims.yml")["settings"])
    assert set(run_settings(replication)) <= declared
    assert set(params.get("settings", {})) == declared


def test_no_replication_imports_another(replication):
    others = {f"replications.{name}" for name in list_replications() if name != replication}
    for path in source_files(replication):
        assert not {n for n in imported_names(path) if any(n == o or n.startswith(f"{o}.") for o in others)}, path


def test_imports_go_from_stages_to_the_method_and_never_back(replication):
    stage_names = {name for name, _ in stages(replication)}
    stage_modules = {f"replications.{replication}.{name}" for name in stage_names}
    for path in source_files(replication):
        if path.stem not in stage_names | {"notebook"}:
            assert not set(imported_names(path)) & stage_modules, f"{path}: only stages may import stages"


def test_the_shared_code_imports_no_replication_and_the_records_import_no_site():
    for folder, forbidden in (("replications", "docs"), ("bibliography", "docs"), ("bibliography", "replications")):
        for path in (REPOSITORY / folder).rglob("*.py"):
            if "tests" not in path.parts:
                assert not [n for n in imported_names(path) if n.split(".")[0] == forbidden], path
    for path in (REPLICATIONS / "common").glob("*.py"):
        names = [f"replications.{name}" for name in list_replications()]
        assert not [n for n in imported_names(path) if n.startswith(tuple(names))], path


def test_git_holds_no_generated_file_but_results_and_locks():
    results = set()
    for replication in list_replications():
        for _, stage in stages(replication):
            for out in stage["outs"]:
                path = next(iter(out)) if isinstance(out, dict) else out
                results |= {
                    f"replications/{replication}/{path}".replace("${item}", s) for s in run_settings(replication)
                }
        readme = f"replications/{replication}/results/README.md"
        for name in tracked_files():
            if name.startswith(f"replications/{replication}/results/") and name != readme:
                known = any(name == out or name.startswith(f"{out}/") for out in results)
                not_run_here = name.split("/")[3] not in run_settings(replication)
                assert known or not_run_here, f"{name} is no output of a stage; delete it or declare it"
            assert not name.startswith(f"replications/{replication}/artifacts/"), f"{name} belongs to the DVC cache"


def test_no_tracked_file_outside_the_store_is_large():
    for name in tracked_files():
        if not name.startswith("store/"):
            size = (REPOSITORY / name).stat().st_size / 1000
            assert size <= LARGEST_KB, f"{name} has {size:.0f} kB; expected at most {LARGEST_KB}"
