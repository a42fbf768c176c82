# %% [markdown]
# # Which training images made it say so?
#
# A network is trained on some images and then classifies another one. Which of them helped, and which misled it? There is a way
# to know: take images away, train again, and look. It costs a training for every question. **TRAK** answers from a handful of
# trained networks. Is the answer right?
#
# The test is to predict. Many networks are trained anew, each on a random half of the images. For each of them a method's
# prediction is the sum of the scores of the images that were present. The rank correlation of predictions and actual outputs
# over the halves, averaged over test images, is the **linear datamodeling score** (LDS): 1 is a perfect order, 0 is chance.

# %% tags=["remove-input"]
import json
import os

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Markdown

from replications.common.claims import load_claims
from replications.common.measurements import read_measurements
from replications.common.params import load_setting
from replications.common.paths import artifacts_dir, results_dir
from replications.common.tables import read_rows
from replications.trak.data import load_images
from replications.trak.settings import Setting
from replications.trak.tables import Score

name = os.environ.get("REPLICATION_SETTING", "fashion")
setting = load_setting("trak", name, Setting)
printed = {claim.id: claim.paper_value for claim in load_claims("trak").claims}
measured = read_measurements("trak", name)
scores = read_rows(results_dir("trak", name) / "scores.csv", Score)
networks = json.loads((results_dir("trak", name) / "networks.json").read_text(encoding="utf-8"))


def show(claim: str, digits: int = 2) -> str:
    """Returns a measurement, which the setting has, with its 95 % interval in words."""
    m = measured[claim]
    return str(m.reason) if m.value is None else f"{m.value:.{digits}f} [{m.low:.{digits}f}, {m.high:.{digits}f}]"


def table_of_scores() -> Markdown:
    """Returns the LDS of each method at its best number of networks."""
    lines = ["| method | networks | LDS | 95 % over both | over targets | over subsets |", "|---|---|---|---|---|---|"]
    best = {}
    for row in scores:
        if row.method not in best or row.lds > best[row.method].lds:
            best[row.method] = row
    for row in sorted(best.values(), key=lambda row: -row.lds):
        ends = ((row.low, row.high), (row.targets_low, row.targets_high), (row.subsets_low, row.subsets_high))
        cells = " | ".join(f"{low:.2f} to {high:.2f}" for low, high in ends)
        lines.append(f"| {row.method} | {row.models or ''} | {row.lds:.3f} | {cells} |")
    return Markdown("\n".join(lines))


# %% tags=["remove-input"]
trained = (
    "a network was trained on each" if setting.repeats == 1 else f"{setting.repeats} networks were trained on each"
)
ceiling = "The optimum is unique, so that a perfect method would reach 1."
if "noise-ceiling" in measured:
    ceiling = f"""Two networks trained on the same half differ too, so that even a perfect method would only reach
{show("noise-ceiling")}."""
rival = ""
if "trak-beats-influence-functions" in measured:
    rival = f"""How far TRAK is ahead of influence functions on the last layer:
{show("trak-beats-influence-functions")}; below zero it is behind. In the paper, with ResNet-9 and 50,000 images, it is ahead by
{printed["trak-beats-influence-functions"]:.2f}."""
Markdown(f"""
## Who predicts best

For the truth, {setting.subsets} halves were drawn, and {trained}. Another {setting.pool} networks,
on halves of their own, are what the methods may use. In all these are {networks["networks"]} networks; they are right on
{networks["accuracy"]:.0%} of the test images.

TRAK with {max(setting.trak_models)} networks reaches an LDS of **{show("trak-predicts-retraining")}** (95 % interval in brackets).
{ceiling} Random scores: {show("random-scores-predict-nothing", 3)}. {rival}

The table has each method at the number of networks that suits it best; intervals are over subsets and targets together, and over
each alone.
""")

# %% tags=["remove-input"]
table_of_scores()

# %% tags=["remove-input"]
checkpoints, similar = "", ""
if "models-beat-checkpoints" in measured:
    checkpoints = f"""Independent networks in place of as many checkpoints of one
give {show("models-beat-checkpoints", 3)} more."""
if "removal-by-trak-beats-similarity" in measured:
    similar = f"""Compared with the images that the best of influence functions, TracIn and representation
similarity calls most helpful, it falls by {show("removal-by-trak-beats-similarity")} more (below zero: by less)."""
Markdown(f"""
The picture of the scores has two axes. The first counts networks that are trained. TRAK also takes a gradient of every training image in each of
them, which the second counts as well, in seconds.

## What TRAK is made of

TRAK replaces the network by the linear model that its gradients span. Three things are done to them: they are projected at random to
few dimensions, the inverse of their kernel is taken, and images that the network has already learned are given less weight (Q).

| change | LDS with minus LDS without |
|---|---|
| inverse of the kernel | {show("inverse-helps", 3)} |
| weights Q | {show("reweighting-helps", 3)} |
| soft threshold | {show("soft-thresholding-does-no-harm", 3)} |

The best dimension is ahead of the widest by {show("too-large-a-projection-hurts", 3)}. {checkpoints}

## Taking images away

Predicting random halves is one thing, finding the images that matter another. Without the {max(setting.removed)} images that TRAK calls most helpful
for a test image, its output falls by {show("removal-by-trak-beats-random")} more than without as many random images (in log-odds; 1 turns
a chance of 50 % into 27 %). {similar}
""")

# %% [markdown]
# ## One image at a time
#
# For logistic regression, which has a single optimum, each image can be left out in turn. Influence functions predict these
# effects from derivatives alone.

# %% tags=["remove-input"]
alone = "In this setting one image's effect is far smaller than that of the random seed, so that the question is left to `digits`."
if "influence-follows-leave-one-out" in measured:
    alone = f"""Correlation of prediction and truth over the images with the largest predicted effects:
{show("influence-follows-leave-one-out", 3)}. TRAK, which is made for networks, against the effect of every single image:
{show("trak-follows-leave-one-out", 3)}."""
Markdown(alone)

# %% [markdown]
# ## Pick an image
#
# Choose a test image and a method, and run the cell. Which training images does the method call helpful, and which harmful?
# Methods at hand: `trak`, `influence-last-layer`, `tracin-last`, `representation-similarity`, `datamodels-ridge`, `random`.

# %%
target, method = 3, "trak"

images = load_images(setting)
with np.load(artifacts_dir("trak", name) / "attributions.npz") as kept:
    row = kept[method][target].astype(float)
order = np.argsort(-row)
chosen = [*order[:6], *order[-6:][::-1]]

figure, axes = plt.subplots(1, 13, figsize=(11, 1.5))
pictures = [images.test[target], *images.train[chosen]]
labels = [images.test_labels[target], *images.train_labels[chosen]]
titles = ["target", *(f"{row[i]:+.2f}" for i in chosen)]
for panel, picture, label, title in zip(axes, pictures, labels, titles, strict=True):
    shown = picture.transpose(1, 2, 0) / images.brightest
    panel.imshow(shown if shown.shape[2] == 3 else shown[..., 0], cmap="gray", vmin=0, vmax=1)
    panel.set_title(f"{title}\n{images.classes[label]}", fontsize=7)
    panel.axis("off")
