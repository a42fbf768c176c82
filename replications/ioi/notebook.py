# %% [markdown]
# # Who gave it to whom?
#
# *When Mary and John went to the store, John gave a drink to …* A language model continues with *Mary*: the name that
# was **not** repeated. The paper calls the right answer **IO** (indirect object), the repeated name **S** (subject,
# occurring at S1 and S2), and the last position, which has to predict the answer, **END**.
#
# Its first half, replicated here, asks two questions. How surely does the model do it? And which attention heads write
# the answer, and how? The heads are found by **path patching**: take one head's output at END from a prompt with three
# unrelated names, keep all other heads as they were, and see how the logit of IO minus the logit of S changes.

# %% tags=["remove-input"]
import html
import os
import warnings

warnings.filterwarnings("ignore", message="IProgress not found")  # progress bars as text are fine

from IPython.display import HTML, Markdown

from replications.common.measurements import read_measurements
from replications.common.params import load_setting
from replications.common.paths import results_dir
from replications.ioi.settings import Setting
from replications.ioi.tables import NAME_MOVER, NEGATIVE_NAME_MOVER, HeadRow, read_rows

setting_name = os.environ.get("REPLICATION_SETTING", "smollm2-135m")
setting = load_setting("ioi", setting_name, Setting)
measured = read_measurements("ioi", setting_name)
rows = read_rows(results_dir("ioi", setting_name) / "heads.csv", HeadRow)


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
# ## Try another prompt
#
# Change the prompt and the two names, and run the two cells again: the model loads once, a prompt takes a second. Does it
# still work if the place comes first, if there is a third name, if the sentence is a question? The shading is the
# attention of the strongest name movers from the last word.

# %%
from replications.common.models import load_language_model
from replications.ioi.method import run_at_end

model = load_language_model(setting.model, setting.path)

# %%
prompt = "When Mary and John went to the store, John gave a drink to"
answer, other = "Mary", "John"

tokens = model.tokenizer(prompt, add_special_tokens=False, return_tensors="pt")["input_ids"]
run = run_at_end(model.bridge, tokens)
probabilities = run.logits[0].softmax(-1)
likely = probabilities.topk(5)
logits = {
    name: run.logits[0, model.tokenizer.encode(f" {name}", add_special_tokens=False)[0]] for name in (answer, other)
}

predictions = ", ".join(
    f"{html.escape(model.tokenizer.decode([token]))} {p:.0%}"
    for p, token in zip(likely.values.tolist(), likely.indices.tolist(), strict=True)
)
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
    f"<p>Next word: {predictions}</p><p>logit of {html.escape(answer)} minus logit of {html.escape(other)}: "
    f"<b>{float(logits[answer] - logits[other]):.2f}</b></p>{shaded}"
)
