"""Prompts and tokens: laws of the data, reproducibility, refusals."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import PreTrainedTokenizerFast

from replications.ioi.dataset import (
    TEMPLATES,
    Prompt,
    PromptError,
    Vocabulary,
    is_one_token,
    load_prompts,
    make_prompts,
    read_prompts,
    select_vocabulary,
)
from replications.ioi.encoding import encode_prompts

AUTHORS_PROMPT = {
    "text": "Then, Bob and Alice went to the park. Bob gave a book to Alice",
    "IO": "Alice",
    "S": "Bob",
    "TEMPLATE_IDX": 0,
    "[PLACE]": "park",
    "[OBJECT]": "book",
}


def write_prompts(folder: Path, *entries: object) -> Path:
    path = folder / "prompts.json"
    path.write_text(json.dumps(list(entries)), encoding="utf-8")
    return path


def load(path: Path) -> list[Prompt]:
    return load_prompts(path, ["Alice", "Bob", "Carl", "Dan", "Emma", "Fred"], np.random.default_rng(0))


def test_there_are_fifteen_different_templates_with_two_subjects_and_one_indirect_object():
    assert len(set(TEMPLATES)) == 15
    for template in TEMPLATES:
        assert (template.count("[B]"), template.count("[A]")) == (2, 1)
        assert template.index("[B]") < template.index("[A]") < template.rindex("[B]")
        assert not template.startswith("[") and template.endswith(" to")


def test_every_prompt_names_io_once_and_s_twice_in_order_of_its_form(prompts: list[Prompt]):
    for prompt in prompts:
        words = prompt.text.replace(",", "").replace(".", "").split()
        assert (words.count(prompt.io), words.count(prompt.s)) == (1, 2)
        first = min((prompt.io, prompt.s), key=words.index)
        assert prompt.order == ("ABBA" if first == prompt.io else "BABA")


def test_the_thirty_forms_are_drawn_about_equally_often(vocabulary: Vocabulary):
    openings = [template.split("[")[0] for template in TEMPLATES]
    per_form = 50
    prompts = make_prompts(vocabulary, 30 * per_form, np.random.default_rng(1))
    forms = Counter(
        (opening, prompt.order) for prompt in prompts for opening in openings if prompt.frame.startswith(opening)
    )
    assert len(forms) == 30 and sum(forms.values()) == len(prompts)
    assert max(abs(count - per_form) for count in forms.values()) < 4 * np.sqrt(per_form)  # four standard deviations


def test_the_corrupted_prompt_has_three_other_names_and_nothing_else_is_changed(prompts: list[Prompt]):
    for prompt in prompts:
        assert len({prompt.io, prompt.s, *prompt.unrelated}) == 5
        clean, corrupted = prompt.text.split(), prompt.corrupted_text.split()
        assert len(clean) == len(corrupted)
        assert sum(a != b for a, b in zip(clean, corrupted, strict=True)) == 3


def test_the_same_seed_gives_the_same_prompts_and_another_seed_others(vocabulary: Vocabulary):
    first, second, other = (make_prompts(vocabulary, 20, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert first == second != other


def test_words_of_several_tokens_are_dropped_and_counted(
    tokenizer: PreTrainedTokenizerFast, monkeypatch: pytest.MonkeyPatch
):
    names = ("Adam", "Anne-Marie", "Zaphod", "Alice")
    monkeypatch.setattr("replications.ioi.dataset.NAMES", names)
    vocabulary = select_vocabulary(tokenizer, minimum_names=2, minimum_words=8)
    assert vocabulary.names == ("Adam", "Alice")
    assert vocabulary.dropped == ("Anne-Marie", "Zaphod")


def test_all_words_kept_are_one_known_token(vocabulary: Vocabulary, tokenizer: PreTrainedTokenizerFast):
    assert all(is_one_token(w, tokenizer) for w in (*vocabulary.names, *vocabulary.places, *vocabulary.objects))


def test_too_few_names_are_refused(tokenizer: PreTrainedTokenizerFast):
    with pytest.raises(PromptError, match=r"names of one token .* expected at least 1000; add some to words.py"):
        select_vocabulary(tokenizer, minimum_names=1000, minimum_words=8)


@pytest.mark.parametrize("variant", [{}, {"longer_prefix": True}, {"prepend_bos": True}])
def test_positions_point_at_the_names_in_every_variant(
    prompts: list[Prompt], tokenizer: PreTrainedTokenizerFast, variant: dict[str, bool]
):
    batches = encode_prompts(prompts, tokenizer, 16, **variant)
    assert sorted(row for batch in batches for row in batch.rows) == list(range(len(prompts)))
    for batch in batches:
        rows = torch.arange(len(batch))
        for row, prompt in enumerate(prompts[row] for row in batch.rows):
            a, b, c = prompt.unrelated
            for position, name, other in ((batch.io, prompt.io, a), (batch.s1, prompt.s, b), (batch.s2, prompt.s, c)):
                assert tokenizer.decode([batch.clean[row, position[row]]]) == name
                assert tokenizer.decode([batch.corrupted[row, position[row]]]) == other
        assert (batch.s1 < batch.s2).all()
        assert torch.equal(batch.clean[rows, batch.io], batch.io_token)
        assert tokenizer.decode([batch.clean[0, -1]]) == "to"
        assert bool((batch.clean[:, 0] == tokenizer.bos_token_id).all()) == bool(variant.get("prepend_bos"))


def test_a_longer_prefix_keeps_the_distance_of_the_subjects(prompts: list[Prompt], tokenizer: PreTrainedTokenizerFast):
    def distances(longer_prefix: bool) -> dict[int, tuple[int, int]]:
        batches = encode_prompts(prompts, tokenizer, 16, longer_prefix=longer_prefix)
        return {r: (int(d), int(s)) for b in batches for r, d, s in zip(b.rows, b.s2 - b.s1, b.s1, strict=True)}

    plain, longer = distances(False), distances(True)
    assert all(plain[row][0] == longer[row][0] and plain[row][1] < longer[row][1] for row in plain)


def test_a_tokenizer_without_start_token_refuses_the_variant_with_bos(
    prompts: list[Prompt], tokenizer: PreTrainedTokenizerFast, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(type(tokenizer), "bos_token_id", None, raising=False)
    with pytest.raises(PromptError, match="without start-of-sequence token"):
        encode_prompts(prompts, tokenizer, 16, prepend_bos=True)


def test_the_authors_prompts_load_and_encode(tmp_path: Path, tokenizer: PreTrainedTokenizerFast):
    (prompt,) = load(write_prompts(tmp_path, AUTHORS_PROMPT))
    assert prompt.frame == "Then, [S1] and [IO] went to the park. [S2] gave a book to"
    assert prompt.order == "BABA"
    assert set(prompt.unrelated) <= {"Carl", "Dan", "Emma", "Fred"}
    open_ended = {**AUTHORS_PROMPT, "text": "Once Alice and Bob met at the park, Bob gave a book to"}
    (second,) = load(write_prompts(tmp_path, open_ended))
    assert second.order == "ABBA"
    (batch,) = encode_prompts([second], tokenizer, 1)
    assert batch.io.item() < batch.s1.item() < batch.s2.item()


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([], "expected a list of at least one prompt"),
        ([{"text": "x", "IO": "Alice"}], "expected text, IO and S"),
        (["Alice"], "expected text, IO and S"),
        ([{**AUTHORS_PROMPT, "S": "Alice"}], "expected IO 'Alice' once and S 'Alice' twice"),
        ([{**AUTHORS_PROMPT, "text": "Bob and Alice left. Alice gave a book to Alice"}], "expected IO 'Alice' once"),
    ],
)
def test_malformed_files_of_prompts_are_refused(tmp_path: Path, entries: list[object], message: str):
    with pytest.raises(PromptError, match=message):
        load(write_prompts(tmp_path, *entries))


def test_files_that_are_not_json_or_missing_are_refused(tmp_path: Path):
    (tmp_path / "broken.json").write_text("[{", encoding="utf-8")
    for name in ("broken.json", "missing.json"):
        with pytest.raises(PromptError, match="cannot be read as JSON"):
            load(tmp_path / name)
    with pytest.raises(PromptError, match="run the stage prepare first"):
        read_prompts(tmp_path / "missing.json")


def test_a_name_at_the_very_beginning_is_refused_where_the_space_matters(prompts: list[Prompt], tokenizer):
    class SpaceMatters:
        """A tokenizer for which a word without a leading space is another token."""

        bos_token_id = 1

        def encode(self, text: str, add_special_tokens: bool) -> list[int]:
            tokens = tokenizer.encode(text, add_special_tokens=add_special_tokens)
            return tokens if text.startswith(" ") else [0, *tokens[1:]]

    prompt = Prompt("[S1] and [IO] left, and [S2] gave a book to", "Alice", "Bob", ("Carl", "Dan", "Emma"), "", "")
    with pytest.raises(PromptError, match="at the very beginning has no leading space"):
        encode_prompts([prompt], SpaceMatters(), 1)  # type: ignore[arg-type]
