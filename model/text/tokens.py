"""Texts to batches of token ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Tokens = dict[str, list[list[int]]]


def tokens_read(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int:
    """The most tokens that the model reads of a text, its special tokens included."""
    positions = getattr(model.config, "max_position_embeddings", None)
    return min(int(tokenizer.model_max_length), int(positions) if positions else int(tokenizer.model_max_length))


def tokenized(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], max_tokens: int) -> Tokens:
    """Ids of each text, cut at `max_tokens`, under the names of the model's inputs; lists of different lengths."""
    encoded = tokenizer(list(texts), truncation=True, max_length=max_tokens, padding=False, verbose=False)
    return {name: encoded[name] for name in encoded if name in ("input_ids", "token_type_ids", "attention_mask")}


def padded(tokenizer: PreTrainedTokenizerBase, tokens: Tokens, rows: Sequence[int]) -> dict[str, Tensor]:
    """Tensors [rows, longest] of the chosen rows; the mask is 0 where there is padding."""
    longest = max(len(tokens["input_ids"][row]) for row in rows)
    filling = {"input_ids": tokenizer.pad_token_id or 0, "token_type_ids": tokenizer.pad_token_type_id}
    batch = {}
    for name, values in tokens.items():
        filled = torch.full((len(rows), longest), filling.get(name, 0), dtype=torch.long)
        for place, row in enumerate(rows):
            filled[place, : len(values[row])] = torch.tensor(values[row], dtype=torch.long)
        batch[name] = filled
    return batch


def batches_by_length(tokens: Tokens, size: int) -> Iterator[list[int]]:
    """Rows in batches of at most `size`, the longest first: little padding, and memory runs out at once or never."""
    ids = tokens["input_ids"]
    order = sorted(range(len(ids)), key=lambda row: (-len(ids[row]), row))
    for start in range(0, len(order), size):
        yield order[start : start + size]
