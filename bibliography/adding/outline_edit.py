"""Adds a key to a section of the outline by editing its text, so that comments and layout stay as they are."""

from __future__ import annotations

import yaml

from bibliography.output import CommandError


def insert_key(text: str, slug: str, key: str) -> str:
    """Return the text of the outline with a key at the end of a section's list.

    Raises:
        CommandError: There is no such section, or it has no list of keys.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    found = _find(root, slug)
    if found is None:
        raise CommandError(f"outline.yml has no section {slug!r} with a list of keys")
    name, keys = found
    if not keys.value:
        item = f"\n{' ' * name.start_mark.column}- {key}"
        return text[: keys.start_mark.index].rstrip(" ") + item + text[keys.end_mark.index :]
    last = keys.value[-1].end_mark.index
    if keys.flow_style:
        return f"{text[:last]}, {key}{text[last:]}"
    line_start = text.rindex("\n", 0, keys.value[-1].start_mark.index) + 1
    indent = text[line_start : text.index("-", line_start)]
    line_end = text.find("\n", last)
    line_end = len(text) if line_end < 0 else line_end
    return f"{text[:line_end]}\n{indent}- {key}{text[line_end:]}"


def _find(node: yaml.Node | None, slug: str) -> tuple[yaml.Node, yaml.SequenceNode] | None:
    """Return the word ``keys`` and the list after it, in the section with a slug."""
    if isinstance(node, yaml.SequenceNode):
        return next((found for child in node.value if (found := _find(child, slug))), None)
    if not isinstance(node, yaml.MappingNode):
        return None
    values = {name.value: (name, value) for name, value in node.value}
    if "slug" in values and values["slug"][1].value == slug:
        name, keys = values.get("keys", (None, None))
        return (name, keys) if isinstance(keys, yaml.SequenceNode) else None
    return _find(values["sections"][1], slug) if "sections" in values else None
