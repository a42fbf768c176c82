"""Reads the tree of sections and the vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import yaml

from bibliography.faults import FaultLog, quote
from bibliography.model import Section
from bibliography.schema import SLUG
from bibliography.strict_yaml import YamlFile, line_of


@dataclass(frozen=True)
class Vocabulary:
    """The words that an entry may use, each with its meaning."""

    topics: Mapping[str, str]
    methods: Mapping[str, str]


@dataclass(frozen=True)
class Outline:
    """The sections in reading order, and the line on which each key stands."""

    path: str
    sections: tuple[Section, ...]
    key_lines: Mapping[str, int]


def read_vocabulary(path: str, text: str, log: FaultLog) -> Vocabulary | None:
    """Return the vocabulary, or None if it is not YAML; what is wrong with it goes to the log."""
    file = YamlFile(path, log)
    root = file.compose(text)
    if root is None:
        return None
    lists = file.mapping(root, "the vocabulary", required=("topics", "methods"))
    return Vocabulary(*(_read_meanings(file, name, lists.get(name)) for name in ("topics", "methods")))


def _read_meanings(file: YamlFile, name: str, node: yaml.Node | None) -> Mapping[str, str]:
    meanings = file.mapping(node, name, optional=None) if node else {}
    for word, meaning in meanings.items():
        if not SLUG.fullmatch(word):
            expected, remedy = "lower-case words joined by hyphens", "rename it, also in the entries"
            file.report(meaning, got=f"the word {quote(word)}", expected=expected, do=remedy)
    return MappingProxyType({word: file.string(node, f"the meaning of {word}") for word, node in meanings.items()})


def read_outline(path: str, text: str, log: FaultLog) -> Outline | None:
    """Return the outline, or None if it is not YAML; what is wrong with it goes to the log."""
    file = YamlFile(path, log)
    slug_lines: dict[str, int] = {}
    key_lines: dict[str, int] = {}
    root = file.compose(text)
    if root is None:
        return None
    top = file.mapping(root, "the outline", required=("sections",))
    nodes = file.sequence(top.get("sections"), "sections")
    sections = tuple(_read_section(file, node, slug_lines, key_lines) for node in nodes)
    return Outline(path, sections, key_lines)


def _read_section(file: YamlFile, node: yaml.Node, slug_lines: dict[str, int], key_lines: dict[str, int]) -> Section:
    """Return a section with all below it; enters its slug and keys, each of which may stand only once."""
    required = ("slug", "title", "introduction", "keys")
    parts = file.mapping(node, "a section", required=required, optional=("sections",))
    slug = file.string(parts.get("slug"), "slug")
    if slug:
        if not SLUG.fullmatch(slug):
            expected = "a slug of lower-case words joined by hyphens"
            file.report(parts["slug"], got=f"the slug {quote(slug)}", expected=expected, do="rename it")
        _enter_once(file, parts["slug"], slug, slug_lines)
    keys = []
    for item in file.sequence(parts.get("keys"), "keys"):
        if key := file.string(item, "a key"):
            _enter_once(file, item, key, key_lines)
            keys.append(key)
    below = file.sequence(parts.get("sections"), "sections")
    return Section(
        slug=slug,
        title=file.string(parts.get("title"), "title"),
        introduction=file.string(parts.get("introduction"), "introduction"),
        keys=tuple(keys),
        sections=tuple(_read_section(file, child, slug_lines, key_lines) for child in below),
    )


def _enter_once(file: YamlFile, node: yaml.Node, name: str, lines: dict[str, int]) -> None:
    if name in lines:
        got, expected = f"{quote(name)} again", f"it once, as on line {lines[name]}"
        file.report(node, got=got, expected=expected, do="delete or rename one of the two")
    lines.setdefault(name, line_of(node))
