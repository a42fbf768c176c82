# %% [markdown]
# # Why does the robin become a bird before it becomes a robin?
#
# Children tell animals from plants before they tell birds from fish, and they make each step in a short time. A network
# with one hidden layer and **no nonlinearity at all** does the same, and for such a network everything can be calculated.
# Here it learns which of four items (canary, salmon, oak, rose) has which of seven properties.

# %% tags=["remove-input"]
import os

from IPython.display import HTML, Markdown

from replications.common.measurements import read_measurements

setting = os.environ.get("REPLICATION_SETTING", "linear-networks")
measured = read_measurements("semantic_development", setting)


def show(claim: str, digits: int = 2) -> str:
    """Returns a measurement with its 95 % interval in words."""
    m = measured[claim]
    if m.low == m.high:
        return f"{m.value:.{digits}f}"
    return f"{m.value:.{digits}f} [{m.low:.{digits}f}, {m.high:.{digits}f}]"


# %% [markdown]
# ## Stages
#
# The map that the network computes is a sum of **modes**, the singular vectors of the data: one for what all items
# share, one that parts animals from plants, and one for each pair of items. A mode of strength *s* in the data grows
# in the network as a(t) = s / (1 + (s/a₀ − 1) e^(−2st/τ)): nothing for a long time, then a burst. Without the hidden layer
# it would be b(t) = s (1 − e^(−t/τ)) + b₀ e^(−t/τ), at once and at the same pace for all.

# %% tags=["remove-input"]
Markdown(f"""
From small random weights, the times at which modes are half learned deviate from the calculated ones by
**{show("half-times-follow-theory", 3)}** (as a fraction, 95 % interval in brackets), and the strength over all times by at
most {show("random-modes-follow-theory")} of its final value. Nothing is fitted.

| | with a hidden layer | without |
|---|---|---|
| time from 10 to 90 % learned, over time to half | {show("deep-transitions-are-stages")} | {show("shallow-transitions-are-gradual")} |
| half learned: single items over what all share | {show("deep-levels-are-apart")} | {show("shallow-levels-are-together", 3)} |
| strongest false belief about an item | {show("deep-networks-have-illusions")} | {show("shallow-networks-have-none", 3)} |

The last row is the salmon that flies: when animals are known but not yet single animals, what is true of the canary is
believed of the salmon.
""")

# %% [markdown]
# ## Noise, and when to stop
#
# Now the examples are noisy. A teacher of few modes gets lost among many modes of noise: its singular values are
# inflated, its vectors turned, and below a critical signal nothing of it is left. Strong modes are still learned first,
# and the noise is the weakest of all. Hence the test error falls, then rises, and the best moment to stop can be
# calculated.

# %% tags=["remove-input"]
Markdown(f"""
The logarithm of the test error follows theory within {show("test-error-follows-theory", 3)} on average over training, and
its lowest value within {show("optimal-stopping-error-follows-theory", 3)}. With fifty hidden units in place of one for each mode of the teacher,
the lowest error is {show("network-size-does-not-matter", 3)} times as high: size hardly matters. Gradient descent is not the
best one can do: shrinking the singular values of the data reaches {show("shrinking-beats-gradient-descent", 3)} of its
error.
""")

# %% [markdown]
# ## Two tasks
#
# When a second task shares the inputs, what it does to the first depends on the strengths of both and on how well their
# input vectors are aligned.

# %% tags=["remove-input"]
Markdown(f"""
| task A | task B | alignment | benefit for A |
|---|---|---|---|
| at the critical signal | s̄ = 100 | 1 | {show("transfer-rescues-a-lost-task")} |
| s̄ = 3 | s̄ = 100 | 1 | {show("transfer-helps-if-aligned", 3)} |
| s̄ = 3 | s̄ = 100 | 0 | {show("transfer-harms-if-not-aligned", 3)} |
| s̄ = 3 | noise only | | {show("second-task-of-noise-does-not-help", 4)} |
""")

# %% [markdown]
# ## Teach it something else
#
# Change the table of properties and run the cell again: add an item, take away the hierarchy, make a property rarer. The
# cell trains a network from small random weights and prints when each mode is half learned, beside the calculated time.

# %%
import numpy as np

from replications.semantic_development.method import (
    deep_time_to,
    draw_small_weights,
    find_crossing,
    growing_strength,
    project_modes,
    train_deep,
)

table = """
            grow  move  roots  fly  swim  leaves  petals
canary         1     1      0    1     0       0       0
salmon         1     1      0    0     1       0       0
oak            1     0      1    0     0       1       0
rose           1     0      1    0     0       0       1
"""
header, *rows = [line.split() for line in table.strip().splitlines()]
items = [row[0] for row in rows]
data = np.array([row[1:] for row in rows], dtype=float).T

u, s, vt = np.linalg.svd(data, full_matrices=False)
weights = draw_small_weights(1, len(data), 16, len(items), 0.01, np.random.default_rng(0))
found = project_modes(train_deep(data, weights, 0.002, 10_000), u, vt.T)
half = 0.002 * find_crossing(found, np.broadcast_to(s / 2, found.shape[1:]))[0]
expected = deep_time_to(0.5, s, growing_strength(weights, u, vt.T))[0]
HTML(
    "<table><thead><tr><th>singular value</th><th>half learned at (τ)</th><th>calculated</th>"
    + "".join(f"<th>{item}</th>" for item in items)
    + "</tr></thead><tbody>"
    + "".join(
        f"<tr><td>{s[m]:.2f}</td><td>{half[m]:.2f}</td><td>{expected[m]:.2f}</td>"
        + "".join(f"<td>{loading:+.2f}</td>" for loading in vt[m])
        + "</tr>"
        for m in range(len(s))
    )
    + "</tbody></table>"
)

# %% [markdown]
# ## Would a second task help?
#
# Choose the signals of two tasks and see what theory says. Where does the sign turn?

# %%
from replications.semantic_development.generalization import predict_transfer

signal_a, signal_b = 2.0, 4.0
for alignment in (0.0, 0.5, 0.8, 0.9, 1.0):
    benefit = predict_transfer(
        signal_a, signal_b, alignment, outputs=50, inputs=100, hidden=50, start=1e-5, time=1e-3 * np.arange(5000)
    )
    print(f"alignment {alignment:.1f}: benefit {benefit:+.3f}")
