"""Content security policy: a page may run the theme's scripts and ours, and load from this host alone.

The policy stands in a `<meta>` tag, so that it holds wherever the site is hosted. The theme starts with a few inline
scripts; each is allowed by its hash. Any other inline script stops the build: it would not run anyway.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

_SCRIPT = re.compile(r"<script\b(?P<attributes>[^>]*)>(?P<code>.*?)</script>", re.S | re.I)
# Browsers do not run a script that has an address, and treat JSON as data.
_NOT_INLINE_CODE = re.compile(r"\bsrc=|\btype=\"?application/(ld\+)?json", re.I)
_EXPRESSION = re.compile(r"\{\{.*?\}\}", re.S)
_ADDRESS = r"[\w.:/-]*"  # what the theme's expressions give: the address of the site's root, such as "../.."
_HEAD = re.compile(r"<meta charset=[^>]*>", re.I)


class InlineScriptError(ValueError):
    """A page holds an inline script that is not the theme's."""


def read_theme_scripts(folders: Iterable[Path]) -> list[re.Pattern[str]]:
    """Returns patterns of the inline scripts in a theme's `partials/javascripts`, wherever the site may be hosted."""
    paths = [path for folder in folders for path in sorted(folder.glob("partials/javascripts/*.html"))]
    sources = [match["code"] for path in paths for match in _SCRIPT.finditer(path.read_text(encoding="utf-8"))]
    return [re.compile(_ADDRESS.join(map(re.escape, _EXPRESSION.split(source)))) for source in sources]


def add_policy(page: str, theme_scripts: Sequence[re.Pattern[str]], *, runs_wasm: bool = False) -> str:
    """Returns a page of HTML with its policy, as the first thing after the character set.

    Args:
        page: the whole page.
        theme_scripts: patterns of the inline scripts that may run.
        runs_wasm: whether the page runs WebAssembly, such as a model in the browser.

    Raises:
        InlineScriptError: the page holds another inline script.
        ValueError: the page does not declare its character set, so that there is no place for the policy.
    """
    head = _HEAD.search(page)
    if not head:
        raise ValueError("got a page without <meta charset>; expected one from the theme; look at docs/theme")
    hashes = [_hash(code) for code in _inline_code(page, theme_scripts)]
    policy = _write_policy(list(dict.fromkeys(hashes)), runs_wasm)
    tag = f'\n      <meta http-equiv="Content-Security-Policy" content="{policy}">'
    return page[: head.end()] + tag + page[head.end() :]


def _inline_code(page: str, theme_scripts: Sequence[re.Pattern[str]]) -> Iterable[str]:
    for match in _SCRIPT.finditer(page):
        if _NOT_INLINE_CODE.search(match["attributes"]):
            continue
        if not any(pattern.fullmatch(match["code"]) for pattern in theme_scripts):
            raise InlineScriptError(
                f"got the inline script {match['code'][:60]!r}; expected the theme's alone; "
                "move it to a file under docs/pages/assets and name it in mkdocs.yml, or clear the notebook's output"
            )
        yield match["code"]


def _write_policy(hashes: Sequence[str], runs_wasm: bool) -> str:
    scripts = ["'self'", *(["'wasm-unsafe-eval'"] if runs_wasm else []), *hashes]
    directives = {
        "default-src": "'none'",
        "script-src": " ".join(scripts),
        "style-src": "'self'",
        "style-src-attr": "'unsafe-inline'",  # lengths of bars and shades of cells are data
        "img-src": "'self' data:",  # the theme's icons are data
        "font-src": "'self'",
        "connect-src": "'self'",
        "worker-src": "'self' blob:" if runs_wasm else "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def _hash(code: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode('utf-8')).digest()).decode()}'"
