"""What a reader does on the page: any prompt with two names, any heads knocked out, and what the model says then."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from replications.common.models import LanguageModel
from replications.ioi.dataset import is_one_token
from replications.ioi.encoding import name_token
from replications.ioi.method import RunAtEnd, logit_difference, run_at_end
from replications.ioi.movers import Head
from replications.ioi.words import NAMES

COUNTERPARTS = 32  # prompts with unrelated names, over which the means are taken


@dataclass(frozen=True)
class Prediction:
    """A prompt with the model's run on it.

    Attributes:
        model: the model.
        tokens: of the prompt, with a batch axis.
        answer: the name that should follow.
        other: the name that should not.
        run: what the model computes at the last position.
    """

    model: LanguageModel
    tokens: Tensor
    answer: str
    other: str
    run: RunAtEnd

    def without(self, heads: Sequence[Head], rng: np.random.Generator) -> Float[Tensor, "1 d_vocab"]:
        """Returns the logits with heads replaced, at every position, by their means over unrelated names."""
        bridge, tokenizer = self.model.bridge, self.model.tokenizer
        known = [name for name in NAMES if is_one_token(name, tokenizer)]
        names = [name_token(name, tokenizer) for name in (self.answer, self.other)]
        places = [place for place, token in enumerate(self.tokens[0]) if token in names]
        unrelated = self.tokens.repeat(COUNTERPARTS, 1)
        for row in unrelated:
            drawn = rng.choice(known, len(places), replace=False)
            row[places] = torch.tensor([name_token(str(name), tokenizer) for name in drawn])
        hooks = {f"blocks.{layer}.attn.o.hook_in": layer for layer, _ in heads}
        _, cache = bridge.run_with_cache(unrelated, names_filter=list(hooks), return_cache_object=False)

        def replace(mixed: Tensor, hook: object) -> Tensor:
            name = str(getattr(hook, "name", ""))
            by_head = (*mixed.shape[:2], bridge.cfg.n_heads, bridge.cfg.d_head)
            replaced, mean = mixed.reshape(by_head).clone(), cache[name].mean(0).reshape(by_head[1:])
            for head in (h.head for h in heads if h.layer == hooks[name]):
                replaced[:, :, head] = mean[:, head]
            return replaced.reshape(mixed.shape)

        return bridge.run_with_hooks(self.tokens, fwd_hooks=[(name, replace) for name in hooks])[:, -1]

    def describe(self, logits: Float[Tensor, "1 d_vocab"]) -> str:
        """Returns the likeliest next words, and the logit difference, as HTML."""
        likely, tokenizer = logits[0].softmax(-1).topk(5), self.model.tokenizer
        pairs = zip(likely.values.tolist(), likely.indices.tolist(), strict=True)
        words = ", ".join(f"{html.escape(tokenizer.decode([token]))} {share:.0%}" for share, token in pairs)
        names = (torch.tensor([name_token(name, tokenizer)]) for name in (self.answer, self.other))
        difference = logit_difference(logits, *names).item()
        answer, other = html.escape(self.answer), html.escape(self.other)
        return f"{words}; logit of {answer} minus logit of {other}: <b>{difference:.2f}</b>"

    def shade(self, head: Head) -> str:
        """Returns the prompt as HTML, each word shaded by a head's attention from the last one."""
        words = [html.escape(self.model.tokenizer.decode([token])) for token in self.tokens[0].tolist()]
        attention = self.run.attention[head.layer, 0, head.head].tolist()
        return (
            f"<p><b>{head}</b> "
            + "".join(
                f'<span style="background: rgba(0, 114, 178, {weight:.2f})" title="{weight:.2f}">{word}</span>'
                for word, weight in zip(words, attention, strict=True)
            )
            + "</p>"
        )


def predict(model: LanguageModel, prompt: str, answer: str, other: str) -> Prediction:
    """Returns the model's run on a prompt that should go on with `answer` and not with `other`."""
    tokens = model.tokenizer(prompt, add_special_tokens=False, return_tensors="pt")["input_ids"]
    return Prediction(model, tokens, answer, other, run_at_end(model.bridge, tokens))
