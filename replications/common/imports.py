"""The import closure of a module within the project: what a result depends on, and what DVC must be told."""

import ast
import hashlib
from functools import cache
from pathlib import Path

from replications.common.paths import REPOSITORY


def import_closure(module: str) -> frozenset[Path]:
    """Returns the project files with code that importing `module` runs, its own included.

    Args:
        module: dotted name, such as `replications.ioi.measure`.

    Raises:
        ModuleNotFoundError: the project has no such module.
    """
    found: set[Path] = set()
    waiting = [_locate(module)]
    if waiting[0] is None:
        raise ModuleNotFoundError(f"got module {module!r}; expected one of this repository")
    while waiting:
        path = waiting.pop()
        if path is not None and path not in found:
            found.add(path)
            waiting += [_locate(name) for name in imported_names(path)]
    return frozenset(path for path in found if _has_code(path))


def hash_code(module: str) -> str:
    """Returns the SHA-256 of everything in the module's import closure, paths included."""
    digest = hashlib.sha256()
    for path in sorted(import_closure(module)):
        digest.update(path.relative_to(REPOSITORY).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


@cache
def imported_names(path: Path) -> tuple[str, ...]:
    """Returns the dotted names that a file imports, wherever in it: `from a import b` gives `a` and `a.b`."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(path, node)
            names += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return tuple(names)


def _absolute(path: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = path.relative_to(REPOSITORY).parts[: -node.level]
    return ".".join((*package, *([node.module] if node.module else [])))


def _locate(name: str) -> Path | None:
    base = REPOSITORY.joinpath(*name.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file() and name.split(".")[0] in ("bibliography", "replications"):
            return path
    return None


def _has_code(path: Path) -> bool:
    """Tells whether a file holds more than a docstring: an abstract in `__init__.py` changes no result."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return any(not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)) for node in body)
