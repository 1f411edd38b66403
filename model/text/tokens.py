"""Texts to batches of token ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_INPUTS = ("input_ids", "token_type_ids", "attention_mask")


@dataclass(frozen=True)
class Tokens:
    """The tokens of n texts, one text after the other: lists of lists would cost a GPU more time than its work.

    values: [sum of lengths] int64 under the name of each input of the model. start: [n + 1] where each text begins.
    """

    values: dict[str, np.ndarray]
    start: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """[n] tokens of each text, its special ones included."""
        return np.diff(self.start)


def tokens_read(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int:
    """The most tokens that the model reads of a text, its special tokens included."""
    positions = getattr(model.config, "max_position_embeddings", None)
    return min(int(tokenizer.model_max_length), int(positions) if positions else int(tokenizer.model_max_length))


def tokenized(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], max_tokens: int) -> Tokens:
    """Ids of each text, cut at `max_tokens`, under the names of the model's inputs."""
    encoded = tokenizer(list(texts), truncation=True, max_length=max_tokens, padding=False, verbose=False)
    lengths = np.fromiter((len(ids) for ids in encoded["input_ids"]), dtype=np.int64, count=len(texts))
    start = np.concatenate([[0], np.cumsum(lengths)])
    flat = {
        name: np.fromiter(chain.from_iterable(encoded[name]), dtype=np.int64, count=start[-1])
        for name in _INPUTS
        if name in encoded
    }
    return Tokens(flat, start)


def padded(tokenizer: PreTrainedTokenizerBase, tokens: Tokens, rows: np.ndarray) -> dict[str, Tensor]:
    """Tensors [rows, longest] of the chosen rows; the mask is 0 where there is padding."""
    lengths = tokens.lengths[rows]
    place = np.arange(lengths.max())
    real = place < lengths[:, None]
    chosen = (tokens.start[rows][:, None] + place)[real]
    filling = {"input_ids": tokenizer.pad_token_id or 0, "token_type_ids": tokenizer.pad_token_type_id}
    batch = {}
    for name, values in tokens.values.items():
        filled = np.full(real.shape, filling.get(name, 0), dtype=np.int64)
        filled[real] = values[chosen]
        batch[name] = torch.from_numpy(filled)
    return batch


def batches_by_length(lengths: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Rows in batches of at most `size`, the longest first: little padding, and memory runs out at once or never."""
    order = np.argsort(-lengths, kind="stable")
    for start in range(0, len(order), size):
        yield order[start : start + size]
