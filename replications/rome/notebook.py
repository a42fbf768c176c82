# %% [markdown]
# # Where is a fact stored, and can it be rewritten?
#
# *"The famous sight called the Eiffel Tower stands in the country of"* is continued with *France*. **Causal tracing** asks where
# in the network that knowledge sits: noise on the subject makes the answer fail, then single clean values are put back, one
# layer and one token at a time. **ROME** takes an MLP of a middle layer as a memory that answers a *key* (the subject) with a
# *value* (what is known of it), and writes a new value into it with one update of rank one.

# %% tags=["remove-input"]
import json
import os
import warnings

warnings.filterwarnings("ignore", message="IProgress not found")  # progress bars as text are fine

from IPython.display import Markdown

from replications.common.measurements import read_measurements
from replications.common.params import load_params, load_setting
from replications.common.paths import artifacts_dir, results_dir
from replications.rome.edit_estimates import collect_sweep, column, parts_of, select
from replications.rome.editing import Editor, Params
from replications.rome.evaluation import harmonic_score
from replications.rome.settings import Setting
from replications.rome.tables import FT, FTL, IDENTITY, ROME, UNEDITED, read_edits
from replications.rome.traces import read_traces

setting_name = os.environ.get("REPLICATION_SETTING", "smollm2-135m")
setting, params = load_setting("rome", setting_name, Setting), load_params("rome", "edit", Params)
measured, folder = read_measurements("rome", setting_name), results_dir("rome", setting_name)
facts = json.loads((artifacts_dir("rome", setting_name) / "facts.json").read_text(encoding="utf-8"))
rows = read_edits(folder / "edits.csv")


def show(claim: str, scale: float = 1.0, digits: int = 1) -> str:
    """Returns a measurement with its 95 % interval in words."""
    if claim not in measured:
        return "not attempted in this setting"
    m = measured[claim]
    if m.value is None:
        return str(m.reason)
    return f"{scale * m.value:.{digits}f} [{scale * m.low:.{digits}f}, {scale * m.high:.{digits}f}]"


# %% [markdown]
# ## What the model knows, and what noise does to it

# %% tags=["remove-input"]
Markdown(f"""
The model answers **{facts["known"]}** of {facts["candidates"]} facts with the right word first; {len(facts["traced"])} of these are
traced. It gives the right object a probability of {show("clean-probability", 100)} % (95 % interval in brackets). With noise on
the embeddings of the subject's tokens {show("corrupted-probability", 100)} % are left, so the total effect is
{show("total-effect", 100)} points.
""")

# %% [markdown]
# ## Where do clean values bring the answer back?
#
# The effect of a clean value is the probability with it minus the probability without. The best layer of each row is chosen on
# half of the facts and measured on the other half. Depth is 0 for the first layer and 1 for the last.

# %% tags=["remove-input"]
Markdown(f"""
| put back | at | effect (points) | depth |
|---|---|---|---|
| one hidden state | last subject token | {show("early-site-state", 100)} | {show("early-site-depth", digits=2)} |
| MLP outputs of {setting.window} layers | last subject token | {show("early-site-mlp", 100)} | {show("early-site-mlp-depth", digits=2)} |
| attention outputs of {setting.window} layers | last subject token | {show("early-site-attention", 100)} | |
| attention outputs of {setting.window} layers | last token | {show("late-site-attention", 100)} | {show("late-site-attention-depth", digits=2)} |

Is that a place, or would anything do? The best layer restores {show("early-site-above-random-layers", 100)} points more than a
random layer, and {show("early-site-above-other-subject-tokens", 100)} points more than the same layer at the subject's first
token. The best window of MLPs restores {show("mlp-window-above-scattered-mlps", 100)} points more than as many MLPs of random
layers. Early states lose part of their effect when the later MLPs at this token are held at their corrupted outputs, or
attention is; with the MLPs they lose more, by this share of the effect in percent: {show("severing-mlps-matters-more", 100)}.
""")

# %% [markdown]
# ## Rewriting facts
#
# Each fact is edited, measured, and put back. *ES*: on the edited prompt the new object is likelier than the true one. *PS*: also on
# paraphrases. *NS*: for other subjects with the same true object, that is still likelier. *S* is their harmonic mean. The
# difference of the two probabilities, in points, stands in parentheses.


# %% tags=["remove-input"]
def tabulate(method: str) -> str:
    """Returns a method's row of the table."""
    found = select(rows, method, setting.edit_layer if method == ROME else None)
    cells = [
        f"{100 * column(found, part).mean():.0f} ({100 * column(found, part + '_magnitude').mean():+.0f})"
        for part in ("efficacy", "paraphrase", "neighborhood")
    ]
    layer = "" if method == UNEDITED else str(found[0].layer)
    return f"| {method} | {layer} | " + " | ".join(cells) + f" | {100 * harmonic_score(*parts_of(found)):.0f} |"


