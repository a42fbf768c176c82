# %% [markdown]
# # Who gave it to whom?
#
# *When Mary and John went to the store, John gave a drink to …* A language model continues with *Mary*: the name that
# was **not** repeated. The paper calls the right answer **IO** (indirect object), the repeated name **S** (subject,
# occurring at S1 and S2), and the last position, which has to predict the answer, **END**.
#
# How surely does the model do it? Which attention heads write the answer? Which heads tell them what to write? And is that
# the whole of it? The heads are found by **path patching**: take one head's output from a prompt with three unrelated names,
# let it reach only what is asked about, keep all other heads as they were, and see how the logit of IO minus the logit of S
# changes.

# %% tags=["remove-input"]
import os
import warnings

warnings.filterwarnings("ignore", message="IProgress not found")  # progress bars as text are fine

from IPython.display import HTML, Markdown

from replications.common.claims import load_claims
from replications.common.measurements import read_measurements
from replications.common.params import load_setting
from replications.common.paths import results_dir
from replications.common.tables import read_rows
from replications.ioi.page_tables import tabulate_circuit, tabulate_classes, tabulate_movers
from replications.ioi.settings import Setting
from replications.ioi.tables import NAME_MOVER, NEGATIVE_NAME_MOVER, HeadRow, NodeRow
from replications.ioi.transfer import compare_classes, count_shared_groups, summarise_transfer

setting_name = os.environ.get("REPLICATION_SETTING", "smollm2-135m")
setting = load_setting("ioi", setting_name, Setting)
measured = read_measurements("ioi", setting_name)
folder = results_dir("ioi", setting_name)
rows = read_rows(folder / "heads.csv", HeadRow)
printed = {claim.id: claim.paper_value for claim in load_claims("ioi").claims}
nodes = read_rows(folder / "circuit.csv", NodeRow)


def show(claim: str, digits: int = 2) -> str:
    """Returns a measurement with its 95 % interval in words."""
    m = measured[claim]
    return str(m.reason) if m.value is None else f"{m.value:.{digits}f} [{m.low:.{digits}f}, {m.high:.{digits}f}]"


# %% [markdown]
# ## Does it do the task?

# %% tags=["remove-input"]
Markdown(f"""
On {measured["logit-difference"].n} prompts the logit of IO is on average **{show("logit-difference")}** above that of S
(95 % interval in brackets). IO is the likelier of the two on **{measured["io-above-subject"].value:.1%}** of the prompts,
and gets a probability of **{show("io-probability")}** among all words. With three unrelated names in place of the two,
the difference is {show("corrupted-prompts-say-nothing")}: nothing is left of the answer.
""")

# %% [markdown]
# ## Which heads write the answer?
#
# An effect is a change, patched minus clean, as a share of the logit difference. Negative means that the head *helps*:
# the answer is less sure without it. Heads beyond the line drawn in advance are called **name movers**, and
# **negative name movers** if they work against the answer. They are found on one half of the prompts; every other
# column is from the other half. Attention is from END; the correlation is between attention to a name and output in its
# direction; the copy score asks whether the head's OV circuit, fed with a name, puts that name among the top five, the
# negative one whether the OV circuit with its sign turned does.
#
# A head can help in two ways: raise IO, or lower S. The paper's three name movers raise IO. The last column reads the
# numbers by a simple rule: which name gets more attention (none if both get under a tenth), and which copy score is
# above a half.

# %% tags=["remove-input"]
HTML(tabulate_movers(rows, (NAME_MOVER, NEGATIVE_NAME_MOVER)))

# %% [markdown]
# Is that more than chance? All heads beyond the line against heads drawn at random from the same layers:

# %% tags=["remove-input"]
Markdown(f"""
| | name movers | random heads of the same layers |
|---|---|---|
| attention from END to IO | {show("name-movers-attend-to-io")} | {show("random-heads-attend-to-io")} |
| copy score | lowest {show("name-movers-copy")} | mean {show("random-heads-copy")} |
| effect on the logit difference | mean {show("name-movers-held-out-effect")} | mean size {show("random-heads-effect", 3)} |
""")

# %% [markdown]
# ## Who tells them what to write?
#
# The search goes backwards. First the heads that change the **queries** of the name movers at END: if they attend to S2, they
# are S-inhibition heads. Then the heads that change what those read at S2: **duplicate token** heads attend from S2 to S1,
# **induction** heads to the word after S1. Last the heads that change the **keys** of the induction heads at S1+1: **previous
# token** heads. SmolLM2 has a head that writes *against S* in place of *for IO*; such subject suppressors are asked the same
# questions, and their keys at S2 too.
#
# A head belongs to a class if its path carries at least a tenth of what all paths into the same heads carry together (and a
# hundredth of the logit difference). The attention is to what the class is named after, measured on other prompts; *score* is
# the same behaviour on repeated random words; *needed* is how much the circuit alone loses without the head.

