"""Reads the reading paths: ways through the list across its sections."""

from __future__ import annotations

from collections.abc import Container

import yaml

from bibliography.faults import FaultLog, quote
from bibliography.model import ReadingPath, Step
from bibliography.schema import SLUG
from bibliography.strict_yaml import YamlFile, line_of

STEPS = range(6, 11)


def read_reading_paths(path: str, text: str, keys: Container[str], log: FaultLog) -> tuple[ReadingPath, ...]:
    """Return the reading paths; what is wrong with them goes to the log.

    Args:
        path: File, relative to the bibliography's folder.
        text: Its content.
        keys: The keys of all papers.
        log: Where faults are reported.
    """
    file = YamlFile(path, log)
    root = file.compose(text)
    if root is None:
        return ()
    nodes = file.sequence(file.mapping(root, "the reading paths", required=("paths",)).get("paths"), "paths")
    slugs: dict[str, int] = {}
    return tuple(_read_path(file, node, keys, slugs) for node in nodes)


def _read_path(file: YamlFile, node: yaml.Node, keys: Container[str], slugs: dict[str, int]) -> ReadingPath:
    parts = file.mapping(node, "a path", required=("slug", "title", "introduction", "steps"))
    slug = file.string(parts.get("slug"), "slug")
    if slug and not SLUG.fullmatch(slug):
        expected = "a slug of lower-case words joined by hyphens"
        file.report(parts["slug"], got=f"the slug {quote(slug)}", expected=expected, do="rename it")
    if slug in slugs:
        got, expected = f"{quote(slug)} again", f"it once, as on line {slugs[slug]}"
        file.report(node, got=got, expected=expected, do="rename one of the two")
    slugs.setdefault(slug, line_of(node))
    nodes = file.sequence(parts.get("steps"), "steps")
    if "steps" in parts and len(nodes) not in STEPS:
        got, expected = f"{len(nodes)} steps in {quote(slug)}", f"{STEPS.start} to {STEPS.stop - 1}"
        file.report(parts["steps"], got=got, expected=expected, do="split or extend the path")
    steps = _read_steps(file, nodes, keys)
    title, introduction = (file.string(parts.get(name), name) for name in ("title", "introduction"))
    return ReadingPath(slug, title, introduction, steps)


def _read_steps(file: YamlFile, nodes: list[yaml.Node], keys: Container[str]) -> tuple[Step, ...]:
    steps: list[Step] = []
    for node in nodes:
        parts = file.mapping(node, "a step", required=("key", "why"))
        key, why = (file.string(parts.get(name), name) for name in ("key", "why"))
        if key and key not in keys:
            file.report(node, got=f"the unknown key {quote(key)}", expected="keys of entries", do="correct it")
        if key in {step.key for step in steps}:
            file.report(node, got=f"{quote(key)} again", expected="each paper once in a path", do="delete one")
        steps.append(Step(key, why))
    return tuple(steps)
