"""Atomic writing: a reader sees the old file or the new one, never half of one. And YAML, of which nothing is lost."""

import json
import math
import os
import tempfile
from pathlib import Path
from typing import Any

import yaml


def write_bytes(path: Path, content: bytes) -> None:
    """Writes `content` to `path` in one step; its folder is created if missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)  # mkstemp makes it private; results are read by others
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Writes `text` to `path` as UTF-8 in one step."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: object) -> None:
    """Writes `value` to `path` as indented JSON in one step.

    Raises:
        ValueError: `value` holds NaN or infinity, which JSON cannot carry.
    """
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


class YamlError(ValueError):
    """A file that is no YAML, or of which a part would be lost."""


class _Loader(yaml.SafeLoader):
    """A loader that refuses a key that is no text or stands twice, and what is no finite number."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str) or key in seen:
                what = "a second time" if isinstance(key, str) else "as a key, in place of a text"
                raise yaml.constructor.ConstructorError(None, None, f"got {key!r} {what}", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_yaml_float(self, node: yaml.ScalarNode) -> float:
        number = super().construct_yaml_float(node)
        if not math.isfinite(number):
            raise yaml.constructor.ConstructorError(None, None, "got no finite number", node.start_mark)
        return number


_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.construct_yaml_float)


def read_yaml(path: Path) -> Any:
    """Returns the content of a YAML file.

    Raises:
        YamlError: it is no UTF-8, no YAML, nested too deeply, or has a key twice; the message names file and line.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise YamlError(f"{path}: not valid YAML: {error}; expected plain YAML with each key once") from error
