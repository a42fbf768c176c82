"""Reading `params.yaml`: every number that may be changed, a section per stage."""

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from replications.common.paths import replication_dir
from replications.common.yaml_files import YamlError, read_yaml


class StageParams(BaseModel):
    """Base class of a stage's parameters: frozen, and a key too many or too few is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


P = TypeVar("P", bound=StageParams)


class ParamsError(ValueError):
    """A `params.yaml` that does not say what its stage reads."""


def load_params(replication: str, section: str, schema: type[P]) -> P:
    """Returns section `section` of the replication's `params.yaml`, which is named like the stage's module.

    Raises:
        ParamsError: the section is missing, or a key is unknown, missing or of another type.
    """
    path = replication_dir(replication) / "params.yaml"
    return _validated(path, section, _read(path).get(section), schema)


def load_setting(replication: str, setting: str, schema: type[P]) -> P:
    """Returns what `params.yaml` says of one setting, such as which model it uses.

    Raises:
        ParamsError: as for `load_params`.
    """
    path = replication_dir(replication) / "params.yaml"
    settings = _read(path).get("settings") or {}
    if not isinstance(settings, dict):
        raise ParamsError(f"{path}: got settings: {settings!r:.80}; expected a section for each setting")
    return _validated(path, f"settings.{setting}", settings.get(setting), schema)


def run_settings(replication: str) -> list[str]:
    """Returns the settings that `dvc repro` runs: the list `run` of `params.yaml`.

    Raises:
        ParamsError: the list is missing or empty.
    """
    path = replication_dir(replication) / "params.yaml"
    settings = _read(path).get("run")
    if not isinstance(settings, list) or not settings or not all(isinstance(name, str) for name in settings):
        raise ParamsError(f"{path}: got run: {settings!r}; expected a list of settings, the default one first")
    return settings


def _read(path: Path) -> dict[str, Any]:
    try:
        content = read_yaml(path)
    except YamlError as error:
        raise ParamsError(str(error)) from error
    if not isinstance(content, dict):
        raise ParamsError(f"{path}: got {type(content).__name__}; expected sections named like the stages")
    return content


def _validated(path: Path, section: str, values: object, schema: type[P]) -> P:
    if values is None:
        raise ParamsError(
            f"{path}: got no section {section!r}; expected one with the keys {sorted(schema.model_fields)}"
        )
    try:
        # Through JSON, because strict types then still let a YAML list fill a tuple.
        return schema.model_validate_json(json.dumps(values, allow_nan=False))
    except (TypeError, RecursionError, ValueError) as error:
        if not isinstance(error, ValidationError):
            raise ParamsError(f"{path}: section {section!r}: {error}; expected texts, numbers and lists") from error
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ParamsError(
            f"{path}: section {section!r}: {faults}; expected the keys {sorted(schema.model_fields)}"
        ) from error
