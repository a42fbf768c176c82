"""Edits one fact by every method, and measures the model before and after."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from replications.common.arrays import Arrays
from replications.common.models import LanguageModel
from replications.common.params import StageParams
from replications.rome.covariance import load_moments
from replications.rome.dataset import Fact
from replications.rome.decoder import Decoder
from replications.rome.encoding import SubjectError, encode, encode_object, encode_prompt
from replications.rome.evaluation import Questions, Scores, probabilities, score, write_on
from replications.rome.method import (
    Association,
    Rewriting,
    TuningParams,
    ValueParams,
    edited,
    factorise,
    find_association,
    fine_tune,
    rank_one_update,
)
from replications.rome.settings import Setting, load_decoder
from replications.rome.tables import FT, FTL, IDENTITY, ROME, UNEDITED, EditRow

WRITERS = (UNEDITED, FT, FTL, ROME)
OPENINGS = ("The", "Therefore", "Because", "I", "You")  # of the prefixes, as in the authors' code
LENGTHS = (5, 10)  # tokens of a prefix (E.5)


class Params(StageParams):
    """Section `edit` of `params.yaml`, which says what each number means."""

    seed: int
    prefixes: int
    v_steps: int
    kl_factor: float
    v_decay: float
    stop_loss: float
    ft_steps: int
    ft_step: float
    ft_stop_loss: float
    text_tokens: int
    top_k: int


@dataclass(frozen=True)
class Change:
    """What a method would do to a matrix."""

    method: str
    layer: int
    matrix: Float[Tensor, "d_model d_mlp"]
    constraint: float = 0.0
    loss: float = 0.0


@dataclass(frozen=True)
class Editor:
    """What all facts are edited with.

    Attributes:
        decoder: the model, which is as before after every edit.
        tokenizer: the model's.
        params: of the stage.
        setting: sizes and layers.
        factors: Cholesky factor of C by layer.
        prefixes: texts before the prompt; the first is empty.
    """

    decoder: Decoder
    tokenizer: PreTrainedTokenizerBase
    params: Params
    setting: Setting
    factors: Mapping[int, Float[Tensor, "d_mlp d_mlp"]]
    prefixes: Sequence[str]

    def associate(self, fact: Fact, layer: int) -> Association:
        """Returns k* and v* of a fact at a layer."""
        p, s = self.params, self.setting
        # Deviation: published-code
        value = ValueParams(p.v_steps, s.v_step, p.kl_factor, p.v_decay, s.v_clamp, p.stop_loss)
        return find_association(self.decoder, layer, self.rewriting(fact), value)

    def rewriting(self, fact: Fact) -> Rewriting:
        """Returns a fact in tokens, behind every prefix.

        Raises:
            SubjectError: behind a prefix the end of the prompt is cut into other tokens.
        """
        prompts = [encode_prompt(fact, self.tokenizer, prefix) for prefix in self.prefixes]
        after = {len(prompt.tokens) - prompt.last_subject for prompt in prompts}
        if len(after) > 1:
            raise SubjectError(f"got the prompt {fact.text!r}, whose end has {after} tokens; expected one number")
        essence = encode_prompt(fact.model_copy(update={"prompt": "{} is a"}), self.tokenizer)
        target = encode_object(str(fact.target_new), self.tokenizer)
        return Rewriting(
            [p.tokens for p in prompts], target, after.pop(), essence.tokens, len(essence.tokens) - essence.last_subject
        )

    def questions(self, fact: Fact) -> Questions:
        """Returns the prompts that an edit of a fact is measured on."""
        paraphrases, neighbours = (
            [encode(t, self.tokenizer) for t in texts] for texts in (fact.paraphrases, fact.neighbours)
        )
        objects = (encode_object(str(text), self.tokenizer) for text in (fact.target_true, fact.target_new))
        return Questions(encode(fact.text, self.tokenizer), paraphrases, neighbours, *objects)

    def change(self, association: Association, layer: int, *, identity: bool = False) -> Change:
        """Returns what ROME does to the matrix of a layer; with `identity`, as if C were the identity."""
        weights, factor = self.decoder.layers[layer].w_down, self.factors[layer]
        factor = torch.eye(len(factor), dtype=factor.dtype, device=factor.device) if identity else factor
        matrix = rank_one_update(weights, factor, association.key, association.value)
        reached = (weights + matrix) @ association.key
        error = float((reached - association.value).norm() / association.value.norm())
        return Change(IDENTITY if identity else ROME, layer, matrix, error, association.loss[1])

    def tune(self, fact: Fact) -> Iterator[Change]:
        """Yields what FT and FT+L do."""
        s, p = self.setting, self.params
        # Deviation: fine-tuning-layers
        prompt, target = encode(fact.text, self.tokenizer), encode_object(str(fact.target_new), self.tokenizer)
        for method, layer, bound in ((FT, s.ft_layer, None), (FTL, s.ftl_layer, s.ftl_bound)):
            params = TuningParams(p.ft_steps, p.ft_step, p.ft_stop_loss, bound)
            yield Change(method, layer, fine_tune(self.decoder, layer, prompt, target, params))

    def run(self, fact: Fact, *, swept: bool, writing: bool, like: Sequence[Fact]) -> dict[str, np.ndarray]:
        """Returns rows (strings, as `EditRow` reads them) and texts by method of all edits of one fact.

        Args:
            fact: with a new object.
            swept: whether ROME edits every layer of the sweep.
            writing: whether the model writes texts.
            like: facts that have the new object as their true one; reference texts are about them.
        """
        questions, generator_seed = self.questions(fact), self.params.seed * 1_000_003 + fact.case_id
        before = score(probabilities(self.decoder, questions), len(fact.paraphrases))
        rows = [self._row(fact, None, before, before.new, restored=True)]
        texts = {"text " + UNEDITED: self._write(fact.writing, generator_seed)} if writing else {}
        for change in self._changes(fact, swept):
            weights = self.decoder.layers[change.layer].w_down
            original = weights.clone()
            with edited(self.decoder, change.layer, change.matrix):
                after = score(probabilities(self.decoder, questions), len(fact.paraphrases))
                at_main_layer = change.method != ROME or change.layer == self.setting.edit_layer
                if writing and change.method in WRITERS and at_main_layer:
                    texts["text " + change.method] = self._write(fact.writing, generator_seed)
            rows.append(self._row(fact, change, after, before.new, restored=torch.equal(weights, original)))
        if writing and like:
            # Deviation: own-reference-texts
            prompts = [other.writing[place % len(other.writing)] for place, other in enumerate(like)]
            texts["text reference"] = self._write(prompts, generator_seed)
        return {"rows": np.array([[str(getattr(row, f.name)) for f in fields(EditRow)] for row in rows]), **texts}

    def _changes(self, fact: Fact, swept: bool) -> Iterator[Change]:
        yield from self.tune(fact)
        main = self.setting.edit_layer
        for layer in (main, *(layer for layer in self.setting.sweep_layers if swept and layer != main)):
            association = self.associate(fact, layer)
            yield self.change(association, layer)
            if layer == main:
                yield self.change(association, layer, identity=True)

    def _row(self, fact: Fact, change: Change | None, scores: Scores, before: float, *, restored: bool) -> EditRow:
        weights = None if change is None else self.decoder.layers[change.layer].w_down
        named = {f.name: getattr(scores, f.name) for f in fields(Scores) if f.name != "new"}
        return EditRow(
            case_id=fact.case_id,
            relation=fact.relation,
            method=UNEDITED if change is None else change.method,
            layer=-1 if change is None else change.layer,
            rewrite=(scores.new - before) / (1 - before),
            change=0.0 if change is None or weights is None else float(change.matrix.norm() / weights.norm()),
            constraint=0.0 if change is None else change.constraint,
            loss=0.0 if change is None else change.loss,
            restored=int(restored),
            **named,
        )

    def _write(self, beginnings: Sequence[str], seed: int) -> np.ndarray:
        # Deviation: shorter-texts
        prompts = [encode(text, self.tokenizer) for text in beginnings]
        generator = torch.Generator().manual_seed(seed)
        written = write_on(self.decoder, prompts, self.params.text_tokens, self.params.top_k, generator)
        return np.array([self.tokenizer.decode([*p, *w]) for p, w in zip(prompts, written, strict=True)])


@dataclass(frozen=True)
class Task:
    """One fact, how much is done with it, and facts that have its new object as their true one."""

    fact: Fact
    like: list[Fact]
    swept: bool
    writing: bool


def open_editor(params: Params, setting: Setting, prefixes: tuple[str, ...]) -> Callable[[Task], Arrays]:
    """Loads the model, and returns what edits one fact by every method."""
    decoder, model = load_decoder(setting)
    factors = {layer: factorise(matrix) for layer, matrix in find_moments(decoder, model, setting).items()}
    editor = Editor(decoder, model.tokenizer, params, setting, factors, prefixes)
    return lambda task: editor.run(task.fact, swept=task.swept, writing=task.writing, like=task.like)


def find_moments(decoder: Decoder, model: LanguageModel, setting: Setting) -> dict[int, Float[Tensor, "d_mlp d_mlp"]]:
    """Returns C of every layer that is edited; estimated once, then kept beside the models."""
    # Deviation: covariance-text
    return load_moments(
        decoder, model.tokenizer, model.weights_sha256, setting.edited_layers,
        tokens=setting.covariance_tokens, text=setting.text,
    )  # fmt: skip


def draw_prefixes(decoder: Decoder, tokenizer: PreTrainedTokenizerBase, params: Params) -> list[str]:
    """Returns the empty prefix, and sentences that the model writes.

    Source: meng2022rome, App. E.5.
    """
    # Deviation: fewer-prefixes
    generator = torch.Generator().manual_seed(params.seed)
    openings = [OPENINGS[place % len(OPENINGS)] for place in range(params.prefixes // len(LENGTHS))]
    tokens = [encode(opening, tokenizer) for opening in openings]
    prefixes = [""]
    for length in LENGTHS:
        written = write_on(decoder, tokens, length - 1, params.top_k, generator) if tokens else []
        for opening, more in zip(tokens, written, strict=True):
            text = " ".join(tokenizer.decode([*opening, *more]).split())
            prefixes.append(f"{text}. ")
    return prefixes
