"""Reading YAML of which nothing is lost: plain YAML would drop one of two equal keys without a word."""

import math
from pathlib import Path
from typing import Any

import yaml


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