# %% tags=["remove-input"]
HTML(tabulate_circuit(nodes))

# %% [markdown]
# ## What do the S-inhibition heads carry?
#
# Their output at END is taken from the same prompt with other names, or with the two names in each other's places. What is left
# of the logit difference (1 = all of it, below 0 = the model now prefers S):

# %% tags=["remove-input"]
Markdown(f"""
| | position as it was | position inverted |
|---|---|---|
| name as it was | 1 | {show("signal-inverted-position")} |
| another name | {show("signal-random-token")} | {show("signal-inverted-position-random-token")} |
| name inverted | {show("signal-inverted-token")} | {show("signal-both-inverted")} |

As many random heads of the same layers, both inverted: {show("random-heads-carry-no-signal")}.
""")

# %% [markdown]
# ## Is that the whole circuit?
#
# Everything outside the circuit is replaced by its mean over prompts with unrelated names, per template and position. *Faithful*:
# does the circuit alone do the task? *Complete*: does taking a part out of the circuit do the same as taking it out of the
# model? *Minimal*: is every head needed?

# %% tags=["remove-input"]
Markdown(f"""
| | here | control |
|---|---|---|
| logit difference of the circuit alone | {show("faithfulness")} | random heads {show("random-circuits")}, of the same layers {show("random-circuits-of-the-same-layers")}, no head {show("empty-circuit")} |
| largest gap without a class | {show("completeness-by-class")} | naive circuit: {show("naive-circuit-is-less-complete")} more |
| largest gap without a greedily chosen part | {show("completeness-greedy")} | without random parts {show("completeness-by-random-sets")} |
| least needed head | {show("minimality", 3)} | |
| without all name movers, the model keeps | {show("name-movers-knocked-out")} | without random heads {show("random-heads-knocked-out")} |

All as fractions of the model's logit difference. The circuit has {len([row for row in nodes if row.role])} heads, each at one
position: {measured["circuit-size"].value:.2%} of all pairs of head and position.
""")

# %% [markdown]
# ## Does the algorithm transfer?
#
# The paper's classes in GPT-2 small beside those found here. Depth is 0 for the first layer and 1 for the last.

# %% tags=["remove-input"]
table = compare_classes(nodes, n_layers=rows[-1].layer + 1)
HTML(tabulate_classes(table, setting_name))

# %% tags=["remove-input"]
from replications.common.models import load_language_model

model = load_language_model(setting.model, setting.path)
n_heads, n_groups = model.bridge.cfg.n_heads, model.bridge.blocks[0].attn.W_K.shape[0]
shared = count_shared_groups(nodes, n_heads // n_groups)
Markdown(f"""
{summarise_transfer(table, measured, printed)}

Two parts are built otherwise. {"Keys and values are shared: each layer has " + f"{n_heads} heads but {n_groups} keys and values, and {shared} of the circuit's heads share theirs with another head of the circuit. A path to a key or value is patched only as the one head reads it." if n_groups < n_heads else "Every head has keys and values of its own."}
MLPs are not in the circuit, but it stands on them: without the first one {show("first-mlp-knocked-out")} of the logit
difference is left, without all the others {show("all-mlps-but-the-first")}, and the single other one that is missed most leaves
{show("single-mlps-knocked-out")}.
""")

# %% [markdown]
# ## Try another prompt, and knock out heads
#
# Change the prompt, the two names and the heads that are knocked out, and run the cells again: the model loads once, a prompt
# takes a second. Does it still work if the place comes first, if there is a third name, if the sentence is a question? A head is
# knocked out as in the paper: its output is replaced by the mean over the same prompt with other names. The shading is the
# attention of the strongest name movers from the last word.

# %%
import numpy as np

from replications.ioi.playground import predict
from replications.ioi.roles import parse_heads

prompt = "When Mary and John went to the store, John gave a drink to"
strongest = sorted((row for row in rows if row.role == NAME_MOVER), key=lambda row: row.effect)[:3]
knocked_out = parse_heads(str(min(rows, key=lambda row: row.effect).address))  # or others, such as "23.3 23.0"

prediction = predict(model, prompt, answer="Mary", other="John")
logits = prediction.without(knocked_out, np.random.default_rng(0))
HTML(
    f"<p>Next word: {prediction.describe(prediction.run.logits)}</p>"
    f"<p>Without {', '.join(map(str, knocked_out))}: {prediction.describe(logits)}</p>"
    + "".join(prediction.shade(row.address) for row in strongest)
)
