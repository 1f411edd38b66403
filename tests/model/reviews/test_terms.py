"""Terms of reviews as hashes."""

import numpy as np

from model.reviews import terms
from model.reviews.terms import counts_of, term_counts, vocabulary


def number_of_terms(text: str) -> int:
    ((hashes, _),) = term_counts([text])
    return len(hashes)


def test_groups_of_characters_and_words() -> None:
    # a, b, ab and the word ab
    assert number_of_terms("ab") == 4
    # a, b, blank; "a ", " b"; "a b"; words a, b; the pair a b
    assert number_of_terms("a b") == 9
    assert number_of_terms("质量") == 3  # no words where a script has no spaces
    assert number_of_terms("") == 0


def test_terms_do_not_reach_from_one_text_into_the_next_and_count() -> None:
    ((hashes, counts),) = term_counts(["aa", "", "a"])
    assert counts.toarray().sum(axis=1).tolist() == [4, 0, 2]  # a twice, aa, the word; a and its word
    ((alone, _),) = term_counts(["a"])
    assert set(alone) <= set(hashes)


def test_blocks_give_the_same_counts(monkeypatch) -> None:
    texts = ["bad box", "", "good box", "质量 bad", "box"]
    together = list(term_counts(texts))
    monkeypatch.setattr(terms, "_CHARACTERS_AT_ONCE", 4)
    apart = list(term_counts(texts))
    assert len(apart) > 1
    known = vocabulary(together)
    assert np.array_equal(known, vocabulary(apart))
    assert len(known) > 0
    assert (counts_of(together, known) != counts_of(apart, known)).nnz == 0


def test_a_vocabulary_holds_terms_of_three_reviews_and_unknown_terms_are_left_out() -> None:
    known = vocabulary(list(term_counts(["aaa", "a", "a", "a", "b b b", "b"])))
    assert len(known) == 2  # the character and the word a
    counts = counts_of(list(term_counts(["b", "a z"])), known)
    assert counts.toarray().sum(axis=1).tolist() == [0, 2]
    assert counts_of([], known).shape == (0, 2)
