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
import html
import os
import warnings

warnings.filterwarnings("ignore", message="IProgress not found")  # progress bars as text are fine

from IPython.display import HTML, Markdown

from replications.common.claims import load_claims
from replications.common.measurements import read_measurements
from replications.common.params import load_setting
from replications.common.paths import results_dir
from replications.common.tables import read_rows
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
def read_head(row: HeadRow) -> str:
    """Returns what the numbers of a head say that it does."""
    if max(row.attention_io, row.attention_s) < 0.1:
        return "attends to neither name"
    name = "IO" if row.attention_io > row.attention_s else "S"
    if row.copy_score > 0.5:
        return f"attends to {name}, copies"
    return f"attends to {name}, suppresses" if row.negative_copy_score > 0.5 else f"attends to {name}"


def tabulate(role: str) -> str:
    """Returns the heads of a role as rows of a table, strongest first."""
    found = sorted((row for row in rows if row.role == role), key=lambda row: -abs(row.effect))
    return "".join(
        f"<tr><td>{row.address}</td><td>{role}</td><td>{row.effect:+.1%}</td><td>{row.held_out_effect:+.1%}</td>"
        f"<td>{row.attention_io:.2f}</td><td>{row.attention_s:.2f}</td><td>{row.correlation:.2f}</td>"
        f"<td>{row.copy_score:.0%}</td><td>{row.negative_copy_score:.0%}</td><td>{read_head(row)}</td></tr>"
        for row in found
    )


titles = (
    "head", "role", "effect", "held out", "attention to IO", "to S1 + S2", "correlation", "copy score",
    "negative copy score", "reading",
)  # fmt: skip
HTML(
    "<table><thead><tr>"
    + "".join(f"<th>{title}</th>" for title in titles)
    + f"</tr></thead><tbody>{tabulate(NAME_MOVER)}{tabulate(NEGATIVE_NAME_MOVER)}</tbody></table>"
)

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
circuit_rows = "".join(
    f"<tr><td>{row.address}</td><td>{row.role or row.found}</td><td>{row.slot}</td><td>{row.effect:+.1%}</td>"
    f"<td>{row.attention:.2f}</td><td>{f'{row.random_token_score:.2f}' if row.random_token_score else ''}</td>"
    f"<td>{row.minimality:.1%}</td></tr>"
    for row in nodes
)
HTML(
    "<table><thead><tr>"
    + "".join(f"<th>{title}</th>" for title in ("head", "class", "at", "effect", "attention", "score", "needed"))
    + f"</tr></thead><tbody>{circuit_rows}</tbody></table>"
)

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
n_layers = rows[-1].layer + 1
table = compare_classes(nodes, n_layers)


def show_depth(depth: float | None) -> str:
    """Returns a depth, or nothing for no heads."""
    return "" if depth is None else f"{depth:.2f}"


def show_effects(effects: tuple[float, float] | None) -> str:
    """Returns the weakest and the strongest effect, or the only one, or nothing."""
    return "" if effects is None else " to ".join(dict.fromkeys(f"{effect:+.1%}" for effect in effects))


def show_heads(heads: list) -> str:
    """Returns up to eight heads and how many there are."""
    listed = ", ".join(map(str, heads[:8])) + (", …" if len(heads) > 8 else "")
    return f"{len(heads)}: {listed}" if heads else "none"


HTML(
    "<table><thead><tr>"
    + "".join(
        f"<th>{t}</th>" for t in ("class", "GPT-2 small (paper)", "depth", f"here ({setting_name})", "depth", "effects")
    )
    + "</tr></thead><tbody>"
    + "".join(
        f"<tr><td>{row.role}</td><td>{show_heads(row.in_paper)}</td><td>{show_depth(row.paper_depth)}</td>"
        f"<td>{show_heads(row.here)}</td><td>{show_depth(row.depth)}</td>"
        f"<td>{show_effects(row.effects)}</td></tr>"
        for row in table
    )
    + "</tbody></table>"
)

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
import torch

from replications.ioi.dataset import is_one_token
from replications.ioi.method import run_at_end
from replications.ioi.words import NAMES

prompt = "When Mary and John went to the store, John gave a drink to"
answer, other = "Mary", "John"
knocked_out = [str(row.address) for row in sorted(rows, key=lambda row: row.effect)[:1]]  # such as ["23.3", "23.0"]


# %%
def tokenize(text: str) -> torch.Tensor:
    """Returns the tokens of a text, with a batch axis."""
    return model.tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"]


name_token = {name: tokenize(f" {name}")[0, 0] for name in (answer, other)}
tokens = tokenize(prompt)

# Means over the same prompt with three unrelated names, one for each mention.
rng, known = np.random.default_rng(0), [name for name in NAMES if is_one_token(name, model.tokenizer)]
places = [place for place, token in enumerate(tokens[0]) if token in name_token.values()]
others = tokens.repeat(32, 1)
for row in others:
    row[places] = torch.tensor([tokenize(f" {name}")[0, 0] for name in rng.choice(known, len(places), replace=False)])
hooks = [f"blocks.{int(head.split('.')[0])}.attn.o.hook_in" for head in knocked_out]
_, cache = model.bridge.run_with_cache(others, names_filter=hooks, return_cache_object=False)


def replace_by_mean(mixed, hook):
    """Replaces the knocked-out heads of a layer by their means."""
    mean = cache[hook.name].mean(0).reshape(mixed.shape[1], n_heads, -1)
    mixed = mixed.reshape(*mixed.shape[:2], n_heads, -1).clone()
    for head in (int(h.split(".")[1]) for h in knocked_out if hook.name.startswith(f"blocks.{h.split('.')[0]}.")):
        mixed[:, :, head] = mean[:, head]
    return mixed.reshape(cache[hook.name][:1].shape)


run = run_at_end(model.bridge, tokens)
after = model.bridge.run_with_hooks(tokens, fwd_hooks=[(name, replace_by_mean) for name in dict.fromkeys(hooks)])[:, -1]


def describe(logits: torch.Tensor) -> str:
    """Returns the likeliest next words, and the logit difference."""
    likely = logits[0].softmax(-1).topk(5)
    words = ", ".join(
        f"{html.escape(model.tokenizer.decode([token]))} {p:.0%}"
        for p, token in zip(likely.values.tolist(), likely.indices.tolist(), strict=True)
    )
    difference = float(logits[0, name_token[answer]] - logits[0, name_token[other]])
    return f"{words}; logit of {html.escape(answer)} minus logit of {html.escape(other)}: <b>{difference:.2f}</b>"


words = [html.escape(model.tokenizer.decode([token])) for token in tokens[0].tolist()]
strongest = [row for row in sorted(rows, key=lambda row: row.effect) if row.role == NAME_MOVER][:3]
shaded = "".join(
    f"<p><b>{row.address}</b> "
    + "".join(
        f'<span style="background: rgba(0, 114, 178, {weight:.2f})" title="{weight:.2f}">{word}</span>'
        for word, weight in zip(words, run.attention[row.layer, 0, row.head].tolist(), strict=True)
    )
    + "</p>"
    for row in strongest
)
HTML(
    f"<p>Next word: {describe(run.logits)}</p><p>Without {html.escape(', '.join(knocked_out))}: {describe(after)}</p>{shaded}"
)
