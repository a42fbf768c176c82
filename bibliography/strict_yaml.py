"""Reads YAML whose every part is expected, with the line of each part for the message when it is not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import yaml

from bibliography.faults import FaultLog, quote, suggest

_DEEPEST = 50


class _Loader(yaml.SafeLoader):
    """A loader without aliases: one node in two places would have two lines, and could contain itself."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "an alias (*)", self.peek_event().start_mark)  # type: ignore[no-untyped-call]
        return super().compose_node(parent, index)


def _compose_fast(text: str) -> yaml.Node | None:
    """Return the root node by libyaml, many times as fast, or None where anything at all is in doubt."""
    try:
        if yaml.__with_libyaml__ and _is_harmless(text):
            return yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        pass  # the other parser has better words for it
    return None


def _is_harmless(text: str) -> bool:
    """Return whether a text has no alias, and is not nested so deeply that composing it in C overflows the stack."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST or isinstance(event, yaml.AliasEvent):
            return False
    return True


@dataclass(frozen=True)
class YamlFile:
    """A YAML file being read: what is wrong with it goes to the log, and reading goes on without that part."""

    path: str
    log: FaultLog

    def compose(self, text: str) -> yaml.Node | None:
        """Return the root node of a text, or None after reporting that it is empty or not YAML."""
        try:
            root = _compose_fast(text) or yaml.compose(text, Loader=_Loader)
            if root:
                return root
            line, got = 1, "an empty file"
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            got = f"{error.problem} {error.context or ''}".strip()
        except RecursionError:
            line, got = 1, "lists nested too deeply"
        self.log.add(self.path, line, got=got, expected="plain YAML", do="mend the syntax, indentation first")
        return None

    def report(self, node: yaml.Node, *, got: str, expected: str, do: str) -> None:
        """Report a fault at the line of a node."""
        self.log.add(self.path, line_of(node), got=got, expected=expected, do=do)

    def mapping(
        self, node: yaml.Node, what: str, required: Iterable[str] = (), optional: Iterable[str] | None = ()
    ) -> dict[str, yaml.Node]:
        """Return the values of a mapping by key; other keys than these are faults, unless optional is None."""
        if not isinstance(node, yaml.MappingNode):
            self._report_kind(node, f"{what} as a mapping (key: value)")
            return {}
        required = tuple(required)
        allowed = None if optional is None else {*required, *optional}
        values: dict[str, yaml.Node] = {}
        for key_node, value in node.value:
            key = self.string(key_node, f"a key of {what}")
            if allowed is not None and key not in allowed:
                expected, remedy = (
                    f"only {', '.join(sorted(allowed))} in {what}",
                    f"rename or delete it{suggest(key, allowed)}",
                )
                self.report(key_node, got=f"the unknown key {quote(key)}", expected=expected, do=remedy)
            elif key in values:
                self.report(key_node, got=f"{quote(key)} a second time", expected="each key once", do="delete one")
            values.setdefault(key, value)
        for key in required:
            if key not in values:
                self.report(node, got=f"{what} without {key}", expected=f"the key {key}", do=f"add {key}")
        return values

    def sequence(self, node: yaml.Node | None, what: str) -> list[yaml.Node]:
        """Return the items of a list; none where there is no node."""
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            self._report_kind(node, f"{what} as a list")
            return []
        return list(node.value)

    def string(self, node: yaml.Node | None, what: str) -> str:
        """Return a text on one line; empty where there is no node."""
        if node is None:
            return ""
        text = " ".join(node.value.split()) if isinstance(node, yaml.ScalarNode) else ""
        if not text or node.tag != "tag:yaml.org,2002:str":
            self._report_kind(node, f"{what} as a text")
            return ""
        return text

    def _report_kind(self, node: yaml.Node, expected: str) -> None:
        collection = "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"
        got = quote(node.value) if isinstance(node, yaml.ScalarNode) else collection
        self.report(node, got=got, expected=expected, do="write it so, in quotes where YAML takes it otherwise")


def line_of(node: yaml.Node) -> int:
    """Return the line of a node, counted from 1."""
    return int(node.start_mark.line) + 1
