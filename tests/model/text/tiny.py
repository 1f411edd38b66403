"""A BERT with random weights and a vocabulary of single characters, on disk as the hub would give it."""

from __future__ import annotations

from pathlib import Path

import torch

from model.text.encoder import Encoder

CHARACTERS = "牛奶面包纯鲜全麦有机苹果绿茶红酒吐司"
WORDS = ["item", "user", ":", ",", "milk", "bread", "tea", "apple", "wine", "red", "green", "fresh", "shop"]
DIMENSION = 24


def write_tiny_bert(folder: Path, characters: str = CHARACTERS) -> Path:
    """Writes it into a folder that exists; it reads 64 tokens. characters: that it knows"""
    from transformers import BertConfig, BertModel

    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *dict.fromkeys(characters)]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer", "model_max_length": 64}')
    with torch.random.fork_rng():
        torch.manual_seed(3)
        config = BertConfig(
            vocab_size=len(vocabulary), hidden_size=DIMENSION, num_hidden_layers=2, num_attention_heads=2,
            intermediate_size=48, max_position_embeddings=64, initializer_range=0.4,
        )  # fmt: skip
        BertModel(config).save_pretrained(str(folder))
    return folder


def opened(source: str, **changed: object) -> Encoder:
    """An encoder of a source with small settings, on CPU in float32."""
    settings: dict = {
        "as_of": "2017-12-01", "cut": "2017-08-11", "max_item_tokens": 16, "max_user_tokens": 24, "device": "cpu",
        "dtype": "float32",
    }  # fmt: skip
    return Encoder.from_pretrained(source, **{**settings, **changed})
