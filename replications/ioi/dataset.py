"""The prompts: p_IOI, its corrupted counterpart p_ABC, and the reader of the authors' own prompts.

Source: wang2023ioi, § 2 (task), § 2.1 (p_ABC), App. E (templates, names, words).
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from transformers import PreTrainedTokenizerBase

from replications.ioi.words import NAMES, OBJECTS, PLACES

# Deviation: own-templates
# [B] is the subject, [A] the indirect object, as in App. E; this is the BABA order, ABBA swaps the first two names.
TEMPLATES = (
    "As soon as [B] and [A] reached the [PLACE], [B] handed a [OBJECT] to",
    "Once [B] and [A] had left the [PLACE], [B] offered a [OBJECT] to",
    "Yesterday [B] and [A] walked to the [PLACE]. [B] passed a [OBJECT] to",
    "Last week [B] and [A] met at the [PLACE]. [B] sold a [OBJECT] to",
    "On Monday [B] and [A] were waiting near the [PLACE], and [B] showed a [OBJECT] to",
    "Since the [PLACE] was closed, [B] and [A] stayed outside, and [B] lent a [OBJECT] to",
    "In the morning [B] and [A] drove to the [PLACE]. [B] wanted to bring a [OBJECT] to",
    "Before [B] and [A] came back from the [PLACE], [B] promised a [OBJECT] to",
    "At the [PLACE], [B] and [A] bought a [OBJECT]. [B] decided to leave it to",
    "Although [B] and [A] were late at the [PLACE], [B] still gave a [OBJECT] to",
    "Outside the [PLACE], [B] and [A] talked for a long time, and then [B] threw a [OBJECT] to",
    "The owner of the [PLACE] knew [B] and [A]. That evening [B] mailed a [OBJECT] to",
    "Two friends, [B] and [A], shared a [OBJECT] at the [PLACE]. [B] handed it back to",
    "During the visit to the [PLACE], [B] and [A] had a quarrel. Later [B] said sorry to",
    "While [B] and [A] were cleaning the [PLACE], [B] gave the old [OBJECT] to",
)

# Sentences before the prompt: they move every name, and keep the distance from S1 to S2.
PREFIXES = (
    "It had rained all night and the streets were still empty.",
    "Nothing much had happened for weeks, and nobody expected any news.",
    "The summer was long and warm that year, and the days went by slowly.",
)


class PromptError(ValueError):
    """Prompts, or words for them, that cannot be used."""


@dataclass(frozen=True)
class Vocabulary:
    """The words that fill the templates, each of one token with its leading space."""

    names: tuple[str, ...]
    places: tuple[str, ...]
    objects: tuple[str, ...]
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prompt:
    """One prompt of p_IOI with its counterpart of p_ABC.

    Attributes:
        frame: the text up to END, with [IO], [S1] and [S2] where the names stand.
        io: name of the indirect object.
        s: name of the subject.
        unrelated: the names A, B, C that take the places of IO, S1, S2 in p_ABC.
        prefix: a sentence for the variant with a longer prefix.
        form: the template and the order of the names; means over p_ABC are taken within it.
    """

    frame: str
    io: str
    s: str
    unrelated: tuple[str, str, str]
    prefix: str
    form: str

    @property
    def text(self) -> str:
        """The prompt of p_IOI."""
        return fill_frame(self.frame, (self.io, self.s, self.s))

    @property
    def corrupted_text(self) -> str:
        """The prompt of p_ABC."""
        return fill_frame(self.frame, self.unrelated)

    @property
    def order(self) -> str:
        """ABBA if the indirect object is named first, else BABA."""
        return "ABBA" if self.frame.index("[IO]") < self.frame.index("[S1]") else "BABA"


def fill_frame(frame: str, names: tuple[str, str, str]) -> str:
    """Returns the frame with `names` in the places of IO, S1 and S2."""
    for slot, name in zip(("[IO]", "[S1]", "[S2]"), names, strict=True):
        frame = frame.replace(slot, name)
    return frame


def select_vocabulary(tokenizer: PreTrainedTokenizerBase, minimum_names: int, minimum_words: int) -> Vocabulary:
    """Returns the words that are one token with a leading space in the model's own tokenizer; the others are counted.

    Source: wang2023ioi, App. E: "All the words chosen were one token long".

    Raises:
        PromptError: fewer than `minimum_names` names, or than `minimum_words` places or objects, are left.
    """
    kept: list[tuple[str, ...]] = []
    for kind, words, minimum in (
        ("names", NAMES, minimum_names),
        ("places", PLACES, minimum_words),
        ("objects", OBJECTS, minimum_words),
    ):
        kept.append(tuple(word for word in words if is_one_token(word, tokenizer)))
        if len(kept[-1]) < minimum:
            raise PromptError(
                f"got {len(kept[-1])} {kind} of one token (of {len(words)}) with this tokenizer; expected at least "
                f"{minimum}; add some to words.py, or lower the minimum in params.yaml (prepare)"
            )
    dropped = tuple(word for word in (*NAMES, *PLACES, *OBJECTS) if not any(word in words for words in kept))
    return Vocabulary(kept[0], kept[1], kept[2], dropped)


def is_one_token(word: str, tokenizer: PreTrainedTokenizerBase) -> bool:
    """Returns whether ` word` is a single known token."""
    tokens = tokenizer.encode(f" {word}", add_special_tokens=False)
    return len(tokens) == 1 and tokens[0] != tokenizer.unk_token_id


def make_prompts(vocabulary: Vocabulary, count: int, rng: np.random.Generator) -> list[Prompt]:
    """Returns `count` prompts, each of a form drawn uniformly from the 30 (15 templates, BABA or ABBA).

    Source: wang2023ioi, § 2 and App. E.
    """
    prompts = []
    for _ in range(count):
        template = TEMPLATES[rng.integers(len(TEMPLATES))]
        first, second = ("[S1]", "[IO]") if rng.integers(2) else ("[IO]", "[S1]")
        form = template.replace("[B]", first, 1).replace("[A]", second, 1).replace("[B]", "[S2]")
        frame = form.replace("[PLACE]", str(rng.choice(vocabulary.places)))
        frame = frame.replace("[OBJECT]", str(rng.choice(vocabulary.objects)))
        prompts.append(_draw_names(frame, form, vocabulary.names, rng))
    return prompts


def load_prompts(path: Path, names: Sequence[str], rng: np.random.Generator) -> list[Prompt]:
    """Returns the prompts of a file in the authors' form; names for p_ABC and prefixes are drawn here.

    They come as in `ioi_prompts` of the authors' code: a JSON list of objects, of which these keys are read:

        {"text": "Then, Bob and Alice went to the store. Bob gave a ring to Alice", "IO": "Alice", "S": "Bob",
         "[PLACE]": "store", "[OBJECT]": "ring"}

    The last IO of `text`, which is the answer, may be left out; place and object too, but they are what prompts of one
    template may differ in, so without them prompts that differ in them count as different templates.

    Raises:
        PromptError: the file is no such list, or a prompt does not name IO once and S twice.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise PromptError(f"{path}: cannot be read as JSON ({error}); expected prompts in the authors' form") from error
    if not isinstance(entries, list) or not entries:
        raise PromptError(f"{path}: got {type(entries).__name__}; expected a list of at least one prompt")
    prompts = []
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict) or not all(isinstance(entry.get(key), str) for key in ("text", "IO", "S")):
            raise PromptError(f"{path}: prompt {number}: got {entry!r:.80}; expected text, IO and S, each a string")
        frame = _find_frame(entry["text"], entry["IO"], entry["S"], f"{path}: prompt {number}")
        form = frame
        for slot in ("[PLACE]", "[OBJECT]"):
            form = form.replace(str(entry.get(slot) or slot), slot)
        prompts.append(_draw_names(frame, form, names, rng, entry["IO"], entry["S"]))
    return prompts


