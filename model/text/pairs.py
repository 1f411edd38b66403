"""What the encoder is fine-tuned on: positives, and texts that negatives are drawn from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Pairs:
    """Positives: the shopper's text before a purchase, and the text of the item bought.

    `item_shares` [n] in (0, 1] is the share of the item's text among all positives that the pairs were drawn from: the
    chance that a row of a batch has this text. `categories` [n] are those of the items, '' where there is none; without
    them no pair has hard negatives. `weights` [n] above 0 is what a pair counts in the loss; 1 each without them.
    """

    user_texts: Sequence[str]
    item_texts: Sequence[str]
    item_shares: np.ndarray
    categories: Sequence[str] | None = None
    weights: np.ndarray | None = None

    def __post_init__(self) -> None:
        shares = np.asarray(self.item_shares)
        if not len(self.user_texts) == len(self.item_texts) == len(shares):
            raise ValueError("Pairs need one user text, one item text and one share for each row.")
        if not ((shares > 0) & (shares <= 1)).all():
            raise ValueError(
                "The share of an item among the positives must be above 0 and at most 1. Count the positives again."
            )
        if self.categories is not None and len(self.categories) != len(shares):
            raise ValueError("Pairs with categories need one for each row.")
        if self.weights is not None:
            weights = np.asarray(self.weights)
            if len(weights) != len(shares) or not ((weights > 0) & np.isfinite(weights)).all():
                raise ValueError(
                    "Pairs with weights need one above 0 for each row. Check encoder.fine_tune.tail_weight."
                )

    def __len__(self) -> int:
        return len(self.user_texts)

    def digest(self) -> str:
        """SHA-256 in hexadecimal of all that a training on them depends on."""
        return _digest([self.user_texts, self.item_texts, self.categories or []], [self.item_shares, self.weights])


@dataclass(frozen=True)
class CategoryTexts:
    """Distinct item texts [p] that hard negatives are drawn from, with category and share among the positives [p].

    `item_shares` is 0 for a text that is no positive.
    """

    item_texts: Sequence[str]
    item_shares: np.ndarray
    categories: Sequence[str]

    def __post_init__(self) -> None:
        if not len(self.item_texts) == len(self.item_shares) == len(self.categories):
            raise ValueError("Texts of categories need one text, one share and one category for each row.")
        if len(set(self.item_texts)) < len(self.item_texts):
            raise ValueError("The texts of hard negatives must be distinct. Group them by text.")

    def digest(self) -> str:
        """SHA-256 in hexadecimal of all that a training with them depends on."""
        return _digest([self.item_texts, self.categories], [self.item_shares])


def _digest(texts: Sequence[Sequence[str]], numbers: Sequence[np.ndarray | None]) -> str:
    digest = hashlib.sha256()
    for column in texts:
        for text in column:
            digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
        digest.update(b"\1")
    for values in numbers:
        digest.update(b"\2" if values is None else np.asarray(values, dtype=np.float64).tobytes())
    return digest.hexdigest()
