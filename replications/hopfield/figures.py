"""Stage: draws the figures from the curves that were measured.

python -P -m replications.hopfield.figures SETTING
"""

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from replications.common.arrays import Curves, read_arrays
from replications.common.figures import save_figure
from replications.common.paths import results_dir
from replications.common.stage import parse_setting
from replications.hopfield.method import power_load, rate_function

NAME = "hopfield"
POWERS = (2, 3, 4)
BASINS = ("0", "10", "20", "30")  # percent of wrong bits


def draw_retrieval(curves: Curves) -> Figure:
    """Returns the share of patterns restored over the number stored, for each interaction."""
    figure, axes = plt.subplots(figsize=(6.5, 3.4))
    for name, label in (("2", "x², classical"), ("3", "x³"), ("4", "x⁴"), ("exp", "exponential")):
        axes.semilogx(curves["curve_loads"], curves[f"curve_{name}"], "o-", ms=3.5, base=2, label=label)
    neurons, wrong = int(curves["curve_neurons"]), int(curves["curve_wrong"])
    axes.set(
        title=f"{neurons} neurons, {wrong} bits of a pattern wrong",
        xlabel="patterns stored",
        ylabel="share restored in one update",
        ylim=(-0.03, 1.03),
    )
    axes.legend(fontsize=8)
    return figure


def draw_powers(curves: Curves) -> Figure:
    """Returns the capacity over the number of neurons for powers, with theory."""
    figure, axes = plt.subplots(figsize=(6.5, 3.6))
    share = float(curves["power_wrong_share"])
    for place, n in enumerate(POWERS):
        neurons, capacity = curves[f"power_{n}_neurons"], curves[f"power_{n}_capacity"]
        axes.loglog(neurons, [power_load(x, n, share) for x in neurons], color=f"C{place}", linewidth=1)
        axes.loglog(neurons, capacity, "o", ms=4, color=f"C{place}", label=f"n = {n}")
    axes.set(title="Capacity of powers xⁿ", xlabel="neurons", ylabel=f"patterns at {share:.2%} wrong bits")
    axes.legend()
    return figure


def draw_basins(curves: Curves) -> Figure:
    """Returns the largest load over the number of neurons for the exponential, with the proven rates."""
    figure, axes = plt.subplots(figsize=(6.5, 3.6))
    for place, percent in enumerate(BASINS):
        neurons, loads = curves[f"basin_{percent}_neurons"], curves[f"basin_{percent}_loads"]
        middle = np.exp(np.log(loads).mean(0))
        axes.semilogy(neurons, middle, "o", ms=4, color=f"C{place}", label=f"{percent} % wrong bits")
        rate = rate_function(1 - 2 * int(percent) / 100) / 2
        centre = neurons.mean()
        line = np.exp(np.log(middle).mean() + rate * (neurons - centre))
        axes.semilogy(neurons, line, color=f"C{place}", linewidth=1)
    axes.set(title="Exponential interaction: all patterns restored", xlabel="neurons", ylabel="largest load (patterns)")
    axes.legend(fontsize=8)
    return figure


def draw_errors(curves: Curves) -> Figure:
    """Returns the retrieval error of continuous patterns over their separation."""
    figure, axes = plt.subplots(figsize=(6.5, 3.4))
    separation, error = curves["probe_separation"], curves["probe_error"]
    axes.semilogy(separation, error, ".", ms=4, label="patterns")
    ends = np.array([separation.min(), separation.max()])
    middle = np.log(error).mean() + separation.mean()
    axes.semilogy(ends, np.exp(middle - ends), color="C1", label="slope −1")
    axes.set(
        title="Attention as a memory: error after one update",
        xlabel="separation βΔ from the other patterns",
        ylabel="error / length of the pattern",
    )
    axes.legend()
    return figure


FIGURES: dict[str, tuple[Callable[[Curves], Figure], str]] = {
    "retrieval": (
        draw_retrieval,
        "Share of the stored patterns that a memory of few neurons restores in one update from copies with some bits "
        "wrong, over the number stored, for three powers and the exponential of the overlap.",
    ),
    "powers": (
        draw_powers,
        "Number of patterns at which a small share of the bits of a stored pattern is wrong after one update, over the "
        "number of neurons, both axes logarithmic. Lines are the Gaussian estimate, with slopes 1, 2 and 3; nothing is "
        "fitted.",
    ),
    "basins": (
        draw_basins,
        "Largest number of patterns that the exponential memory restores all in one update, over the number of neurons "
        "(geometric mean over sets). Lines have the proven rates I(1 − 2ρ)/2; their heights are fitted.",
    ),
    "errors": (
        draw_errors,
        "Random patterns on a sphere, many sets: how far one update moves a stored pattern away from itself, over its "
        "separation from the others. The line falls exponentially; its height is fitted.",
    ),
}


def main() -> None:
    """Writes the figures of a setting with their captions."""
    setting = parse_setting(NAME)
    folder = results_dir(NAME, setting)
    curves = read_arrays(folder / "curves.npz")
    for name, (draw, caption) in FIGURES.items():
        save_figure(lambda draw=draw: draw(curves), folder / "figures" / name, caption=caption)  # type: ignore[misc]


if __name__ == "__main__":
    main()