def read_prompts(path: Path) -> list[Prompt]:
    """Returns the prompts that the stage `prepare` wrote.

    Raises:
        PromptError: there is no such file.
    """
    if not path.is_file():
        raise PromptError(f"got no {path}; run the stage prepare first (`make repro NAME=ioi` runs all)")
    entries = json.loads(path.read_text(encoding="utf-8"))["prompts"]
    return [Prompt(**{**entry, "unrelated": tuple(entry["unrelated"])}) for entry in entries]


def _find_frame(text: str, io: str, s: str, place: str) -> str:
    words = re.sub(rf"\s+{re.escape(io)}\s*$", "", text)
    counts = {name: len(re.findall(rf"\b{re.escape(name)}\b", words)) for name in (io, s)}
    if io == s or counts != {io: 1, s: 2}:
        raise PromptError(
            f"{place}: got {counts} before the answer in {text!r}; expected IO {io!r} once and S {s!r} twice"
        )
    frame = re.sub(rf"\b{re.escape(io)}\b", "[IO]", words)
    return re.sub(rf"\b{re.escape(s)}\b", "[S2]", re.sub(rf"\b{re.escape(s)}\b", "[S1]", frame, count=1))


def _draw_names(
    frame: str, form: str, names: Sequence[str], rng: np.random.Generator, io: str | None = None, s: str | None = None
) -> Prompt:
    """IO and S, unless given, and three other names for p_ABC: all different."""
    given = [name for name in (io, s) if name is not None]
    others = [name for name in names if name not in given]
    drawn = [*given, *(str(name) for name in rng.choice(others, size=5 - len(given), replace=False))]
    prefix = PREFIXES[rng.integers(len(PREFIXES))]
    return Prompt(frame, drawn[0], drawn[1], (drawn[2], drawn[3], drawn[4]), prefix, form)
