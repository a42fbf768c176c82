"""Our own facts have the form that the paper's have, and the authors' files load through the same interface."""

import json

import numpy as np
import pytest

from replications.rome.dataset import NEIGHBOURS, FactsError, build_facts, load_facts, read_relations


@pytest.fixture(scope="module")
def facts():
    return load_facts(None, seed=0)


def test_there_are_enough_facts_of_enough_relations(facts):
    assert len(facts) >= 600
    assert len({fact.relation for fact in facts}) >= 10
    assert len({fact.case_id for fact in facts}) == len(facts)


def test_every_fact_has_what_an_edit_is_measured_on(facts):
    for fact in facts:
        assert len(fact.paraphrases) >= 2 and len(fact.writing) >= 3
        assert len(set(fact.neighbours)) == NEIGHBOURS
        assert fact.subject in fact.text and all(fact.subject in text for text in (*fact.paraphrases, *fact.writing))
        start, end = fact.subject_span
        assert fact.text[start:end] == fact.subject and start > 0


def test_neighbours_are_other_subjects_with_the_same_object(facts):
    relations = read_relations()
    for fact in facts:
        relation = relations[fact.relation]
        others = [s for s in relation.objects[fact.target_true] if s != fact.subject]
        templates = (relation.prompt, *relation.paraphrases)
        allowed = {template.replace("{}", other) for template in templates for other in others}
        assert set(fact.neighbours) <= allowed


def test_the_new_object_is_another_one_of_the_relation_and_begins_with_another_word(facts):
    relations = read_relations()
    for fact in facts:
        assert fact.target_new in relations[fact.relation].objects
        assert fact.target_new.split()[0] != fact.target_true.split()[0]


def test_no_prompt_gives_the_object_away(facts):
    for fact in facts:
        assert fact.target_true.lower() not in fact.text.lower().split()


def test_any_beginning_of_the_list_has_all_relations(facts):
    number = len(read_relations())
    assert len({fact.relation for fact in facts[:number]}) == number


def test_the_same_seed_gives_the_same_facts():
    relations = read_relations()
    first, again = (build_facts(relations, np.random.default_rng(3)) for _ in range(2))
    assert first == again


def test_the_authors_records_load_as_facts(tmp_path):
    rewrite = {
        "prompt": "The mother tongue of {} is", "relation_id": "P103", "target_new": {"str": "English", "id": "Q1"},
        "target_true": {"str": "French", "id": "Q2"}, "subject": "Danielle Darrieux",
    }  # fmt: skip
    record = {
        "case_id": 0, "pararel_idx": 1, "requested_rewrite": rewrite, "paraphrase_prompts": ["a", "b"],
        "neighborhood_prompts": ["c"], "attribute_prompts": [], "generation_prompts": ["d"],
    }  # fmt: skip
    (tmp_path / "counterfact.json").write_text(json.dumps([record]))
    (fact,) = load_facts(tmp_path / "counterfact.json", seed=0)
    assert fact.text == "The mother tongue of Danielle Darrieux is" and fact.target_new == "English"
    known = {
        "known_id": 7, "subject": "Vinson Massif", "attribute": "Antarctica", 
        "template": "{} is located in the continent",
        "prediction": " of Antarctica", "prompt": "Vinson Massif is located in the continent", "relation_id": "P30",
    }  # fmt: skip
    (tmp_path / "known_1000.json").write_text(json.dumps([known]))
    (fact,) = load_facts(tmp_path / "known_1000.json", seed=0)
    assert fact.target_true == "Antarctica" and fact.target_new is None and fact.subject_span == (0, 13)


def test_a_file_of_something_else_is_refused(tmp_path):
    (tmp_path / "other.json").write_text('[{"question": "?"}]')
    with pytest.raises(FactsError, match=r"expected the form of counterfact\.json"):
        load_facts(tmp_path / "other.json", seed=0)
    with pytest.raises(FactsError, match="download it"):
        load_facts(tmp_path / "none.json", seed=0)


def test_a_table_with_a_subject_of_two_objects_is_refused(tmp_path):
    table = {
        "prompt": "{} is",
        "paraphrases": ["{} a", "{} b"],
        "writing": ["{} c"] * 3,
        "objects": {"x": list("abcde"), "y": list("efghi")},
    }
    (tmp_path / "facts.yml").write_text(json.dumps({"r": table}))
    with pytest.raises(FactsError, match="'e' twice"):
        read_relations(tmp_path / "facts.yml")
