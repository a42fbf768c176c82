"""Tables of hand-written text and of notebooks scroll inside themselves, and can be scrolled with the keyboard."""

import re

# Tables of the templates carry a class and stand in such a box already; only pandas' class is not one of ours.
_TABLE = re.compile(r'<table(?: border="1" class="dataframe")?>.*?</table>', re.DOTALL)


def box_tables(html: str) -> str:
    """Returns the content of a page with every plain table in a box that scrolls."""
    return _TABLE.sub(_box, html)


def _box(match: re.Match[str]) -> str:
    table = re.sub(r"^<table[^>]*>", '<table class="plain">', match.group())
    table = table.replace("<th></th>", "<td></td>")  # the corner that pandas leaves empty heads nothing
    return f'<div class="table-scroll" tabindex="0" role="group" aria-label="Table">{table}</div>'
