# %% [markdown]
# # How does a network add?
#
# A small transformer sees some of the sums of two numbers modulo 113, such as 100 + 20 = 7, and is to find the others. At
# first it learns what it is shown by heart. Thousands of epochs later it gets all the others right too, within a short
# time: it *groks*. What did it find, and when?

# %% tags=["remove-input"]
import os
from pathlib import Path

import numpy as np
from IPython.display import Markdown

from replications.common.arrays import read_arrays
from replications.common.measurements import read_measurements
from replications.grokking.tables import read_frequencies

setting = os.environ.get("REPLICATION_SETTING", "until-cleanup")
results = Path("results") / setting
measured = read_measurements("grokking", setting)
frequencies = read_frequencies(results / "frequencies.json")
curves = read_arrays(results / "curves.npz")


def show(claim: str, digits: int = 3) -> str:
    """Returns a measurement in words, with its interval if there is one."""
    m = measured[claim]
    if m.value is None:
        return f"– ({m.reason})"
    epochs = m.unit == "thousand epochs"
    texts = [f"{1000 * number:,.0f}" if epochs else f"{number:.{digits}g}" for number in (m.value, m.low, m.high)]
    return texts[0] if m.low == m.high else f"{texts[0]} [{texts[1]}, {texts[2]}]"


def loss(network: str, what: str) -> str:
    """Returns a loss on held-out pairs."""
    return f"{curves[f'{network}/loss/{what}']:.2g}"


# %% [markdown]
# ## The algorithm
#
# A number a can be drawn as a hand of a clock: a full turn is 113 steps, or a k-th of them, and then the hand is at
# the angle w a with w = 2πk/113. Its place is (cos(w a), sin(w a)). To add b is to turn the hand by w b, and turning is
# multiplication:
#
# cos(w(a + b)) = cos(w a) cos(w b) − sin(w a) sin(w b), and likewise for the sine.
#
# An answer c is right if turning back by w c leads to noon. So the network adds up cos(w(a + b − c)): it is 1 for the right
# answer at every k, and for a wrong one it may be near 1 at one k but not at several. These few k are the network's *key
# frequencies*. Each network finds its own:

# %% tags=["remove-input"]
rows = [
    f"| {name.replace('-', ' ')} | {', '.join(map(str, found.key))} | {', '.join(map(str, found.embedding))} "
    f"| {loss(name, 'own')} |"
    for name, found in frequencies.items()
]
Markdown(
    "\n".join(
        [
            "| network | key frequencies (neurons to logits) | frequencies in the embedding | test loss (nats) |",
            "|---|---|---|---|",
            *rows,
        ]
    )
)

# %% [markdown]
# ## Is this really what it does?
#
# If so, the logits are a sum of cosines, the neurons are made of waves of one frequency, and nothing else is needed. The
# table gives the mean over networks and the lowest and highest of them.

# %% tags=["remove-input"]
Markdown(f"""
| question | paper | ours |
|---|---|---|
| How much of the logits is Σ α cos(w(a + b − c))? | 0.95 | {show("logits-are-cosines")} |
| How many of the neurons are waves of one frequency? | 0.846 | {show("neurons-of-one-frequency")} |
| With these cosines for logits, the loss is … times as large | 0.195 | {show("cosines-lose-less")} |
| With nothing but waves of a + b in the logits | 0.23 | {show("waves-alone")} |
| With nothing but the directions that are read off the neurons | 0.49 | {show("neuron-directions-alone")} |
| Without these directions, the loss in nats (chance: 4.73) | 5.27 | {show("neuron-directions-removed")} |
| Without the least of the key frequencies, the loss is … times as large | > 1 | {show("each-key-frequency-matters")} |
| Without as many other frequencies (a control) | | {show("other-frequencies-removed")} |
""")

# %% [markdown]
# ## When did it find it?
#
# Two losses tell. The *restricted* loss is that of the logits with the key frequencies alone: it is low as soon as the
# algorithm works, whatever else the network does. The *excluded* loss, on training pairs, is that without them: it is low as
# long as the network knows the pairs by heart. So training has three phases, in which nothing happens suddenly but the test
# loss.

# %% tags=["remove-input"]
Markdown(f"""
| phase | how it ends here | paper, epoch | ours, epoch |
|---|---|---|---|
| memorisation | the excluded loss is at its lowest | 1,400 | {show("memorisation-ends")} |
| circuit formation | the test loss has halved | 9,400 | {show("cleanup-begins")} |
| cleanup | the test loss is below 1e-5 | 14,000 | {show("cleanup-ends")} |

The restricted loss has halved after {show("restricted-loss-falls-first")} of the time that the test loss takes. During circuit
formation the excluded loss rises by {show("excluded-loss-rises")} nats, while test and training loss show nothing. In cleanup the
squared weights fall {show("weights-shrink-in-cleanup")} times as fast as before.
""")

# %% [markdown]
# ## What does it need?
#
# Weight decay makes large weights costly. Many facts learned by heart need large weights, the algorithm does not. So it wins in
# the end, if there is decay, and if there are too many facts for knowing them by heart to be cheap.

# %% tags=["remove-input"]
Markdown(f"""
| network | paper | ours |
|---|---|---|
| 60 % of the pairs: epoch at which 99 % are right | "immediately" | {show("much-data-generalises-at-once")} |
| 30 %, weight decay 1 | around 10,000 | {show("generalisation-epoch")} |
| 10 %: share right at the end | never | {show("little-data-never-generalises")} |
| no weight decay: share right at the end | never | {show("no-decay-never-generalises")} |
| weight decay 0.3: epoch at which 99 % are right | about 3,000 | {show("weak-decay-epoch")} |
| weight decay 3: epoch at which 99 % are right | about 20,000 | {show("strong-decay-epoch")} |

For the last two the paper disagrees with itself: its text says that more weight decay groks faster, and its numbers say
slower.
""")

# %% [markdown]
# ## Add with waves
#
# Here is the algorithm with the frequencies and strengths of the first network. Change a and b, or leave out frequencies, and run
# the cell again. How many are enough? How far ahead is the right answer of the second best?

# %%
network = next(iter(frequencies))
key = np.array(frequencies[network].key)
strengths = curves[f"{network}/coefficients"]
a, b = 100, 20
answers = np.arange(113)

for used in range(1, len(key) + 1):
    chosen = np.argsort(-strengths)[:used]
    angles = 2 * np.pi * key[chosen, None] * (a + b - answers) / 113
    logits = strengths[chosen] @ np.cos(angles)
    best, second = np.argsort(-logits)[:2]
    print(
        f"{sorted(key[chosen].tolist())}: {a} + {b} = {best}, ahead of {second} by {logits[best] - logits[second]:.1f}"
    )

# %% [markdown]
# ## Invent frequencies
#
# Does it matter which ones? Draw some at random and look at the smallest lead of the right answer over any other, with
# strengths of 10 each. With one frequency the neighbours on its clock are close behind; several clocks outvote them.

# %%
rng = np.random.default_rng(0)
wrong = np.arange(1, 113)
for count in (1, 2, 3, 4, 5, 8):
    drawn = np.array([rng.choice(np.arange(1, 57), count, replace=False) for _ in range(200)])
    leads = (10 - 10 * np.cos(2 * np.pi * drawn[:, :, None] * wrong / 113)).sum(axis=1).min(axis=1)
    print(f"frequencies: {count}; lead: {np.median(leads):.2f} (middle of 200 draws), {leads.max():.2f} (best)")
