"""From facts to tokens: where the subject stands, and what role each token has."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from transformers import PreTrainedTokenizerBase

from replications.rome.dataset import Fact

ROLES = (
    "first subject token",
    "middle subject tokens",
    "last subject token",
    "first token after",
    "further tokens",
    "last token",
)
FIRST, MIDDLE, LAST_SUBJECT, AFTER, FURTHER, LAST = ROLES


@dataclass(frozen=True)
class Prompt:
    """A prompt in tokens.

    Attributes:
        tokens: of the prompt.
        subject: index of the subject's first token, and of the one after its last.
        target: tokens of the true object.
    """

    tokens: tuple[int, ...]
    subject: tuple[int, int]
    target: tuple[int, ...]

    @property
    def last_subject(self) -> int:
        """Index of the subject's last token."""
        return self.subject[1] - 1

    def places(self) -> dict[str, list[int]]:
        """Returns the positions of each role; a token that has two roles has the later one of the subject, or the last.

        Source: meng2022rome, § 2.2, Figure 2.
        """
        start, end = self.subject
        last = len(self.tokens) - 1
        after = [place for place in range(end, last)]
        return {
            FIRST: [start] if end - start > 1 else [],
            MIDDLE: list(range(start + 1, end - 1)),
            LAST_SUBJECT: [end - 1],
            AFTER: after[:1],
            FURTHER: after[1:],
            LAST: [last],
        }


class SubjectError(ValueError):
    """A prompt in which the subject is not where it should be."""


def encode(text: str, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Returns tokens without any special one."""
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def encode_object(text: str, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Returns tokens of an object, which follows a prompt after a space."""
    return encode(f" {text.strip()}", tokenizer)


def encode_prompt(fact: Fact, tokenizer: PreTrainedTokenizerBase, prefix: str = "") -> Prompt:
    """Returns the prompt of a fact, after a prefix.

    Raises:
        SubjectError: no token ends where the subject does.
    """
    text = f"{prefix}{fact.text}"
    start, end = (place + len(prefix) for place in fact.subject_span)
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    inside = [n for n, (first, after) in enumerate(encoded["offset_mapping"]) if first < end and after > start]
    if not inside or encoded["offset_mapping"][inside[-1]][1] > end:
        raise SubjectError(f"got the prompt {text!r}; expected a token to end with the subject {fact.subject!r}")
    return Prompt(
        tuple(encoded["input_ids"]), (inside[0], inside[-1] + 1), tuple(encode_object(fact.target_true, tokenizer))
    )


def choose_places(prompt: Prompt, rng: np.random.Generator) -> dict[str, int]:
    """Returns one position of each role that the prompt has."""
    return {role: int(rng.choice(places)) for role, places in prompt.places().items() if places}


def subject_tokens(prompts: Sequence[Prompt]) -> list[int]:
    """Returns the tokens of all subjects."""
    return [token for prompt in prompts for token in prompt.tokens[slice(*prompt.subject)]]
