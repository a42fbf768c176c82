# %% [markdown]
# # How do you store five things in two dimensions?
#
# A network has *m* dimensions and is asked to remember *n* > *m* features. A linear network keeps the *m* most important
# ones and gives up the rest. With **one ReLU** at its output, $x' = \mathrm{ReLU}(W^T W x + b)$, it can do better, provided
# that features are rarely active together: it stores several features along almost the same directions, and lets the ReLU
# and a negative bias wipe out most of the confusion. This is **superposition**.

# %% tags=["remove-input"]
import os

from IPython.display import HTML, Markdown

from replications.common.measurements import read_measurements

setting = os.environ.get("REPLICATION_SETTING", "toy-models")
measured = read_measurements("superposition", setting)


def show(claim: str, digits: int = 2) -> str:
    """Returns a measurement with its 95 % interval in words."""
    m = measured[claim]
    if m.value is None:
        return f"not found ({m.reason})"
    if m.low == m.high:
        return f"{m.value:.{digits}f}"
    return f"{m.value:.{digits}f} [{m.low:.{digits}f}, {m.high:.{digits}f}]"


# %% [markdown]
# ## More features than dimensions
#
# A feature counts as represented if its direction has a length above 1/2. In brackets: 95 % intervals over seeds.

# %% tags=["remove-input"]
Markdown(f"""
| features represented | dense, 1 − S = 1 | sparse, 1 − S = 0.001 |
|---|---|---|
| of 20, in 5 dimensions | {show("dense-relu-models-are-linear", 1)} | {show("sparse-models-hold-more", 1)} |
| of 80, in 20 dimensions | {show("dense-large-models-are-linear", 1)} | {show("sparse-large-models-hold-more", 1)} |

A linear model represents exactly the five most important features in a share of **{show("linear-keeps-the-most-important")}**
of all runs, at every density, and its loss exceeds that of principal components by a fraction of
{show("linear-loss-is-that-of-pca", 4)}.
""")

# %% [markdown]
# ## A phase diagram
#
# Take two features and one dimension. The second feature can be dropped, get the dimension, or share it as the exact
# opposite of the first. The loss of each choice can be written down: with density p and importance I, dropping costs
# I (p/3 − p²/4), and sharing costs (1 + I) p²/6, since the opposite features fail only when both are active.

# %% tags=["remove-input"]
Markdown(f"""
Trained models agree with the cheapest choice at a share of **{show("phase-diagram-of-two-features")}** of all points, and
with three features in two dimensions at **{show("phase-diagram-of-three-features")}**.
""")

# %% [markdown]
# ## Fractions of a dimension
#
# With 400 equal features in 30 dimensions one can ask what fraction of a dimension a feature has,
# $D_i = \|W_i\|^2 / \sum_j (\hat W_i \cdot W_j)^2$. It is 1/2 in an antipodal pair, 2/3 in a triangle, 3/4 in a tetrahedron,
# 2/5 in a pentagon.

# %% tags=["remove-input"]
Markdown(f"""
| | paper | here |
|---|---|---|
| dimensions per feature of dense data | 1 | {show("dense-features-have-a-dimension")} |
| where the curve is flattest | 1/2 | {show("sticky-at-one-half", 3)} |
| commonest dimensionality | 1/2 | {show("commonest-dimensionality")} |
| lines that stand out, of five | 5 | {show("dimensionalities-form-lines", 0)} |
| the same for random directions | | {show("random-directions-form-no-lines", 0)} |
""")

# %% [markdown]
# ## Related features, and attacks
#
# The paper finds that features that occur together avoid each other's direction, and that features that never do share it.
# And where features interfere, a small change of the input can be aimed at the interference.

# %% tags=["remove-input"]
Markdown(f"""
| | paper | here |
|---|---|---|
| cosine (absolute) of two correlated features | 0 | {show("correlated-features-are-orthogonal")} |
| cosine of two anticorrelated features | −1 | {show("anticorrelated-features-are-opposite")} |
| cosine of two independent features | | {show("independent-features-have-no-preference")} |
| how many times sparser the fifth feature is when the pentagon breaks | 2.5 | {show("pentagon-becomes-digons")} |
| vulnerability, sparsest over dense | more than 3 | {show("vulnerability-rises", 1)} |
""")

# %% [markdown]
# ## Try it
#
# Change the density, the importances or the number of features and run the cell again. It trains eight models, keeps the one
# with the lowest loss and prints each feature's length, angle and fraction of a dimension. What happens to the pentagon if
# you add a sixth feature? If the fifth is half as important?

# %%
import numpy as np
import torch

from replications.superposition.dataset import Source
from replications.superposition.method import dimensionality, loss_gradient, norms
from replications.superposition.sweeps import Models
from replications.superposition.training import train

density = 0.05
importance = np.array([1.0, 1.0, 1.0, 1.0, 1.0])

n, models = len(importance), 8
torch.set_num_threads(1)
rng = np.random.default_rng(0)
source = Source(np.full((models, n), density))
weight, bias = train(
    Models("mine", (models,), source, np.tile(importance, (models, 1)), hidden=2, linear=False),
    batch=256, steps=3000, rate=0.01, rng=rng,
)  # fmt: skip
x = torch.from_numpy(np.repeat(Source(np.full((1, n), density)).draw(50_000, rng), models, axis=0))
weights = torch.tensor(np.tile(importance, (models, 1)), dtype=torch.float32)
loss, *_ = loss_gradient(x, torch.from_numpy(weight), torch.from_numpy(bias), weights)
best = weight[int(loss.argmin())]
angle = np.degrees(np.arctan2(best[1], best[0])) % 360
rows = sorted(zip(angle, norms(best), dimensionality(best), range(1, n + 1), strict=True))
HTML(
    "<table><thead><tr><th>feature</th><th>length</th><th>angle</th><th>dimensionality</th></tr></thead><tbody>"
    + "".join(
        f"<tr><td>{i}</td><td>{length:.2f}</td><td>{a:.0f}°</td><td>{d:.2f}</td></tr>" for a, length, d, i in rows
    )
    + "</tbody></table>"
)
