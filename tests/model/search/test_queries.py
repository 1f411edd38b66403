"""One form of queries and titles."""

from __future__ import annotations

import pytest

from model.search.queries import MOST_TERMS, Term, grams, head, index_terms, normalised, terms


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("  Ceiling   FANS ", "ceiling fan"),
        ("8' x 4ft lattice", "8 ft 4 ft lattice"),
        ('1-1/2" PVC', "1.5 in pvc"),
        ("1 1/2 inch pvc", "1.5 in pvc"),
        ("1\u00bd in pvc", "1.5 in pvc"),
        ("18V drill", "18 v drill"),
        ("18-volt drill", "18 v drill"),
        ("2x4x8 studs", "2 4 8 stud"),
        ("100 sq. ft. roll", "100 sq ft roll"),
        ("\uff16 英寸 水龙头", "6 in 水龙头"),
        ("black &amp; decker", "black decker"),
        ("", ""),
        ("?!", ""),
    ],
)
def test_spellings_of_one_query_have_one_form(text: str, form: str) -> None:
    assert normalised(text) == form


@pytest.mark.parametrize("text", ["8' x 4ft lattice", "boxes of 1 1/2 inch screws", "60w led", "1/2 in. x 3 ft."])
def test_the_form_of_a_form_is_itself(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


def test_a_number_has_its_unit() -> None:
    assert terms("6 ft. ladder") == [Term("6", "ft"), Term("ladder")]
    assert index_terms(terms("6 ft. ladder")) == ["6", "ladder", "6 ft"]


def test_chinese_is_segmented_and_other_scripts_without_spaces_become_pairs() -> None:
    assert [term.text for term in terms("不锈钢水龙头")] == ["不锈钢", "水龙头"]
    assert [term.text for term in terms("ไทยดี")] == ["ไท", "ทย", "ยด"]


def test_groups_of_characters_stay_within_words() -> None:
    assert grams(terms("red fan")) == [" red", "red ", " fan", "fan "]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("ceiling fans with lights", "fan"),
        ("for 6 ft. ladders", "ladder"),
        ("3/4 in. elbow", "elbow"),
        ("10", ""),
        ("", ""),
    ],
)
def test_the_head_is_the_last_word_before_what_a_product_is_for(text: str, word: str) -> None:
    assert head(terms(text)) == word


def test_a_long_text_is_cut() -> None:
    assert len(terms("word " * 1_000)) == MOST_TERMS
    assert terms("9" * 5_000 + "/" + "9" * 5_000)
