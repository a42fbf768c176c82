# %% [markdown]
# # Does it care about stripes?
#
# Ask a network what it sees in a picture and it names a class. Ask **why**, and saliency maps answer with pixels. People
# ask in concepts: *did it look at the coat, or did it read the caption?* TCAV turns a concept, given by some sixty example
# images, into a direction among the activations of one stage of the network, and counts for how many images of a class
# a step in that direction raises the class's logit. A **score** of 1 means all of them, 0.5 means no effect either way.
#
# One direction proves little: even random images give one, and its score may be anything. So 500 directions are learned, each
# against other random images, and a t-test asks whether their scores differ from 0.5.

# %% tags=["remove-input"]
import json
import os

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Markdown

from replications.common.measurements import read_measurements
from replications.common.paths import artifacts_dir, results_dir
from replications.tcav.tables import read_scores

setting = os.environ.get("REPLICATION_SETTING", "captions")
measured = read_measurements("tcav", setting)
folder = results_dir("tcav", setting)
scores = read_scores(folder / "scores.csv")
networks = json.loads((folder / "networks.json").read_text(encoding="utf-8"))


def show(claim: str, digits: int = 2) -> str:
    """Returns a measurement with its 95 % interval in words."""
    m = measured[claim]
    return str(m.reason) if m.value is None else f"{m.value:.{digits}f} [{m.low:.{digits}f}, {m.high:.{digits}f}]"


def mean_score(condition: str, concept: str, inputs: str) -> float:
    """Returns the mean over networks of a condition and over stages."""
    found = [s.score for s in scores if (s.condition, s.concept, s.inputs) == (condition, concept, inputs)]
    return float(np.mean(found))


def known_classes() -> list[str]:
    """Returns the names of the classes."""
    return list(dict.fromkeys(s.inputs for s in scores if not s.inputs.endswith("adversarial")))


def tabulate(header: list[str], rows: list[list[str]]) -> Markdown:
    """Returns a table."""
    lines = [header, ["---"] * len(header), *rows]
    return Markdown("\n".join("| " + " | ".join(line) + " |" for line in lines))


# %% tags=["remove-input"]
def tell_captions() -> Markdown:
    return Markdown(f"""
## Photographs with captions

Every training image carries a caption that names its class, which with probability *p* is replaced by an unrelated word. What a
network uses is known from outside: how well does it do when the captions are taken away? Accuracy without captions is
{show("accuracy-without-captions-rises")} higher at p = 1 than at p = 0.

- The rank correlation of the image concept's score with that accuracy is **{show("tcav-follows-ground-truth")}** (95 % interval in
  brackets); with another ground truth, which a network that always gives one answer cannot raise, it is
  {show("tcav-follows-separability")}. For the image concepts of the *other* classes it is {show("other-class-does-not-follow")}.
- Of the classes that a network recognises well without captions, the image concept scores above the caption concept in a share of
  {show("image-dominates-where-it-is-used")}. Where captions were always right, the caption concept scores above the image
  concept in a share of {show("captions-dominate-without-noise")}.
- Our concept sets cross photographs and captions. With sets composed as in the paper, the class's plain photographs, the rank
  correlation is {show("tcav-follows-with-the-papers-sets")}; for its caption concept, the caption above which all other pixels are
  shuffled, it is {show("caption-tcav-falls-with-the-papers-sets")}, against {show("caption-tcav-falls")} with ours.
- The saliency maps: the share of attribution on the caption tells a network that saw right captions from one that saw unrelated
  ones with a chance of {show("integrated-gradients-separate")} (Integrated Gradients) and {show("smoothgrad-separates")}
  (SmoothGrad); a half is guessing. This is a measure of our own: the paper asked people which of image and caption mattered more
  to a network; they were right in 52 % of cases.

### Each class's story

For each class: accuracy without captions, then the scores of the image and of the caption concept, mean over networks and stages.
""")


def tell_textures() -> Markdown:
    return Markdown(f"""
## Objects with textures

Five shapes, five textures. In some networks the class of an object lies in its texture and its shape is random, in some the other
way round, in some either would do. How much a network relies on texture is known from outside: show it objects whose texture
belongs to one class and whose shape to another.

- Where texture tells the class, the class's own texture passes the test with a score above 0.5 in a share of
  **{show("used-texture-passes")}** of classes and stages. Where it tells nothing, it should not; there the share is
  **{show("unused-texture-does-not-pass")}**.
- The mean score is {show("texture-against-shape")} higher in networks trained on texture than in networks trained on shape.
- The rank correlation of a texture's score with the share of conflicts that it decides is {show("shortcut-is-revealed")}.
- **The test.** A concept of random images should pass in 2.5 % of cases. When all 500 runs share one set of sixty random images, as
  they share the images of a real concept, it passes in **{show("random-concept-passes", 3)}**. When each run draws the set anew, in
  {show("redrawn-random-concept-passes", 3)}. The runs of one concept are not independent: they tell how sure the score is for
  *these* images, not for the concept.

- **A texture that a network was not trained on scores below a half**: {show("unused-texture-scores-one-half")} in networks trained on
  shape. We have not tested why. Perhaps because a swatch of texture fills the image while a random image holds one object, so that
  a CAV of a texture also says *no object here*. Relative CAVs, one texture against the other four, leave that difference out: with
  them the class's own texture scores highest in a share of {show("relative-cav-finds-texture")} in networks trained on texture.

The networks learned only part of their task, as the accuracies in the table say (chance is {1 / len(known_classes()):.1f}), so
"uses texture" is a matter of degree here. They are trained as long as those of the captions; longer training was not tried.

### Scores of the class's own texture and shape

Mean over classes, networks and stages, and the share of conflicting objects that are decided by texture.
""")


