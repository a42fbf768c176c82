"""Stage: draws the figures from what was measured."""

import json

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from replications.common.figures import save_figure
from replications.common.paths import artifacts_dir, results_dir
from replications.common.stage import parse_setting


def draw_histogram(numbers: list[float]) -> Figure:
    """Returns a histogram of the numbers."""
    figure, axes = plt.subplots(figsize=(6, 3))
    axes.hist(numbers, bins=20)
    axes.set(title="The random numbers", xlabel="value (1)", ylabel="draws per bin (count)")
    return figure


def main() -> None:
    """Writes `results/<setting>/figures/`."""
    setting = parse_setting("template")
    numbers = json.loads((artifacts_dir("template", setting) / "draws.json").read_text(encoding="utf-8"))
    path = results_dir("template", setting) / "figures" / "histogram"
    save_figure(
        lambda: draw_histogram(numbers), path, caption="Histogram of the random numbers; flat, as it should be."
    )


if __name__ == "__main__":
    main()
