"""How large a figure wants to be, so that a page keeps its place for it while it loads."""

import re
from pathlib import Path

_SIZE = re.compile(r'<svg[^>]*?\bwidth="([\d.]+)pt" height="([\d.]+)pt"', re.DOTALL)
_PIXELS_PER_POINT = 4 / 3


def read_size(path: Path) -> tuple[int, int]:
    """Returns width and height of an SVG file in CSS pixels.

    Raises:
        ValueError: its root element gives no size in points.
    """
    found = _SIZE.search(path.read_text(encoding="utf-8"))
    if not found:
        raise ValueError(f"{path}: got no width and height in pt; expected those that matplotlib writes; save it again")
    width, height = (round(float(number) * _PIXELS_PER_POINT) for number in found.groups())
    return width, height