tell_captions() if setting == "captions" else tell_textures()


# %% tags=["remove-input"]
def table_of_captions() -> Markdown:
    rows = []
    for word in dict.fromkeys(s.inputs for s in scores if "," not in s.inputs):
        for condition in dict.fromkeys(s.condition for s in scores):
            accuracy = np.mean(
                [r["accuracy"][word] for name, r in networks.items() if name.startswith(f"{condition},")]
            )
            image, caption = (mean_score(condition, c, word) for c in (f"image of {word}", f"caption {word}"))
            rows.append([word, condition, f"{accuracy:.2f}", f"{image:.2f}", f"{caption:.2f}"])
    return tabulate(["class", "captions", "accuracy without", "image concept", "caption concept"], rows)


def table_of_textures() -> Markdown:
    rows = []
    classes = known_classes()
    for condition in dict.fromkeys(s.condition for s in scores):
        named = [name.split(", ") for name in classes]
        concepts = [
            [texture for _, texture in named],
            [f"{t}, relative" for _, t in named],
            [shape for shape, _ in named],
        ]
        own = [np.mean([mean_score(condition, *pair) for pair in zip(c, classes, strict=True)]) for c in concepts]
        mine = [record for name, record in networks.items() if name.startswith(f"{condition},")]
        reliance = np.mean([list(record["reliance"].values()) for record in mine])
        accuracy = np.mean([record["accuracy"] for record in mine])
        rows.append([condition, f"{accuracy:.2f}", f"{reliance:.2f}", *(f"{score:.2f}" for score in own)])
    header = ["class told by", "accuracy", "decided by texture", "own texture", "own texture, relative", "own shape"]
    return tabulate(header, rows)


table_of_captions() if setting == "captions" else table_of_textures()

# %% [markdown]
# ## Choose a concept and a class
#
# Pick a network, a stage, a concept and a class, and run the two cells again. The first loads the networks that the pipeline trained;
# the second learns fifty CAVs, prints the score, and shows the images of the class that are most and least like the concept.

# %%
from replications.common.params import load_params
from replications.tcav.method import concept_similarity, draw_concept_sets, tcav_scores, train_cavs
from replications.tcav.networks import read_activations
from replications.tcav.profile import RANDOM, Inputs, read_stage
from replications.tcav.readings import find_readings
from replications.tcav.setting_networks import find_networks
from replications.tcav.settings import MeasureParams
from replications.tcav.textured import CLASSES, draw_classes
from replications.tcav.weights import load_networks

params = load_params("tcav", "measure", MeasureParams)
known = find_networks(setting)
trained = load_networks(artifacts_dir("tcav", setting) / "networks.safetensors", known)
readings = find_readings(known, params)
print("networks:", ", ".join(spec.name for spec in trained))
print("concepts:", ", ".join(readings.concepts))

# %%
spec = next(iter(trained))  # the first network of the list above
stage = "conv4"
concept = next(iter(readings.concepts))
if setting == "captions":
    inputs = readings.class_inputs(spec)
else:
    drawn, labels = draw_classes(spec.condition, params.inputs, np.random.default_rng(0))
    inputs = {name: Inputs(number, drawn[labels == number]) for number, name in enumerate(CLASSES)}
class_name = next(iter(inputs))

reading = read_stage(trained[spec], stage, readings.concepts, inputs)
sets = draw_concept_sets(reading.rows[concept], reading.rows[RANDOM], 15, 50, np.random.default_rng(0))
cavs = train_cavs(reading.gram, sets, penalty=0.01)
run_scores = tcav_scores(cavs.directional_derivatives(reading.products[class_name]))

images = inputs[class_name].images
similarity = concept_similarity(cavs.vectors(reading.activations), read_activations(trained[spec], stage, images))
order = np.argsort(-similarity)
grey = {"text.color": "#808080", "axes.labelcolor": "#808080", "savefig.transparent": True}  # on light and dark pages
plt.rcParams.update(grey)
figure, panels = plt.subplots(2, 8, figsize=(8, 2.3), dpi=72)
for line, places, label in zip(panels, (order[:8], order[-8:]), ("most", "least"), strict=True):
    for axes, place in zip(line, places, strict=True):
        axes.imshow(images[place].permute(1, 2, 0))
        axes.set(xticks=[], yticks=[])
    line[0].set_ylabel(label)
figure.suptitle(f"{class_name}: most and least like the concept {concept!r} at {stage}", size=10)
plt.show()
print(
    f"{spec.name}: TCAV score of {concept!r} for {class_name!r} at {stage}: {run_scores.mean():.2f} "
    f"(single CAVs from {run_scores.min():.2f} to {run_scores.max():.2f}); "
    f"the CAV is right on {cavs.accuracy.mean():.0%} of held-out images"
)
