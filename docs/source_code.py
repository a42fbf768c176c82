"""The code of a replication, on a page of its own: every line can be linked to, and every claim to its line."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pygments
from markupsafe import Markup
from pygments.formatters.html import HtmlFormatter
from pygments.lexers.python import PythonLexer
from pygments.token import Token

# Modules that repeat a claim's id to show its number, and never measure it.
_THAT_SHOW = ("figures", "notebook")
_ENTRY = "measure"
# Code has thousands of these and their colour tells little: left unmarked, a page has less than half the elements.
_PLAIN = (Token.Name, Token.Operator, Token.Punctuation, Token.Text.Whitespace)


@dataclass(frozen=True)
class SourceLine:
    """A line of a replication's module.

    Attributes:
        module: name of the module, without its suffix.
        number: counted from 1; 0 for the module as a whole.
    """

    module: str
    number: int

    @property
    def anchor(self) -> str:
        """Where the line stands on the code's page."""
        name = name_anchor(self.module)
        return f"{name}-{self.number}" if self.number else name

    @property
    def label(self) -> str:
        """The line as programmers write it, such as "estimates.py:78"."""
        return f"{self.module}.py:{self.number}" if self.number else f"{self.module}.py"


def name_anchor(module: str) -> str:
    """Returns where a module stands on the code's page; `__init__` stands at "init"."""
    return module.strip("_")


def list_modules(folder: Path) -> list[Path]:
    """Returns a replication's modules, `__init__` first, the rest by name."""
    return sorted(folder.glob("*.py"), key=lambda path: (path.stem != "__init__", path.stem))


def highlight_module(path: Path) -> Markup:
    """Returns a module as HTML in which line 78 of `estimates.py` has the id `estimates-78`."""
    tokens = PythonLexer().get_tokens(path.read_text(encoding="utf-8"))
    coloured = ((Token.Text if kind in _PLAIN else kind, text) for kind, text in tokens)
    formatter = HtmlFormatter(linenos="inline", linespans=name_anchor(path.stem), wrapcode=True)
    return Markup(pygments.format(coloured, formatter))


def locate_claims(folder: Path, claim_ids: frozenset[str]) -> Mapping[str, SourceLine]:
    """Returns the line that measures each claim: where its id is the key of what was computed, else where it stands.

    An id that no module spells out leads to the stage that measures.
    """
    places: dict[str, tuple[int, SourceLine]] = {}
    for path in list_modules(folder):
        if path.stem not in _THAT_SHOW:
            for rank, name, number in _find_ids(path, claim_ids):
                if name not in places or rank < places[name][0]:
                    places[name] = (rank, SourceLine(path.stem, number))
    return {name: places[name][1] if name in places else SourceLine(_ENTRY, 0) for name in claim_ids}


def _find_ids(path: Path, claim_ids: frozenset[str]) -> list[tuple[int, str, int]]:
    """Returns where ids stand in a module: (0 before a computed value and 1 elsewhere, id, line), top to bottom."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    keys = {id(key) for key, value in _assignments(tree) if not isinstance(value, ast.Constant)}
    found = [
        (0 if id(node) in keys else 1, str(node.value), node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in claim_ids
    ]
    return sorted(found, key=lambda place: place[2])


def _assignments(tree: ast.Module) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yields every key and value of a dictionary, and every index and value of an assignment."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            yield from ((key, value) for key, value in zip(node.keys, node.values, strict=True) if key)
        elif isinstance(node, ast.Assign):
            yield from ((target.slice, node.value) for target in node.targets if isinstance(target, ast.Subscript))
