"""Phrase documents, and text behind the same interface."""

import hashlib
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from replications.common.byte_pairs import EncodedText, learn_encoding
from replications.common.texts import TextUnavailableError, Wheel
from replications.induction_heads import text
from replications.induction_heads.corpora import TextCorpus, find_usual_tokens
from replications.induction_heads.dataset import PhraseLanguage, make_language, write_documents
from replications.induction_heads.text import load_text
from replications.induction_heads.words import WORDS


def language(share: float = 0.75, words: int = 64) -> PhraseLanguage:
    rng = np.random.default_rng(3)
    return make_language(words, concentration=0.1, phrase_share=share, phrase_length=6, rng=rng)


def count_repeated_phrases(document: list[int]) -> int:
    runs = Counter(tuple(document[i : i + 6]) for i in range(1, len(document) - 5))
    return sum(1 for count in runs.values() if count > 1)


def test_a_document_repeats_the_phrases_that_it_owns():
    documents = write_documents(language(), 20, 128, 2, np.random.default_rng(0)).tolist()
    assert all(count_repeated_phrases(document) >= 2 for document in documents)


def test_documents_of_phrases_that_never_recur_repeat_nothing():
    documents = write_documents(language(share=1.0), 20, 128, 0, np.random.default_rng(0)).tolist()
    assert sum(count_repeated_phrases(document) for document in documents) == 0


def test_rarer_recurrence_leaves_the_statistics_of_words_alone():
    def frequencies(phrases: int) -> np.ndarray:
        documents = write_documents(language(), 400, 128, phrases, np.random.default_rng(phrases))
        return np.bincount(documents[:, 1:].flatten(), minlength=64) / (400 * 127)

    assert np.abs(frequencies(2) - frequencies(8)).max() < 0.006  # some four standard errors of a word's share


def test_outside_of_phrases_words_follow_the_bigram_chain():
    chain = language(share=0.0, words=8)
    documents = write_documents(chain, 400, 128, 4, np.random.default_rng(0))
    counts = np.zeros((8, 8))
    np.add.at(counts, (documents[:, 1:-1].flatten(), documents[:, 2:].flatten()), 1)
    seen = counts.sum(1) > 1000
    observed = counts[seen] / counts[seen].sum(1, keepdims=True)
    assert np.abs(observed - chain.transitions[seen]).max() < 0.03


def test_every_document_begins_with_the_start_token_and_the_same_seed_gives_the_same_ones():
    first, second = (write_documents(language(), 5, 64, 4, np.random.default_rng([1, 2])) for _ in range(2))
    assert (first == second).all()
    assert (first[:, 0] == 64).all() and (first[:, 1:] < 64).all()


def test_there_is_a_word_to_type_for_each_word_of_the_language():
    assert len(set(WORDS)) == len(WORDS) == 64


def make_text(tokens: int = 5000) -> EncodedText:
    sample = "def add(a, b):\n    return a + b\n" * 50
    tokenizer = learn_encoding([sample], 280)
    ids = np.resize(np.array(tokenizer.encode(sample).ids, dtype=np.uint16), tokens)
    return EncodedText(ids, ids[:2000], tokenizer)


def test_pieces_of_text_begin_with_the_start_token_and_read_back_as_text():
    corpus = TextCorpus(make_text(), context=32)
    (piece,) = corpus.draw(1, np.random.default_rng(0))
    assert piece[0] == 0 and len(piece) == 32
    assert corpus.text.tokenizer.decode(piece[1:].tolist()) in "def add(a, b):\n    return a + b\n" * 20


def test_usual_tokens_of_a_corpus_never_hold_its_start_token():
    corpus = TextCorpus(make_text(), context=32)
    usual = find_usual_tokens(corpus, np.random.default_rng(0))
    assert corpus.start not in usual and len(usual) > 100


def test_a_folder_without_text_is_refused(tmp_path: Path):
    with pytest.raises(TextUnavailableError, match="name a folder of text files"):
        load_text("folder", str(tmp_path), 300)


def test_a_wheels_python_files_are_encoded_once_and_read_from_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("INTERP_MODEL_CACHE", str(tmp_path / "models"))
    path = tmp_path / "text" / "package.whl"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(30):
            archive.writestr(f"package/module_{number}.py", f"x = {number}\n" * 40)
        archive.writestr("package/data.bin", b"\xff")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setitem(text.SOURCES, "sympy", (Wheel("package==1", "package.whl", sha256),))
    first = load_text("sympy", None, 300)
    monkeypatch.setattr(text, "_encode", None)  # a second encoding would fail
    again = load_text("sympy", None, 300)
    assert (first.training == again.training).all()
    decoded = again.tokenizer.decode(again.training.tolist())
    assert decoded.count("x = ") + again.tokenizer.decode(again.held_out.tolist()).count("x = ") == 30 * 40
