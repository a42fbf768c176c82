# %% [markdown]
# # How much can a memory hold?
#
# A Hopfield network is given a damaged pattern and completes it. With the classical energy, a sum of squared overlaps
# with the stored patterns, it fails beyond about 0.14 patterns per neuron: the pulls of all other patterns add up to a noise
# that drowns the right one. If large overlaps count for more, the noise of the many small ones matters less. That is
# all there is to it: squares, higher powers, the exponential. The last one is also the attention of the transformer.

# %% tags=["remove-input"]
import os

from IPython.display import Markdown

from replications.common.measurements import read_measurements

setting = os.environ.get("REPLICATION_SETTING", "random-patterns")
measured = read_measurements("hopfield", setting)


def show(claim: str, digits: int = 2) -> str:
    """Returns a measurement with its 95 % interval in words."""
    m = measured[claim]
    if m.low == m.high:
        return f"{m.value:.{digits}f}"
    return f"{m.value:.{digits}f} [{m.low:.{digits}f}, {m.high:.{digits}f}]"


# %% [markdown]
# ## Powers
#
# With the power *n* the noise of *M* random patterns has the variance of *M* products of *n* − 1 random overlaps, and the
# capacity grows as N^(n−1).

# %% tags=["remove-input"]
Markdown(f"""
| power | exponent in the paper | fitted (95 % interval) |
|---|---|---|
| x² | 1 | {show("power-2-exponent", 3)} |
| x³ | 2 | {show("power-3-exponent", 3)} |
| x⁴ | 3 | {show("power-4-exponent", 3)} |

The classical network holds {show("classical-capacity", 4)} patterns per neuron.
""")

# %% [markdown]
# ## The exponential
#
# Now the number of patterns itself is an exponential, exp(αN). What limits it is that two of so many random patterns
# come too close to each other. If a fraction ρ of the bits is wrong, no other pattern may lie as near as the right one.

# %% tags=["remove-input"]
Markdown(f"""
| wrong bits | proven rate α | fitted (95 % interval) |
|---|---|---|
| none | (ln 2)/2 = 0.347 | {show("exponential-memory-rate", 3)} |
| a tenth | 0.184 | {show("basin-rate-10", 3)} |
| a fifth | 0.096 | {show("basin-rate-20", 3)} |
| three tenths | 0.041 | {show("basin-rate-30", 3)} |

These rates are for *all* patterns at once. A single one, in small networks, stays fixed up to a rate of
{show("single-pattern-outlasts-the-bound", 3)}.
""")

# %% [markdown]
# ## Attention
#
# With states on a sphere and the logarithm of the sum of exponentials as energy, the update is X softmax(β Xᵀ ξ): the
# transformer's attention, with the stored patterns as keys and values.

# %% tags=["remove-input"]
Markdown(f"""
The error of one update falls with the separation Δ of a pattern from the others: the slope of its logarithm is
{show("error-falls-with-separation", 3)}. The exponential e^(−βΔ) alone would give −1; but patterns that overlap less are also
farther away, and a pattern far from all has several neighbours at about the same distance, so the line is flatter.
The number of patterns grows with the dimension at the rate {show("spherical-memory-rate", 3)}; the paper proves at least a
quarter of the logarithm of {measured["constant-at-radius-1"].value:.4f}.
""")

# %% [markdown]
# ## Fill a memory
#
# Change the number of patterns, of neurons, of wrong bits, and run the cell again. When does each of them break?

# %%
import numpy as np

from replications.hopfield.dataset import draw_bits, flip_bits
from replications.hopfield.method import exponential, power, update_bits

neurons, stored, wrong = 40, 200, 4
rng = np.random.default_rng(0)
patterns = draw_bits(stored, neurons, rng)
damaged = flip_bits(patterns, wrong, rng)
for name, interaction in {"x²": power(2), "x³": power(3), "x⁴": power(4), "exp": exponential(neurons)}.items():
    restored = (update_bits(patterns, damaged, interaction) == patterns).all(axis=1).mean()
    print(f"{name:>3}: {restored:.0%} of {stored} patterns restored in one update")

# %% [markdown]
# ## Turn the temperature
#
# Three groups of similar patterns. At low β everything is averaged, then each group, at high β each pattern is itself.

# %%
from replications.hopfield.continuous import settle
from replications.hopfield.dataset import draw_groups

dimension = 20
groups = draw_groups(3, 4, dimension, np.sqrt(dimension - 1), 0.3, rng)
members = groups.reshape(-1, dimension)
for beta in (0.02, 0.5, 1.0, 5.0):
    ends = settle(members, members, beta)
    different = len(np.unique(np.round(ends, 3), axis=0))
    print(f"β = {beta:<4}: the {len(members)} patterns end in {different} different states")
