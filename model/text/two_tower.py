"""Fine-tuning of the encoder: a shopper's text is to be near the text of the item that the shopper bought next."""

from __future__ import annotations

import copy
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from tqdm import tqdm

from model.text.device import torch_threads
from model.text.encoder import ITEM_PREFIX, USER_PREFIX, Encoder, bar_interval, embedded
from model.text.tokens import padded, tokenized

WEIGHT_DECAY = 0.01
LONGEST_GRADIENT = 1.0


@dataclass(frozen=True)
class Pairs:
    """Positives: what a shopper's text was before a purchase, and the text of the item bought.

    `item_shares` [n] in (0, 1] is the share of the item's text among all positives that the pairs were drawn from: the
    chance that a row of a batch has this text.
    """

    user_texts: Sequence[str]
    item_texts: Sequence[str]
    item_shares: np.ndarray

    def __post_init__(self) -> None:
        shares = np.asarray(self.item_shares)
        if not len(self.user_texts) == len(self.item_texts) == len(shares):
            raise ValueError("Pairs need one user text, one item text and one share a row.")
        if not ((shares > 0) & (shares <= 1)).all():
            raise ValueError("The share of an item among the positives is above 0 and at most 1. Count them anew.")

    def __len__(self) -> int:
        return len(self.user_texts)


@dataclass(frozen=True)
class TwoTowerSettings:
    """`warmup_share` is the share of the steps with a rising learning rate; `temperature` divides the cosines."""

    steps: int
    batch_size: int
    learning_rate: float
    warmup_share: float
    temperature: float
    seed: int


def log_q_loss(users: Tensor, items: Tensor, log_shares: Tensor, text_ids: Tensor, temperature: float) -> Tensor:
    """Softmax cross-entropy over the batch, corrected for how often each item is in one.

    users, items: [b, d] unit vectors, row by row positives; log_shares: [b], the logarithm of the chance that a row of
    the batch has this item; text_ids: [b], equal for items of equal text. Logit of user i and item j:
    cos(i, j) / temperature - log_shares[j], formula (3) of Yi et al. 2019 (Sampling-Bias-Corrected Neural Modeling for
    Large Corpus Item Recommendations, RecSys): without the correction the popular, met often as negatives, are pushed
    away. Another row with the text of the positive is no negative and is left out.
    """
    logits = users @ items.T / temperature - log_shares
    same = text_ids[:, None] == text_ids[None, :]
    same.fill_diagonal_(False)
    return cross_entropy(logits.masked_fill(same, -math.inf), torch.arange(len(users), device=users.device))


def learning_rate_factor(step: int, steps: int, warmup_share: float) -> float:
    """Linear from 0 to 1 over the first share of the steps, then linear to 0; never 0 at a step (0 <= step < steps)."""
    warmup = math.ceil(warmup_share * steps)
    if step < warmup:
        return (step + 1) / warmup
    return (steps - step) / (steps - warmup)


def fine_tune(
    encoder: Encoder,
    pairs: Pairs,
    settings: TwoTowerSettings,
    *,
    threads: int | None = None,
    progress: str | None = None,
) -> tuple[Encoder, list[float]]:
    """A fine-tuned encoder and the loss of each step; the encoder that is given stays as it is.

    AdamW; the same pairs, settings and seed give the same weights on a CPU with the same number of threads.
    Raises ValueError for pairs with fewer than two item texts, and when a loss is not finite.
    """
    if settings.steps == 0:
        return encoder, []
    numbers = {text: number for number, text in enumerate(dict.fromkeys(pairs.item_texts))}
    if len(numbers) < 2:
        raise ValueError(
            f"{len(pairs)} pairs with fewer than two item texts cannot train an encoder. Give a longer "
            "encoder.fine_tune.window_days, or set encoder.fine_tune.steps to 0."
        )
    devices = [encoder.device] if encoder.device.type == "cuda" else []
    with torch_threads(threads), torch.random.fork_rng(devices=devices):
        torch.manual_seed(settings.seed)
        model = copy.deepcopy(encoder.model).train()
        towers = _Towers(encoder, pairs, torch.tensor([numbers[text] for text in pairs.item_texts]))
        losses = list(_steps(model, towers, settings, progress))
    if not all(torch.isfinite(weights).all() for weights in model.parameters()):
        raise ValueError("The fine-tuning left a weight that is not finite. Lower encoder.fine_tune.learning_rate.")
    return Encoder(model, encoder.tokenizer, encoder.settings, encoder.device), losses


class _Towers:
    """The pairs as tokens."""

    def __init__(self, encoder: Encoder, pairs: Pairs, text_ids: Tensor) -> None:
        self.encoder, self.text_ids = encoder, text_ids
        self.log_shares = torch.from_numpy(np.log(np.asarray(pairs.item_shares, dtype=np.float32)))
        users, items = [USER_PREFIX + t for t in pairs.user_texts], [ITEM_PREFIX + t for t in pairs.item_texts]
        self.users = tokenized(encoder.tokenizer, users, encoder.settings.max_user_tokens)
        self.items = tokenized(encoder.tokenizer, items, encoder.settings.max_item_tokens)

    def loss(self, model: torch.nn.Module, rows: list[int], temperature: float) -> Tensor:
        device, tokenizer = self.encoder.device, self.encoder.tokenizer
        half = self.encoder.dtype == "bfloat16"
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=half):
            users, items = (
                embedded(model, {name: values.to(device) for name, values in padded(tokenizer, side, rows).items()})
                for side in (self.users, self.items)
            )
        return log_q_loss(users, items, self.log_shares[rows].to(device), self.text_ids[rows].to(device), temperature)


def _steps(
    model: torch.nn.Module, towers: _Towers, settings: TwoTowerSettings, progress: str | None
) -> Iterator[float]:
    decayed = [weights for weights in model.parameters() if weights.ndim > 1]
    others = [weights for weights in model.parameters() if weights.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": others, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda step: learning_rate_factor(min(step, settings.steps - 1), settings.steps, settings.warmup_share),
    )
    batches = _batches(len(towers.text_ids), settings)
    bar = tqdm(
        total=settings.steps,
        desc=progress,
        disable=progress is None,
        file=sys.stderr,
        mininterval=bar_interval(),
        unit="step",
    )
    with bar:
        for step, rows in enumerate(batches):
            loss = towers.loss(model, rows, settings.temperature)
            if not torch.isfinite(loss):
                raise ValueError(
                    f"The loss of step {step + 1} of the fine-tuning is {loss.item()}. Lower "
                    "encoder.fine_tune.learning_rate or raise encoder.fine_tune.temperature."
                )
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), LONGEST_GRADIENT)
            optimiser.step()
            schedule.step()
            bar.update()
            bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
            yield loss.item()


def _batches(count: int, settings: TwoTowerSettings) -> Iterator[list[int]]:
    """Rows of each step: one shuffle after another, so every pair is used as often as any other, or once more."""
    random = np.random.default_rng(settings.seed)
    needed = settings.steps * settings.batch_size
    shuffles = math.ceil(needed / count)
    rows = np.concatenate([random.permutation(count) for _ in range(shuffles)])[:needed]
    yield from rows.reshape(settings.steps, settings.batch_size).tolist()