Markdown(
    "| method | layer | ES | PS | NS | S |\n|---|---|---|---|---|---|\n"
    + "\n".join(tabulate(method) for method in (UNEDITED, FT, FTL, IDENTITY, ROME))
    + f"""

ROME's S is {show("rome-score")}. Less that of FT it is {show("rome-minus-ft-score")}, less that of FT+L
{show("rome-minus-ftl-score")} points. Without the covariance of the keys it would be lower by {show("covariance-helps")} points. Texts
about the subject keep
{show("rome-entropy", 100)} percent of the entropy of the unedited model's, and are {show("rome-consistency", digits=2)} times as
similar to texts about subjects that really have the new object.
"""
)

# %% [markdown]
# ## Does knowing the place help the edit?
#
# Hase et al. (2023) ask whether a fact is edited better at the layer where tracing finds it.

# %% tags=["remove-input"]
by_layer = "The layers were not swept in this setting."
if setting.sweep_facts:
    sweep = collect_sweep(rows, setting.sweep_layers, read_traces(folder / "traces.npz")[0])
    scores = [harmonic_score(*sweep.parts[:, n].T) for n in range(len(sweep.layers))]
    layers, reached = (
        ", ".join(map(str, values)) for values in (sweep.layers, [round(100 * score) for score in scores])
    )
    by_layer = f"""The same {len(sweep.rewrite)} facts, edited at layers {layers} in turn, reach an S of {reached}. Layer
{setting.edit_layer}, which all other numbers are of, was fixed before the run, at the depth that the paper edits."""
Markdown(f"""
{by_layer}

Over facts, the tracing effect at the edited layer and the success of the edit correlate with
**{show("tracing-edit-correlation", digits=2)}**. Which layer is edited explains {show("layer-explains-edits", 100)} percent of the
variance of the success; the tracing effect adds {show("tracing-adds-nothing", 100)}. The best layer to edit lies at depth
{show("best-edit-layer-depth", digits=2)}.
""")

# %% [markdown]
# ## Edit a fact yourself
#
# Change the subject, the prompt ({} stands for the subject), the objects and the questions, and run the cells again. The model and
# the covariance load once; an edit takes some seconds.

# %%
from replications.rome.covariance import load_moments
from replications.rome.dataset import Fact
from replications.rome.editing import draw_prefixes
from replications.rome.encoding import encode
from replications.rome.evaluation import probabilities, write_on
from replications.rome.method import edited, factorise
from replications.rome.settings import load_decoder

decoder, model = load_decoder(setting)
moments = load_moments(
    decoder, model.tokenizer, model.weights_sha256, [setting.edit_layer],
    tokens=setting.covariance_tokens, text=setting.text,
)  # fmt: skip
factors = {layer: factorise(matrix) for layer, matrix in moments.items()}
prefixes = draw_prefixes(decoder, model.tokenizer, params)
editor = Editor(decoder, model.tokenizer, params, setting, factors, prefixes)

# %%
fact = Fact(
    case_id=0,
    relation="my own",
    subject="the Eiffel Tower",
    prompt="The famous sight called {} stands in the country of",
    target_true="France",
    target_new="Italy",
    paraphrases=("To see the Eiffel Tower one has to travel to", "The Eiffel Tower is the best known building of"),
    neighbours=(
        "The famous sight called the Louvre stands in the country of",
        "The city of Lyon is a large city in the country of",
    ),
    writing=("Visitors of the Eiffel Tower",),
)

association = editor.associate(fact, setting.edit_layer)
change = editor.change(association, setting.edit_layer)
questions = editor.questions(fact)
before = probabilities(decoder, questions)
with edited(decoder, setting.edit_layer, change.matrix):
    after = probabilities(decoder, questions)
    import torch

    start = [encode(text, model.tokenizer) for text in fact.writing]
    written = write_on(decoder, start, 25, params.top_k, torch.Generator().manual_seed(0))

lines = [
    f"| {text} | {100 * b[0]:.1f} → {100 * a[0]:.1f} | {100 * b[1]:.1f} → {100 * a[1]:.1f} |"
    for text, b, a in zip((fact.text, *fact.paraphrases, *fact.neighbours), before, after, strict=True)
]
texts = "\n\n".join(f"> {model.tokenizer.decode([*s, *w])}" for s, w in zip(start, written, strict=True))
Markdown(
    f"| prompt | {fact.target_true} (%) | {fact.target_new} (%) |\n|---|---|---|\n"
    + "\n".join(lines)
    + f"\n\nThe first is the edited prompt, then paraphrases, then neighbours, which should stay. After the edit the model writes:\n\n{texts}"
)
