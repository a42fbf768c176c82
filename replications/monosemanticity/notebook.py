# %% [markdown]
# # One neuron, many meanings; one feature, one meaning
#
# A transformer's MLP has 512 neurons here, and each of them is active on many unrelated things. The paper's idea: the
# transformer uses far more than 512 **features**, as directions in the space of neurons, of which only a few are active on
# any token. A **sparse autoencoder** finds such directions. It writes every vector of activations as a sum of few directions
# out of a large dictionary; a penalty on the sum of their strengths (L1) keeps them few.
#
# Everything below was trained on two cores. The numbers in the text are read from the result files.

# %% tags=["remove-input"]
import json
import os

from IPython.display import HTML, Markdown

from replications.common.measurements import read_measurements
from replications.common.params import load_params, load_setting
from replications.common.paths import results_dir
from replications.common.tables import read_rows
from replications.monosemanticity.page_tables import (
    tabulate_by_density,
    tabulate_contexts,
    tabulate_dictionaries,
    tabulate_samples,
)
from replications.monosemanticity.records import ContextRow, DictionaryRow, FeatureRow, read_arrays
from replications.monosemanticity.settings import MeasureParams, Setting

name = os.environ.get("REPLICATION_SETTING", "laptop")
setting = load_setting("monosemanticity", name, Setting)
params = load_params("monosemanticity", "measure", MeasureParams)
folder = results_dir("monosemanticity", name)
measured = read_measurements("monosemanticity", name)
facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
training = json.loads((folder / "run-train.json").read_text(encoding="utf-8"))
samples = json.loads((folder / "samples.json").read_text(encoding="utf-8"))
dictionaries = read_rows(folder / "dictionaries.csv", DictionaryRow)
contexts = read_rows(folder / "contexts.csv", ContextRow)
features = read_rows(folder / "features.csv", FeatureRow)
curve = read_arrays(folder / "arrays.npz")["curve/A/1"]


def show(claim: str, digits: int = 2) -> str:
    """Returns a measurement with its 95 % interval in words."""
    m = measured[claim]
    return str(m.reason) if m.value is None else f"{m.value:.{digits}f} [{m.low:.{digits}f}, {m.high:.{digits}f}]"


# %% [markdown]
# ## Has the transformer learnt anything?

# %% tags=["remove-input"]
losses = facts["losses"]
rows = "\n".join(
    f"| {label} | {losses[key]:.3f} |"
    for key, label in (
        ("unigram", "frequencies of tokens (unigram)"),
        ("bigram", "pairs of tokens (bigram)"),
        *((s, f"transformer {s}") for s in setting.seeds),
    )
)
Markdown(f"""
Each transformer saw {setting.transformer_tokens:,} tokens, drawn from {facts["training_tokens"]:,}. The loss is in nats per
token, on held-out text; the n-gram models count all the training tokens.

| model | loss |
|---|---|
{rows}

The bigram model's loss minus the transformers' is {show("transformer-against-bigram")}. With the MLP of A set to zero its
loss rises by {show("mlp-matters")}: that is what the features have to explain.
""")

# %% [markdown]
# ## The dictionaries
#
# Loss recovered is 1 if the reconstruction serves the transformer as well as the MLP itself, 0 if it is as bad as no MLP at
# all. That baseline is generous, as the authors say; the last column has another one, the MLP at its mean. Unexplained is the
# squared error over the variance of the activations.

# %% tags=["remove-input"]
HTML(tabulate_dictionaries(dictionaries))

# %% tags=["remove-input"]
harder = "a harder baseline" if measured["zero-ablation-is-generous"].value > 0 else "no harder a baseline"
Markdown(f"""
The MLP at its mean is {harder} here: loss recovered of A/1 against zero, minus that against the mean, is
{show("zero-ablation-is-generous")}. The training took {training["wall_seconds"] / 60:.0f} minutes.
""")

# %% tags=["remove-input"]
share = facts["chosen_share"]
if share is None:
    choice = f"The L1 coefficient is the paper's, {setting.coefficient}."
else:
    swept = ", ".join(f"{float(key):g} leaves {value:.0f}" for key, value in facts["sweep_active"].items())
    choice = f"""The L1 coefficient was chosen by a rule, the smallest of a sweep that leaves at most 20 of the
{setting.sweep_features} features of a small dictionary active. In units of the vectors' typical length over the number of
neurons: {swept} active features. Taken was {share:g}; in the paper's units that is {facts["coefficients"]["A"]:.4f} for
transformer A (the paper: 0.004, for activations of another length)."""
Markdown(choice)

# %% [markdown]
# ## Rare features
#
# The claims count every feature that is active on at least one token in 100,000; that line was drawn before the run. The
# table splits the features of A/1 by how often they are active; the columns are medians. It was made after the results were
# seen, and no verdict rests on it.

# %% tags=["remove-input"]
HTML(tabulate_by_density(features))

# %% tags=["remove-input"]
steps = [share * setting.dictionaries["A/1"].vectors / setting.batch for share in setting.resample]
dead = [int(curve[curve[:, 0] >= step][0, -1]) for step in steps]  # the last column counts those of the window before
Markdown(f"""
A feature that is hardly ever active has learnt little. Resampling is meant to put such features to use: at the four points
of this training it found {", ".join(f"{n:,}" for n in dead[:-1])} and {dead[-1]:,} of {len(features):,} that were active on
at most {setting.dead_density:.2%} of the vectors, and let them start anew. Most fell idle again: at the end there were
{int(curve[-1, -1]):,}. In a first run, with the paper's rule, resampling found one feature in all: see the deviations.
""")

# %% [markdown]
# ## Specific features
#
# For each context, declared by a regular expression before anything was trained, the feature of A/1 that follows it best was
# found on one half of the held-out text; shares and correlations of activations are from the other half. *Strong* is above
# half of the feature's maximum; *typical logits* is the share, among the 20 tokens that the feature raises most, of tokens
# that are more frequent in the context than outside, and in brackets the same share among all tokens.

# %% tags=["remove-input"]
HTML(tabulate_contexts(contexts))

# %% [markdown]
# ## Does a feature cause its context?
#
# The transformer continues a text while one feature is held at its maximum; nothing else is changed. Prompt, continuation
# without and with the intervention, the same random numbers:

# %% tags=["remove-input"]
HTML(tabulate_samples(samples))

# %% [markdown]
# ## Try another context
#
# The regular expressions stand in `params.yaml`. This is how one finds a feature for your own; the cell needs the trained
# models (`make repro NAME=monosemanticity`), so it is not run here.
#
# ```python
# from replications.common.paths import artifacts_dir
# from replications.monosemanticity.evidence import Evidence
# from replications.monosemanticity.settings import TrainParams
# from replications.monosemanticity.specific import correlate_label
# from replications.monosemanticity.units import open_workshop
#
# mine = params.model_copy(update={"contexts": {"todo": r"(?i)\btodo\b[^\n]*"}})
# training = load_params("monosemanticity", "train", TrainParams)
# evidence = Evidence(open_workshop(artifacts_dir("monosemanticity", name) / "models", setting, training), mine)
# correlation = correlate_label(evidence.codes["A/1"], evidence.labels["todo"])
# correlation.argmax(), correlation.max()
# ```
