"""What a verdict looks like: an interval against the line that was drawn, as a small picture."""

from markupsafe import Markup

from replications.common.verdicts import Verdict

WIDTH, HEIGHT = 140, 24
# The line and the weaker one, and where an interval of each verdict lies, in percent of the width.
LINE, WEAKER_LINE = (45, 95), (25, 95)
INTERVALS = {
    Verdict.REPRODUCED: (58, 80),
    Verdict.HOLDS: (58, 80),
    Verdict.PARTLY: (29, 41),
    Verdict.DOES_NOT_HOLD: (4, 19),
    Verdict.INCONCLUSIVE: (36, 58),
}
_TEXTS = {
    Verdict.REPRODUCED: "the whole interval lies inside the line",
    Verdict.HOLDS: "the whole interval lies inside the line",
    Verdict.PARTLY: "the whole interval lies inside the weaker line, and misses the line",
    Verdict.DOES_NOT_HOLD: "the whole interval lies outside both lines",
    Verdict.INCONCLUSIVE: "the interval lies across the border of the line",
}


def draw_verdict(verdict: Verdict) -> Markup:
    """Returns an inline SVG: the line as a dark band, a weaker one as a light band, our interval with its value.

    A verdict without a measurement has no picture: an empty string.
    """
    if verdict not in INTERVALS:
        return Markup()
    low, high = (_place(percent) for percent in INTERVALS[verdict])
    middle, centre = (low + high) / 2, HEIGHT / 2
    bands = _draw_band("weaker", WEAKER_LINE) + _draw_band("line", LINE)
    interval = f'<path d="M{low:g} {centre - 5:g}v10M{low:g} {centre:g}H{high:g}M{high:g} {centre - 5:g}v10"/>'
    return Markup(
        f'<svg class="verdict-picture" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{_TEXTS[verdict]}">{bands}{interval}<circle cx="{middle:g}" cy="{centre:g}" r="3.5"/></svg>'
    )


def _draw_band(name: str, bounds: tuple[float, float]) -> str:
    start, end = (_place(percent) for percent in bounds)
    return f'<rect class="{name}" x="{start:g}" width="{end - start:g}" y="2" height="{HEIGHT - 4}"/>'


def _place(percent: float) -> float:
    return percent * WIDTH / 100
