"""Training of the fusion model on past periods: a shopper's responses against candidates without one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from model.fusion.inputs import Block, Items
from model.fusion.network import FusionNetwork, FusionShape
from model.fusion.ranker import (
    EncodedItems,
    FusionRanker,
    FusionTensors,
    RankerInputs,
    Standardiser,
    logits_of,
)
from model.responses import NoResponseError
from model.text.device import torch_threads

_LARGEST_GRADIENT = 1.0
_WARMUP_SHARE = 0.1


@dataclass(frozen=True)
class FusionSettings:
    """The parameters of network and training; `conf/base.yaml` explains them."""

    width: int
    heads: int
    layers: int
    dropout: float
    epochs: int
    users_per_batch: int
    negatives_per_user: int
    learning_rate: float
    weight_decay: float
    loss: Literal["softmax", "bce"]
    seed: int
    threads: int


@dataclass(frozen=True)
class Period:
    """A past period: what was known at its cut, and the responses after it.

    `responded` [B, C] is the share of a candidate's trials with a response: bool, bought within the horizon, or of its
    exposures. `weight` [B, C] says how much it counts, 0 where it was never tried; None counts each candidate once.
    """

    items: Items
    block: Block
    responded: np.ndarray
    weight: np.ndarray | None = None

    @property
    def counts(self) -> np.ndarray:
        """[B, C] float32: how much each candidate counts, 0 where there is none."""
        listed = self.block.listed
        return listed.astype(np.float32) if self.weight is None else np.where(listed, self.weight, np.float32(0.0))


def fit_ranker(
    periods: Sequence[Period],
    inputs: RankerInputs,
    settings: FusionSettings,
    progress: Callable[[int, float], None] = lambda epoch, loss: None,
) -> FusionRanker:
    """Fits the fusion model; `progress` is called with each epoch, from 1, and its mean loss.

    A step takes shoppers with a response, all their responses and `negatives_per_user` other candidates at random.
    Only candidates of the first stage are trained on: positives that it missed do harm. Deterministic by the seed.
    Raises NoResponseError when no shopper responded, ValueError when a loss is not finite.
    """
    with torch_threads(settings.threads), torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        ranker = _untrained(periods, inputs, settings)
        _fit(ranker, periods, settings, progress)
    return ranker


def _untrained(periods: Sequence[Period], inputs: RankerInputs, settings: FusionSettings) -> FusionRanker:
    scores, users, features = [], [], []
    for period in periods:
        block, listed = period.block, period.block.listed
        scores.append(np.concatenate([block.channel_scores, block.first_stage_score[..., None]], axis=2)[listed])
        of_items = period.items.features[block.candidates[listed]]
        of_pairs = [block.pair_features[listed]] if inputs.pair_features else []
        features.append(np.concatenate([of_items, *of_pairs], axis=1) if of_pairs else of_items)
        users.append(block.user_features)
    terms = Standardiser.of(np.concatenate([np.concatenate(scores), np.concatenate(features)], axis=1))
    shape = FusionShape(
        text_dimension=periods[0].items.text.shape[1],
        item_features=len(inputs.item_features),
        user_features=len(inputs.user_features),
        terms=len(inputs.terms),
        event_types=len(inputs.event_types),
        width=settings.width,
        heads=settings.heads,
        layers=settings.layers,
        dropout=settings.dropout,
    )
    network = FusionNetwork(shape)
    place = len(inputs.channels)
    with torch.no_grad():  # the skip starts as the first stage: its log-odds, undone from their standardisation
        network.skip[place] = float(terms.deviation[place])
        network.bias.fill_(float(terms.mean[place]))
    return FusionRanker(inputs, shape, network, terms, Standardiser.of(np.concatenate(users)))


def _fit(
    ranker: FusionRanker,
    periods: Sequence[Period],
    settings: FusionSettings,
    progress: Callable[[int, float], None],
) -> None:
    random = np.random.default_rng(settings.seed)
    known = [np.flatnonzero(period.responded.any(axis=1)) for period in periods]
    batches = sum(-(-len(users) // settings.users_per_batch) for users in known)
    if not batches:
        raise NoResponseError(
            "No shopper responded to a candidate in the training periods. Choose a date with more history, or raise "
            "candidates.per_user."
        )
    network = ranker.network
    optimiser = torch.optim.AdamW(_groups(network, settings.weight_decay), lr=settings.learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.learning_rate, total_steps=schedule_steps(batches, settings.epochs), pct_start=_WARMUP_SHARE
    )
    features = [ranker.standardised_features(period.items) for period in periods]
    for epoch in range(settings.epochs):
        network.train()
        losses = []
        for place, users in _shuffled(known, settings.users_per_batch, random):
            period = periods[place]
            columns = _drawn(period, users, settings.negatives_per_user, random)
            block = _columns(period.block.take(users), columns)
            tensors = _tensors(ranker, period, features[place], block)
            responded, weight = _outcomes(period, users, columns)
            loss = loss_of(logits_of(network, tensors), responded, weight, settings.loss)
            if not torch.isfinite(loss):
                raise ValueError(
                    f"The loss of the fusion model is not finite in epoch {epoch + 1}. Lower fusion.learning_rate, or "
                    "look for extreme values in the features."
                )
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), _LARGEST_GRADIENT)
            optimiser.step()
            ranker.constrain()
            schedule.step()
            losses.append(loss.item())
        progress(epoch + 1, float(np.mean(losses)))
    network.eval()


def loss_of(logits: Tensor, responded: Tensor, weight: Tensor, kind: Literal["softmax", "bce"]) -> Tensor:
    """Loss of logits [B, C] for responses [B, C] in [0, 1] that count `weight` [B, C], 0 where nothing was drawn.

    softmax: mean over shoppers of the cross-entropy of the drawn candidates against the shares of the weighted
    responses (ListNet, Cao et al. 2007, with binary gains). bce: weighted mean of the binary cross-entropy.
    """
    if kind == "bce":
        each = functional.binary_cross_entropy_with_logits(logits, responded, reduction="none")
        return (each * weight).sum() / weight.sum()
    answered = responded * weight
    shares = answered / answered.sum(dim=1, keepdim=True)
    log_shares = functional.log_softmax(logits.masked_fill(weight == 0, -1e9), dim=1)
    return -(shares * log_shares).sum(dim=1).mean()


def _outcomes(period: Period, users: np.ndarray, columns: np.ndarray) -> tuple[Tensor, Tensor]:
    """Responses and weights [B, D] of drawn columns, 0 for none."""
    place, drawn = np.maximum(columns, 0), (columns >= 0).astype(np.float32)
    responded = np.take_along_axis(period.responded[users], place, axis=1).astype(np.float32) * drawn
    weight = drawn
    if period.weight is not None:
        weight = np.take_along_axis(period.weight[users], place, axis=1).astype(np.float32) * drawn
    return torch.from_numpy(responded), torch.from_numpy(weight)


def _tensors(ranker: FusionRanker, period: Period, features: np.ndarray, block: Block) -> FusionTensors:
    """The network's inputs; each distinct text of the step is projected once, by the weights of the step."""
    text = period.items.text

    def project(rows: np.ndarray) -> Tensor:
        needed, place = np.unique(rows, return_inverse=True)
        projected = ranker.network.project(torch.from_numpy(text[needed].astype(np.float32)))
        return projected[torch.from_numpy(place.reshape(rows.shape))]

    encoded = EncodedItems(text, features, period.items.text_row)
    return ranker.tensors(block, encoded, project)


