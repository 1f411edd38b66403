"""The pairs as tokens, and the batches of a training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from model.text.contrastive import HardNegatives, log_q_loss
from model.text.encoder import ITEM_PREFIX, USER_PREFIX, Encoder, embedded
from model.text.pairs import CategoryTexts, Pairs
from model.text.tokens import Tokens, batches_by_length, padded, tokenized


class Towers(torch.nn.Module):
    """Both towers in one forward pass, after which DistributedDataParallel averages the gradients of the processes."""

    def __init__(self, model: torch.nn.Module, in_bfloat16: bool) -> None:
        """in_bfloat16: whether the layers compute in it; weights and vectors stay in float32."""
        super().__init__()
        self.model, self.in_bfloat16 = model, in_bfloat16

    def forward(self, users: dict[str, Tensor], items: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """[b, d] and [c, d] unit vectors of two padded batches."""
        return self.vectors(users), self.vectors(items)

    def vectors(self, batch: dict[str, Tensor]) -> Tensor:
        """[n, d] float32 unit vectors of a padded batch."""
        with torch.autocast(batch["input_ids"].device.type, dtype=torch.bfloat16, enabled=self.in_bfloat16):
            return embedded(self.model, batch)


@dataclass(frozen=True)
class Batch:
    """Shoppers' texts and item texts as tensors, positives first, and the other arguments of `log_q_loss`."""

    users: dict[str, Tensor]
    items: dict[str, Tensor]
    log_expected: Tensor
    text_ids: Tensor
    weights: Tensor

    def loss(self, towers: torch.nn.Module, temperature: float) -> Tensor:
        """The loss of the batch; weights and expected numbers are on the device of the vectors."""
        users, items = towers(self.users, self.items)
        return log_q_loss(users, items, self.log_expected, self.text_ids, temperature, self.weights)


class PairTokens:
    """Pairs, and texts that hard negatives are drawn from, as tokens of an encoder."""

    def __init__(self, encoder: Encoder, pairs: Pairs, negatives: CategoryTexts | None, hard_negatives: int) -> None:
        self.encoder = encoder
        further = list(negatives.item_texts) if negatives is not None and hard_negatives else []
        place = {text: number for number, text in enumerate(dict.fromkeys([*pairs.item_texts, *further]))}
        self.text_ids = np.array([place[text] for text in pairs.item_texts], dtype=np.int64)
        self._shares = np.zeros(len(place))
        self._shares[self.text_ids] = pairs.item_shares
        self._weights = torch.from_numpy(
            np.ones(len(pairs), dtype=np.float32)
            if pairs.weights is None
            else np.asarray(pairs.weights, dtype=np.float32)
        )
        self._hard: HardNegatives | None = None
        if further:
            assert negatives is not None
            pool = np.array([place[text] for text in further], dtype=np.int64)
            self._shares[pool] = np.maximum(self._shares[pool], negatives.item_shares)
            names = pairs.categories if pairs.categories is not None else [""] * len(pairs)
            codes = _codes(names, negatives.categories)
            self._hard = HardNegatives(self.text_ids, codes[: len(pairs)], pool, codes[len(pairs) :], hard_negatives)
        settings = encoder.settings
        self._users = self._tokens([USER_PREFIX + text for text in pairs.user_texts], settings.max_user_tokens)
        self._items = self._tokens([ITEM_PREFIX + text for text in place], settings.max_item_tokens)

    def _tokens(self, texts: Sequence[str], most: int) -> Tokens:
        return tokenized(self.encoder.tokenizer, texts, most)

    def batch(self, rows: Sequence[int], random: np.random.Generator) -> Batch:
        """The pairs of some rows, each other's negatives, with hard ones that are drawn for them."""
        own = np.asarray(rows, dtype=np.int64)
        texts = self.text_ids[own]
        if self._hard is not None:
            texts = np.concatenate([texts, self._hard.drawn(own, random)])
        expected = len(own) * self._shares[texts]
        if self._hard is not None:
            expected = expected + self._hard.expected(own, texts)
        device = self.encoder.device
        return Batch(
            self._padded(self._users, own),
            self._padded(self._items, texts),
            torch.from_numpy(np.log(expected).astype(np.float32)).to(device),
            torch.from_numpy(texts).to(device),
            self._weights[own].to(device),
        )

    @torch.no_grad()
    def loss_of_all(self, towers: Towers, temperature: float, batch_size: int) -> float:
        """The loss of all pairs as one batch without hard negatives, computed in batches of texts of like length."""
        texts, place = np.unique(self.text_ids, return_inverse=True)
        users = self._vectors(towers, self._users, np.arange(len(self.text_ids)), batch_size)
        items = self._vectors(towers, self._items, texts, batch_size)[torch.from_numpy(place).to(users.device)]
        log_shares = torch.from_numpy(np.log(self._shares[self.text_ids]).astype(np.float32)).to(users.device)
        ids = torch.from_numpy(self.text_ids).to(users.device)
        return log_q_loss(users, items, log_shares, ids, temperature, self._weights.to(users.device)).item()

    def _vectors(self, towers: Towers, tokens: Tokens, rows: np.ndarray, batch_size: int) -> Tensor:
        vectors = torch.empty((len(rows), self.encoder.dimension), device=self.encoder.device)
        for some in batches_by_length(tokens.lengths[rows], batch_size):
            vectors[torch.from_numpy(some).to(vectors.device)] = towers.vectors(self._padded(tokens, rows[some]))
        return vectors

    def _padded(self, tokens: Tokens, rows: np.ndarray) -> dict[str, Tensor]:
        batch = padded(self.encoder.tokenizer, tokens, rows)
        return {name: values.to(self.encoder.device) for name, values in batch.items()}


def rows_of_steps(count: int, steps: int, pairs_a_step: int, seed: int) -> np.ndarray:
    """[steps, pairs_a_step] rows: one shuffle after another, so every pair is used as often as any other, or once
    more."""
    random = np.random.default_rng(seed)
    needed = steps * pairs_a_step
    rows = np.concatenate([random.permutation(count) for _ in range(math.ceil(needed / count))])[:needed]
    return rows.reshape(steps, pairs_a_step)


def _codes(*columns: Sequence[str]) -> np.ndarray:
    """A number for each name of the columns, one after the other; -1 for ''."""
    names = [name for column in columns for name in column]
    known = {name: code for code, name in enumerate(sorted(set(names) - {""}))}
    return np.array([known.get(name, -1) for name in names], dtype=np.int64)
