"""Prompts as tokens: batches of one length, so nothing is padded, with the positions of the names."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from replications.ioi.dataset import Prompt, PromptError

# The positions at which heads of the circuit act, in their order in a prompt (wang2023ioi, § 3).
S1_NEXT, S2, END = "S1+1", "S2", "END"
SLOTS = (S1_NEXT, S2, END)


@dataclass(frozen=True)
class PromptBatch:
    """Prompts of equal length. END is the last position.

    Attributes:
        rows: indices of the prompts in the list that was encoded.
        clean: tokens of p_IOI.
        corrupted: tokens of p_ABC, the same but for the three names.
        io_token: token of the indirect object, the right answer.
        s_token: token of the subject.
        io: position of the indirect object.
        s1: position of the first occurrence of the subject.
        s2: position of the second.
    """

    rows: Int[np.ndarray, " batch"]
    clean: Int[Tensor, "batch position"]
    corrupted: Int[Tensor, "batch position"]
    io_token: Int[Tensor, " batch"]
    s_token: Int[Tensor, " batch"]
    io: Int[Tensor, " batch"]
    s1: Int[Tensor, " batch"]
    s2: Int[Tensor, " batch"]

    def position(self, slot: str) -> Int[Tensor, " batch"]:
        """Returns where a slot is in each prompt: S1+1 (which induction heads attend to), S2 or END."""
        end = torch.full_like(self.s2, self.clean.shape[1] - 1)
        return {S1_NEXT: self.s1 + 1, S2: self.s2, END: end}[slot]

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class _EncodedPrompt:
    row: int
    clean: list[int]
    corrupted: list[int]
    io: int
    s1: int
    s2: int


def encode_prompts(
    prompts: Sequence[Prompt],
    tokenizer: PreTrainedTokenizerBase,
    batch_size: int,
    *,
    longer_prefix: bool = False,
    prepend_bos: bool = False,
) -> list[PromptBatch]:
    """Returns the prompts in batches of equal length, in an order of no meaning; `rows` says which is which.

    No start-of-sequence token is added unless asked, as in the paper's code.

    Args:
        prompts: the prompts.
        tokenizer: the model's own.
        batch_size: the most prompts in a batch.
        longer_prefix: put the prompt's prefix sentence before it.
        prepend_bos: put the start-of-sequence token before everything.

    Raises:
        PromptError: a name is not one token, is not where it should be, or there is no start-of-sequence token.
    """
    if prepend_bos and tokenizer.bos_token_id is None:
        raise PromptError("got a tokenizer without start-of-sequence token; expected one for the variant with BOS")
    start = [int(tokenizer.bos_token_id)] if prepend_bos else []
    by_length: dict[int, list[_EncodedPrompt]] = defaultdict(list)
    for row, prompt in enumerate(prompts):
        before = f"{prompt.prefix} " if longer_prefix else ""
        encoded = _encode_prompt(row, prompt, before, start, tokenizer)
        by_length[len(encoded.clean)].append(encoded)
    return [
        _stack(group[first : first + batch_size])
        for _, group in sorted(by_length.items())
        for first in range(0, len(group), batch_size)
    ]


def _encode_prompt(
    row: int, prompt: Prompt, before: str, start: list[int], tokenizer: PreTrainedTokenizerBase
) -> _EncodedPrompt:
    clean = start + tokenizer.encode(before + prompt.text, add_special_tokens=False)
    corrupted = start + tokenizer.encode(before + prompt.corrupted_text, add_special_tokens=False)
    io_token, s_token = name_token(prompt.io, tokenizer), name_token(prompt.s, tokenizer)
    io, s = ([place for place, token in enumerate(clean) if token == name] for name in (io_token, s_token))
    if (len(io), len(s)) != (1, 2):
        raise PromptError(
            f"prompt {row}, {prompt.text!r}: got the token of IO {len(io)} times and that of S {len(s)} times; "
            "expected 1 and 2 (a name at the very beginning has no leading space, so it is another token)"
        )
    expected = list(clean)
    for place, name in zip((io[0], *s), prompt.unrelated, strict=True):
        expected[place] = name_token(name, tokenizer)
    if corrupted != expected:
        raise PromptError(
            f"prompt {row}, {prompt.corrupted_text!r}: got p_ABC tokens that differ from p_IOI not in the names alone; "
            "expected the same tokens around the names"
        )
    return _EncodedPrompt(row, clean, corrupted, io[0], s[0], s[1])


def name_token(name: str, tokenizer: PreTrainedTokenizerBase) -> int:
    """Returns the token of a name with its leading space.

    Raises:
        PromptError: the name is not one token.
    """
    tokens = tokenizer.encode(f" {name}", add_special_tokens=False)
    if len(tokens) != 1:
        raise PromptError(f"got {len(tokens)} tokens for the name {name!r}; expected one with this model's tokenizer")
    return int(tokens[0])


def _stack(group: Sequence[_EncodedPrompt]) -> PromptBatch:
    clean = torch.tensor([encoded.clean for encoded in group])
    io, s1, s2 = (torch.tensor([getattr(encoded, name) for encoded in group]) for name in ("io", "s1", "s2"))
    batch = torch.arange(len(group))
    return PromptBatch(
        rows=np.array([encoded.row for encoded in group]),
        clean=clean,
        corrupted=torch.tensor([encoded.corrupted for encoded in group]),
        io_token=clean[batch, io],
        s_token=clean[batch, s1],
        io=io,
        s1=s1,
        s2=s2,
    )
