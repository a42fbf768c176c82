"""Braces as BibTeX counts them: a backslash before a brace changes nothing."""

from __future__ import annotations

import re


def is_one_group(text: str) -> bool:
    """Return whether the text is one ``{…}``: its first brace closes with its last character, no earlier."""
    if text.count("{") == 1 == text.count("}"):
        return text[0] == "{" and text[-1] == "}"
    depth = 0
    for brace in re.finditer(r"[{}]", text):
        depth += 1 if brace[0] == "{" else -1
        if depth <= 0:
            return text.startswith("{") and depth == 0 and brace.end() == len(text)
    return False


def split_outside_braces(text: str, separator: str) -> list[str]:
    """Return what stands between the separators (a regular expression) that are not inside braces."""
    if "{" not in text and "}" not in text:
        return re.split(separator, text)
    parts, start, depth = [], 0, 0
    for match in re.finditer(rf"(?P<open>{{)|(?P<close>}})|{separator}", text):
        if match["open"]:
            depth += 1
        elif match["close"]:
            depth -= 1
        elif depth == 0:
            parts.append(text[start : match.start()])
            start = match.end()
    return [*parts, text[start:]]
