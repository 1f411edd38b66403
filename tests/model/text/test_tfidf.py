import numpy as np

from model.text.tfidf import character_grams, tfidf, words


def test_words_pairs_and_scripts_without_spaces() -> None:
    assert list(words("Red  Nail-Polish")) == ["red", "nail", "red nail", "polish", "nail polish"]
    assert list(words("口红唇")) == ["口红唇", "口红", "红唇"]
    assert list(words("  🎉 ")) == []


def test_character_grams_run_over_the_ends_of_words() -> None:
    assert list(character_grams("Opi x")) == [" opi", "opi ", " x "]
    assert list(character_grams("")) == []


def test_rows_are_unit_vectors_of_shared_terms() -> None:
    texts = ["red rose", "red red moss", "blue moss", "", "blue"]
    unit = tfidf(texts, lambda text: iter(text.split()), most_texts=2).toarray()
    # rose occurs in one text only and is left out; red, moss and blue occur in two of five each, so idf is equal.
    columns = np.argsort([next(row for row in range(5) if unit[row, col]) for col in range(3)], kind="stable")
    red = columns[0]
    assert unit[0].tolist() == (np.arange(3) == red).astype(float).tolist()
    weight = (1 + np.log(2)) / np.hypot(1 + np.log(2), 1)
    np.testing.assert_allclose(unit[1, red], weight, rtol=1e-6)
    np.testing.assert_allclose((unit**2).sum(axis=1), [1, 1, 1, 0, 1], rtol=1e-6)


def test_a_term_of_too_many_texts_is_left_out() -> None:
    unit = tfidf(["a b", "a b", "a c", "a c"], lambda text: iter(text.split()), most_texts=3)
    assert unit.shape == (4, 2)


def test_texts_without_any_term() -> None:
    assert tfidf(["", ""], words, most_texts=9).nnz == 0