def _groups(network: FusionNetwork, weight_decay: float) -> list[dict[str, object]]:
    """Matrices decay; the skip, biases, norms and embeddings of single vectors do not."""
    matrices = [weight for weight in network.parameters() if weight.ndim > 1]
    vectors = [weight for weight in network.parameters() if weight.ndim <= 1]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": vectors, "weight_decay": 0.0}]


def _shuffled(known: list[np.ndarray], size: int, random: np.random.Generator) -> Iterator[tuple[int, np.ndarray]]:
    """Batches of shoppers of one period each, all in a random order."""
    batches = []
    for place, users in enumerate(known):
        order = random.permutation(users)
        batches += [(place, order[start : start + size]) for start in range(0, len(order), size)]
    for place in random.permutation(len(batches)):
        yield batches[place]


def _drawn(period: Period, users: np.ndarray, negatives: int, random: np.random.Generator) -> np.ndarray:
    """[B, D] columns of the candidates in a step: all responses, then other candidates at random; -1 where fewer."""
    tried, responded = period.block.listed[users], period.responded[users] > 0
    if period.weight is not None:
        tried = tried & (period.weight[users] > 0)
    keys = random.random(tried.shape, dtype=np.float32)
    keys[responded] -= 1.0
    keys[~tried] = 2.0
    order = np.argsort(keys, axis=1, kind="stable")
    wanted = np.minimum(responded.sum(axis=1) + negatives, tried.sum(axis=1))
    columns = order[:, : wanted.max()]
    return np.where(np.arange(columns.shape[1]) < wanted[:, None], columns, -1)


def _columns(block: Block, columns: np.ndarray) -> Block:
    """The block with these candidates only, [B, D] columns, -1 for none."""
    place = np.maximum(columns, 0)
    candidates = np.where(columns >= 0, np.take_along_axis(block.candidates, place, axis=1), -1)
    return replace(
        block,
        candidates=candidates,
        channel_scores=np.take_along_axis(block.channel_scores, place[..., None], axis=1),
        first_stage_score=np.take_along_axis(block.first_stage_score, place, axis=1),
        pair_features=np.take_along_axis(block.pair_features, place[..., None], axis=1),
    )


def schedule_steps(batches: int, epochs: int) -> int:
    """Steps of the learning rate's schedule, at least 2; one more where the warm-up would be of exactly one step, since
    OneCycleLR divides by the warm-up's length after its first step."""
    steps = max(batches * epochs, 2)
    return steps + 1 if steps * _WARMUP_SHARE == 1 else steps
