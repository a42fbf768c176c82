"""The Unicode text of what BibTeX fields say in LaTeX."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from pylatexenc import latex2text, latexwalker

# Only these make a value more than text and braces; without them the slow parser is not needed.
_MARKUP = re.compile(r"[\\$%&#_^~`]|--|''|\?`|!`")
_SPECIAL_IN_TEXT = re.compile(r"[#_^]")

_TEXT_RULES = latex2text.get_default_latex_context_db()
_ARGUMENT_RULES = latexwalker.get_default_latex_context_db()
_TO_TEXT = latex2text.LatexNodes2Text(latex_context=_TEXT_RULES)

# Accents, symbols and styles. The decoder "knows" much more, drops what it means (\ref, \input), and fails with
# an IndexError or a KeyError where an argument is missing: the rest is refused before it gets to see the text.
_COMMAND = re.compile(r"\\([A-Za-z]+|.?)", re.S)
_STYLES = frozenset({"emph", "textit", "textbf", "textrm", "textsc", "text"})
_ELSEWHERE = frozenset({"input", "include", "today", "texorpdfstring", "ensuremath"})
_KNOWN_COMMANDS = _STYLES | {
    rule.macroname
    for rule in _TEXT_RULES.iter_macro_specs(categories=["latex-base", "advanced-symbols"])
    if rule.macroname not in _ELSEWHERE and "%(" not in str(rule.simplify_repl)
}

# Letters that Unicode does not decompose into an ASCII letter and an accent.
_UNDECOMPOSED = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)


class LatexError(ValueError):
    """A LaTeX string that cannot be shown as Unicode text; the message says what is not understood."""


def decode(latex: str) -> str:
    r"""Return the Unicode text of a LaTeX string, white space folded: ``B{\"u}rger`` is ``Bürger``.

    Raises:
        LatexError: An unknown command, an unescaped special character, unbalanced mathematics.
    """
    if not _MARKUP.search(latex):
        return fold_space(latex.translate({ord("{"): None, ord("}"): None}))
    for command in _COMMAND.findall(latex):
        if command not in _KNOWN_COMMANDS:
            raise LatexError(f"the unknown command \\{command}")
    try:
        walker = latexwalker.LatexWalker(latex, latex_context=_ARGUMENT_RULES, tolerant_parsing=False)
        nodes, _, _ = walker.get_latex_nodes()
        if problem := next(_problems(nodes, in_math=False), None):
            raise LatexError(problem)
        text: str = _TO_TEXT.nodelist_to_text(nodes)
    except latexwalker.LatexWalkerError as error:
        raise LatexError(fold_space(str(error).splitlines()[0])) from error
    except RecursionError as error:
        raise LatexError("commands nested too deeply") from error
    return unicodedata.normalize("NFC", fold_space(text))


def _problems(nodes: list[Any], *, in_math: bool) -> Iterator[str]:
    """Yield what the decoder would pass over in silence, or what LaTeX would stumble over."""
    for node in nodes:
        if node is None:  # an optional argument that is not there
            continue
        if node.isNodeType(latexwalker.LatexCommentNode):
            yield "an unescaped % (the rest of the line is a comment)"
        if node.isNodeType(latexwalker.LatexSpecialsNode) and node.specials_chars == "&":
            yield "an unescaped &"
        if node.isNodeType(latexwalker.LatexCharsNode) and not in_math:
            for special in _SPECIAL_IN_TEXT.findall(node.chars):
                yield f"an unescaped {special} outside mathematics"
        inside = in_math or node.isNodeType(latexwalker.LatexMathNode)
        yield from _problems(getattr(node, "nodelist", None) or [], in_math=inside)
        arguments = getattr(node, "nodeargd", None)
        yield from _problems((arguments.argnlist if arguments else None) or [], in_math=inside)


def fold_space(text: str) -> str:
    """Return the text on one line, every run of white space made one space."""
    return " ".join(text.split())


def fold_to_ascii(text: str) -> str:
    """Return the text in lower-case ASCII letters, accents and everything else dropped."""
    decomposed = unicodedata.normalize("NFKD", text.lower().translate(_UNDECOMPOSED))
    return "".join(letter for letter in decomposed if "a" <= letter <= "z")
