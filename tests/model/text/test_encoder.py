"""Vectors: order, equality with a single text, odd texts, scripts, threads."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from model.text.bars import Bar
from model.text.encoder import Encoder
from tests.model.text.tiny import opened

TEXTS = ["green tea", "milk", "fresh red apple bread wine milk tea", "milk", "", "bread, fresh"]


def test_vectors_keep_the_order_of_the_texts_and_equal_those_of_single_texts(minilm: Encoder) -> None:
    together = minilm.encode_items(TEXTS, batch_size=2)
    alone = np.concatenate([minilm.encode_items([text], batch_size=1) for text in TEXTS])
    assert together.shape == (6, minilm.dimension)
    assert together.dtype == np.float32
    assert np.linalg.norm(together, axis=1) == pytest.approx(np.ones(6), abs=1e-5)
    assert (together * alone).sum(axis=1) == pytest.approx(np.ones(6), abs=1e-5)


def test_similar_meanings_are_close(minilm: Encoder) -> None:
    milk, cream, detergent = minilm.encode_items(["whole milk 1 gallon", "dairy cream", "laundry detergent"], 8)
    assert milk @ cream > milk @ detergent


def test_each_distinct_text_is_computed_once(tiny: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[int] = []
    whole = Encoder._vectors
    monkeypatch.setattr(
        Encoder, "_vectors", lambda self, batch: rows.append(len(batch["input_ids"])) or whole(self, batch)
    )
    tiny.encode_items(["milk", "tea", "milk", "milk", "bread"], batch_size=2)
    assert rows == [2, 1]


def test_the_mean_is_over_the_tokens_of_the_text_alone(tiny: Encoder) -> None:
    """By hand: the mean of the states of every token of a single text, divided by its length."""
    batch = tiny.tokenizer("item: milk tea", return_tensors="pt")
    with torch.inference_mode():
        mean = tiny.model(**batch).last_hidden_state[0].mean(dim=0).numpy()
    padded_beside_a_longer_text = tiny.encode_items(["milk tea", "milk tea wine red bread apple"], 2)[0]
    assert padded_beside_a_longer_text == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)


def test_items_shoppers_and_queries_differ(tiny: Encoder) -> None:
    sides = [encode(["milk"], 1) for encode in (tiny.encode_items, tiny.encode_users, tiny.encode_queries)]
    assert not any(np.allclose(one, other, atol=1e-3) for one, other in itertools.combinations(sides, 2))
    assert sides[2] == pytest.approx(tiny.encode(["query: milk"], tiny.settings.max_item_tokens, 1), abs=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "milk",
        "milk " * 10_000,
        "m" * 50_000,
        "🍕🥛👩‍👩‍👧",
        "牛奶 milk молоко حليب दूध",
        "\x00\t\n",
        "[PAD] [MASK]",
    ],
)
def test_any_text_has_a_unit_vector(minilm: Encoder, text: str) -> None:
    assert np.linalg.norm(minilm.encode_users([text], 4)) == pytest.approx(1.0, abs=1e-5)


def test_no_texts_give_no_vectors(tiny: Encoder) -> None:
    assert tiny.encode_items([], 4).shape == (0, 24)


def test_chinese_titles_are_read_character_by_character(tiny: Encoder) -> None:
    """纯牛奶 and 鲜牛奶 share two of three characters, 绿茶 none with either; none contains a space."""
    assert tiny.tokenizer.tokenize("纯牛奶") == ["纯", "牛", "奶"]
    vectors = tiny.encode_items(["纯牛奶", "鲜牛奶", "绿茶", "纯牛奶"], 2)
    assert np.isfinite(vectors).all()
    assert vectors[0] == pytest.approx(vectors[3], abs=1e-6)
    assert vectors[0] @ vectors[1] < 0.9999
    assert vectors[0] @ vectors[2] < 0.9999


def test_a_long_text_is_truncated_at_the_limit_of_its_side(tiny: Encoder) -> None:
    """max_item_tokens 16: [CLS] item : and [SEP] leave 12, so a 13th word changes nothing."""
    twelve = "milk " * 12
    assert tiny.encode_items([twelve + "wine"], 1) == pytest.approx(tiny.encode_items([twelve], 1), abs=1e-6)
    assert not np.allclose(tiny.encode_items(["milk " * 11 + "wine"], 1), tiny.encode_items([twelve], 1), atol=1e-3)


def test_threads_are_those_asked_for_and_restored(tiny: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    whole = Encoder._vectors
    monkeypatch.setattr(
        Encoder, "_vectors", lambda self, batch: seen.append(torch.get_num_threads()) or whole(self, batch)
    )
    before = torch.get_num_threads()
    tiny.encode_items(["milk"], 1, threads=before + 1)
    assert (seen, torch.get_num_threads()) == ([before + 1], before)


def test_progress_counts_distinct_texts(tiny: Encoder) -> None:
    reports: list[tuple[int, int]] = []
    tiny.encode_items(["milk", "bread", "milk"], 1, progress=lambda done, total: reports.append((done, total)))
    assert reports == [(1, 2), (2, 2)]


def test_a_bar_goes_to_stderr(tiny: Encoder, capfd: pytest.CaptureFixture[str]) -> None:
    tiny.encode_items(["milk"], 1, progress=Bar("item texts"))
    out, err = capfd.readouterr()
    assert (out, "item texts: 100%" in err) == ("", True)


def test_a_vector_that_is_not_finite_is_an_error(tiny_bert: object) -> None:
    broken = opened(str(tiny_bert))
    with torch.no_grad():
        broken.model.embeddings.word_embeddings.weight.fill_(float("nan"))
    with pytest.raises(ValueError, match="not finite"):
        broken.encode_items(["milk"], 1)


def test_bfloat16_is_near_float32(tiny_bert: object) -> None:
    full, half = opened(str(tiny_bert)), opened(str(tiny_bert), dtype="bfloat16")
    a, b = full.encode_items(["milk", "red wine"], 2), half.encode_items(["milk", "red wine"], 2)
    assert b.dtype == np.float32
    assert (a * b).sum(axis=1) == pytest.approx([1, 1], abs=2e-3)
    assert full.version != half.version
