"""Mathematics as MathML, which browsers show by themselves: no script, no font and no other host is needed."""

import re

from math_core import LatexError, LatexToMathML

# Code in fences, indented code and code in a line: a dollar in them is a dollar.
_CODE = re.compile(r"(^```.*?^```|^(?: {4}|\t).*?$|`+[^`\n]+`+)", re.MULTILINE | re.DOTALL)
# $$…$$, or $…$ on one line with no space inside its ends and no digit behind: "$5 or $6" is no formula, nor is \$.
_FORMULA = re.compile(r"(?<![\\$])(?:\$\$(?P<block>[^$]+)\$\$|\$(?P<line>(?![\s$])[^$\n]*?(?<![\s\\$]))\$(?!\d))")
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_SYNTAX = re.compile(r"(?<=>)[^<>]+(?=<)")
_CONVERTER = LatexToMathML()


class FormulaError(ValueError):
    """A formula cannot be shown; the message says which and why."""


def render_mathematics(markdown: str) -> str:
    """Returns Markdown with every LaTeX formula turned into MathML, for any Markdown processor to pass on.

    Raises:
        FormulaError: a formula has an unknown command or does not close what it opens.
    """
    parts = _CODE.split(markdown)
    parts[::2] = [_FORMULA.sub(_render, text).replace(r"\$", "&#36;") for text in parts[::2]]
    return "".join(parts)


def _render(match: re.Match[str]) -> str:
    latex = (match["block"] or match["line"]).strip()
    try:
        formula = _CONVERTER.convert_with_local_state(latex, displaystyle=bool(match["block"]))
    except LatexError as error:
        reason = _COLOUR.sub("", str(error)).strip().splitlines()[0].removeprefix("Error: ")
        raise FormulaError(
            f"got the formula `{latex}`: {reason} Expected LaTeX; correct it, or write \\$ for a dollar"
        ) from None
    formula = _SYNTAX.sub(_protect, "".join(formula.splitlines()))
    if match["block"]:
        return f'\n\n<div class="formula" tabindex="0" role="group" aria-label="Formula">{formula}</div>\n\n'
    return f"<span>{formula}</span>"  # a line that starts with <math> would end the paragraph


def _protect(match: re.Match[str]) -> str:
    """Returns the text of an element so that Markdown reads no syntax in it; entities stay as they are."""
    return re.sub(r"[*_`~^\\\[\]!|]", lambda sign: f"&#{ord(sign.group())};", match.group())
