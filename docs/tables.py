"""Tables of hand-written text and of notebooks scroll inside themselves, and can be scrolled with the keyboard."""

import re

# Tables of the templates carry a class and stand in such a box already; only pandas' class is not one of ours.
_TABLE = re.compile(r'<table(?: border="1" class="dataframe")?>.*?</table>', re.DOTALL)
_FIRST_CELL = re.compile(r"(<tr[^>]*>\s*)<td([^>]*)>(.*?)</td>", re.DOTALL)
_EMPTY_CORNER = "<th></th>"


def box_tables(html: str) -> str:
    """Returns the content of a page with every plain table in a box that scrolls."""
    return _TABLE.sub(_box, html)


def _box(match: re.Match[str]) -> str:
    table = re.sub(r"^<table[^>]*>", '<table class="plain">', match.group())
    if _EMPTY_CORNER in table:  # it heads nothing: the cells below it head their rows
        table = _FIRST_CELL.sub(r'\1<th scope="row"\2>\3</th>', table).replace(_EMPTY_CORNER, "<td></td>")
    return f'<div class="table-scroll" tabindex="0" role="group" aria-label="Table">{table}</div>'
