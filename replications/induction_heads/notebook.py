# %% [markdown]
# # Who was here before?
#
# A document says *… Mr Dursley …* once. The next time it says *Mr*, a good guess is *Dursley*. An **induction head** makes
# that guess: it looks for an earlier occurrence of the present token, attends to the token that came after it, and copies
# it. In the small models here two heads of different layers do it together: a **previous-token head** of the first layer
# writes, at every position, which token stood before; the induction head's keys read that (**K-composition**).

# %% tags=["remove-input"]
import os
import warnings

warnings.filterwarnings("ignore", message="IProgress not found")  # progress bars as text are fine

import torch
from IPython.display import HTML, Markdown

from replications.common.measurements import read_measurements
from replications.common.params import load_setting
from replications.common.paths import artifacts_dir, results_dir
from replications.common.tables import read_rows
from replications.induction_heads.settings import Setting
from replications.induction_heads.tables import HeadRow

name = os.environ.get("REPLICATION_SETTING", "laptop")
setting = load_setting("induction_heads", name, Setting)
measured = read_measurements("induction_heads", name)
rows = read_rows(results_dir("induction_heads", name) / "arrays" / "heads.csv", HeadRow)
trained = setting.pretrained is None
torch.set_grad_enabled(False)


def show(claim: str, digits: int = 2) -> str:
    """Returns a measurement with its 95 % interval in words."""
    m = measured[claim]
    return str(m.reason) if m.value is None else f"{m.value:.{digits}f} [{m.low:.{digits}f}, {m.high:.{digits}f}]"


# %% tags=["remove-input"]
Markdown(
    f"""
## What came out

| | one layer | one layer, smeared keys | two and three layers |
|---|---|---|---|
| has induction heads | {show("one-layer-induction-heads")} heads a model | {show("smeared-one-layer-induction-heads")} of the models | {show("induction-heads-with-more-layers")} of the models |
| in-context score, two layers = 1 | {show("one-layer-icl")} | {show("smeared-one-layer-icl")} | three layers: {show("icl-same-with-three-layers")} |
| loss curve has a bump | {show("one-layer-bump")} of the models | | {show("bump-with-more-layers")} of the models |

Intervals over three seeds are their range. In-context learning is half way at **{show("icl-and-induction-heads-co-occur")}**
times the tokens at which prefix matching is half way (1 = together), the loss falls steepest at
**{show("bump-at-the-transition")}** times. With the induction heads ablated, patterns frozen,
**{show("icl-lost-without-induction-heads")}** of the in-context score is lost; with as many other heads,
{show("icl-lost-without-random-heads")}.

On natural text, as far as the time of this setting goes, the highest prefix matching score of two-layer models is
**{show("natural-text-prefix-matching")}**, that of one-layer models {show("natural-text-one-layer")}. Where no model
passes the line of an induction head, this part shows only what precedes the transition.
"""
    if name == "laptop"
    else f"""
## What came out

Of {len(rows)} heads, **{sum(row.induction for row in rows)}** count as induction heads by both scores. The highest prefix
matching score is **{show("strongest-prefix-matching")}**. Share of the induction heads that sit in the first half of
the layers: {show("induction-heads-before-half-depth")}. Without the ten heads that match prefixes best, patterns frozen,
**{show("repetition-lost-without-induction-heads")}** of what repetition gains is lost (as many random heads:
{show("repetition-lost-without-random-heads")}), and **{show("icl-lost-without-induction-heads")}** of the in-context score on
text (random: {show("icl-lost-without-random-heads")}).
"""
    if not trained
    else "## What came out\n\nThe tables above hold the numbers of this setting."
)

# %% tags=["remove-input"]
strongest = sorted(rows, key=lambda row: -row.prefix)[:8]
titles = ("model", "seed", "head", "prefix matching", "copying", "previous token", "eigenvalues", "induction head")
HTML(
    "<p>The eight heads with the highest prefix matching score:</p><table><thead><tr>"
    + "".join(f"<th>{title}</th>" for title in titles)
    + "</tr></thead><tbody>"
    + "".join(
        f"<tr><td>{row.model}</td><td>{row.seed}</td><td>{row.layer}.{row.head}</td><td>{row.prefix:.2f}</td>"
        f"<td>{row.copying:.2f}</td><td>{row.previous:.2f}</td><td>{row.eigenvalues:.2f}</td>"
        f"<td>{'yes' if row.induction else 'no'}</td></tr>"
        for row in strongest
    )
    + "</tbody></table>"
)

# %% [markdown]
# ## Try a sequence of your own
#
# Change the sequence and run the two cells again. What does the model expect next if a word was followed by two different
# ones? If the repetition has a gap? What if nothing repeats?

# %%
if trained:
    from replications.induction_heads.runs import load_model
    from replications.induction_heads.words import WORDS

    experiment_name, experiment = next(iter(setting.experiments.items()))
    folder = artifacts_dir("induction_heads", name) / "models" / experiment_name / "two-layer"
    weights = folder / f"seed-{experiment.seeds[0]}" / "weights.safetensors"
    model = load_model(weights, experiment.shape("two-layer", len(WORDS) + 1))
else:
    from replications.common.models import load_language_model
    from replications.induction_heads.hooked import attention_patterns

    model = load_language_model(setting.pretrained.model, setting.pretrained.path)

# %%
sequence = "fox lamp stone owl key rain moon bear fox lamp stone owl"

if trained:
    tokens = torch.tensor([[len(WORDS), *(WORDS.index(word) for word in sequence.split())]])
    run = model.run(tokens)
    names, logits, patterns = ["start", *sequence.split()], run.logits[0, -1, : len(WORDS)], run.patterns
    likely = [(WORDS[token], p) for p, token in zip(*(top.tolist() for top in logits.softmax(-1).topk(5)), strict=True)]
    rows_of_model = [row for row in rows if row.model == f"{experiment_name}/two-layer" and row.seed == 0]
else:
    tokens = model.tokenizer(" " + sequence, return_tensors="pt", add_special_tokens=False)["input_ids"]
    names = [model.tokenizer.decode([token]) for token in tokens[0].tolist()]
    logits, patterns = model.bridge(tokens)[0, -1], attention_patterns(model.bridge, tokens)
    top = logits.softmax(-1).topk(5)
    likely = [(model.tokenizer.decode([t]), p) for p, t in zip(top.values.tolist(), top.indices.tolist(), strict=True)]
    rows_of_model = rows

head = max(rows_of_model, key=lambda row: row.prefix)
attention = patterns[head.layer][0, head.head, -1].tolist()
shaded = "".join(
    f'<span style="background: rgba(0, 114, 178, {0.75 * weight:.2f})" title="{weight:.2f}">{word}</span> '
    for word, weight in zip(names, attention, strict=True)
)
predicted = ", ".join(f"{word.strip() or repr(word)} {p:.0%}" for word, p in likely)  # a line break has no picture
HTML(f"<p>Next word: {predicted}</p><p>Attention of head {head.layer}.{head.head} from the last word: {shaded}</p>")
