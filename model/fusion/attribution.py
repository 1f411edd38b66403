"""What each input adds to the logits of the second stage, against the average of the shopper's candidates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from model.fusion.ensemble import FUSION_SHARE, TREES_SHARE, Ensemble
from model.fusion.inputs import Block
from model.fusion.ranker import FIRST_STAGE, EncodedItems, FusionRanker, from_mean, mean_of, users_of
from model.fusion.reference import Reference
from model.fusion.trees import TreeRanker

TEXT, SHOPPER = "candidate_text", "shopper_features"
FURTHER_CAUSES = (FIRST_STAGE, TEXT, SHOPPER)  # never in top_reasons, which split the linear skip alone
_USERS_AT_ONCE = 8
_FEWEST_POINTS, _MOST_POINTS = 8, 128
_LARGEST_ERROR = 1e-5  # logits
_TINY = np.finfo(np.float32).tiny


@dataclass(frozen=True)
class Attribution:
    """base [B] + linear + network + trees, each [B, C, names] summed over the names, are the logits of an ensemble.

    The base is the logit of a shopper's average candidate. Contributions are 0 where there is no candidate.
    below: [B, C, names] bool, whether a term is below its mean over the shopper's candidates
    """

    names: tuple[str, ...]
    base: np.ndarray
    linear: np.ndarray
    network: np.ndarray
    trees: np.ndarray
    below: np.ndarray


def attribution(
    ensemble: Ensemble | Reference, block: Block, items: EncodedItems, first_stage_parts: np.ndarray
) -> Attribution:
    """Splits the logits of a block.

    Of the linear skip: weight * (term - mean term of the shopper's candidates). Of the network: integrated gradients
    (Sundararajan et al. 2017) on the line from the mean candidate, which has the mean text vector and the mean terms
    of the shopper's candidates, to the candidate; history and profile stay as they are. Of the trees: TreeSHAP
    (Lundberg et al. 2020) less its mean over the shopper's candidates. Linear skip and network pass the first stage's
    log-odds on to the channels; the trees split on them as one number.

    first_stage_parts: [B, C, channels] as `FusionRanker.linear_contributions` takes them
    """
    names = (*ensemble.ranker.inputs.terms, TEXT, SHOPPER)
    linear, below = (
        _with_columns(values, len(names))
        for values in ensemble.ranker.linear_contributions(block, items, first_stage_parts)
    )
    if isinstance(ensemble, Reference):
        base = mean_of(ensemble.predict(block, items)[..., None], block.listed[..., None])[:, 0, 0]
        return Attribution(names, base, linear, np.zeros_like(linear), np.zeros_like(linear), below)
    network, of_mean_candidate = _of_network(ensemble.ranker, block, items, first_stage_parts)
    trees, mean_of_trees = _of_trees(ensemble.trees, ensemble.ranker, block, items)
    return Attribution(
        names,
        FUSION_SHARE * of_mean_candidate + TREES_SHARE * mean_of_trees,
        FUSION_SHARE * linear,
        FUSION_SHARE * _with_columns(network, len(names)),
        TREES_SHARE * trees,
        below,
    )


def attention(ranker: FusionRanker, block: Block, items: EncodedItems) -> np.ndarray:
    """[B, C, 1 + L] share of its attention that a candidate gives to the profile and to each event, newest first."""
    heads = [_Head(ranker, part, items).attention_weights() for _, part in _parts(block)]
    return np.concatenate(heads)


def _of_trees(
    trees: TreeRanker, ranker: FusionRanker, block: Block, items: EncodedItems
) -> tuple[np.ndarray, np.ndarray]:
    """(contributions [B, C, terms + 2], mean log-odds [B] over the shopper's candidates)."""
    listed = block.listed[..., None]
    values = trees.contributions(ranker, block, items)
    moved, terms = from_mean(values[..., :-1], listed), len(ranker.inputs.terms)
    no_text = np.zeros((*moved.shape[:2], 1))
    of_shopper = moved[..., terms:].sum(axis=2, keepdims=True)
    moved = np.concatenate([moved[..., :terms], no_text, of_shopper], axis=2)
    return moved, mean_of(values, listed).sum(axis=2)[:, 0]


def _of_network(
    ranker: FusionRanker, block: Block, items: EncodedItems, first_stage_parts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(contributions [B, C, terms + 1] of all but the linear skip, logit [B] of the mean candidate, the skip
    included)."""
    parts = from_mean(first_stage_parts, block.listed[..., None])
    contributions = np.zeros((*block.candidates.shape, len(ranker.inputs.terms) + 1), dtype=np.float32)
    base = np.zeros(len(block), dtype=np.float32)
    for some, part in _parts(block):
        head = _Head(ranker, part, items)
        contributions[some], base[some] = head.contributions(parts[some]), head.mean_logit
    return contributions, base


class _Head:
    """The network for one block, with a line from each shopper's mean candidate to the candidates."""

    def __init__(self, ranker: FusionRanker, block: Block, items: EncodedItems) -> None:
        def projected(rows: np.ndarray) -> Tensor:
            return torch.from_numpy(items.text[rows])

        network, self._ranker, self._listed = ranker.network, ranker, block.listed
        with torch.no_grad():
            tensors = ranker.tensors(block, items, projected).to(network.skip.device)
            self._users, self._padded = users_of(network, tensors)
            self._text, self._free = (
                network.described(tensors.candidate_text, tensors.candidate_has_text),
                tensors.free_terms,
            )
            listed = torch.from_numpy(block.listed).to(network.skip.device)[..., None]
            self._mean_text, self._mean_free, mean_terms = (
                _mean(values, listed) for values in (self._text, self._free, tensors.terms)
            )
            of_mean = self._logits(self._mean_text, self._mean_free)
            self._moved = (self._logits(self._text, self._free) - of_mean).cpu().numpy()
            self.mean_logit = (of_mean + mean_terms @ network.skip)[:, 0].cpu().numpy()

    def contributions(self, parts: np.ndarray) -> np.ndarray:
        """[B, C, terms + 1] of the terms and the text, which sum to the move of the logit but for the linear skip.

        The points double until the sums are exact to _LARGEST_ERROR; what is then missing is shared out in proportion
        to the sizes of the contributions. The first stage's share is then passed on to its channels.

        parts: the first stage's by channel less their mean over the shopper's candidates
        """
        points, listed = _FEWEST_POINTS, self._listed[..., None]
        while True:
            contributions, slope = self._integrated(points)
            contributions = np.where(listed, contributions, 0.0)
            rest = np.where(self._listed, self._moved - contributions.sum(axis=2), 0.0)
            if points >= _MOST_POINTS or np.abs(rest).max(initial=0.0) <= _LARGEST_ERROR:
                break
            points *= 2
        size = np.abs(contributions)
        contributions += size / np.maximum(size.sum(axis=2, keepdims=True), _TINY) * rest[..., None]
        channels = len(self._ranker.inputs.channels)
        of_channels = np.where(listed, slope[..., None] / self._ranker.first_stage_deviation * parts, 0.0)
        contributions[..., :channels] += of_channels
        contributions[..., channels] -= of_channels.sum(axis=2)
        return contributions

    def attention_weights(self) -> np.ndarray:
        """[B, C, 1 + L] of the candidates."""
        with torch.no_grad():
            of_items = self._free[..., self._ranker.of_items]
            weights = self._ranker.network.attention_weights(self._users, self._padded, self._text, of_items)
            return weights.cpu().numpy()

    def _integrated(self, points: int) -> tuple[np.ndarray, np.ndarray]:
        """(contributions [B, C, terms + 1], mean slope [B, C] along the first stage's term) by Gauss and Legendre's
        rule with this number of points."""
        slope_of_text, slope_of_terms = torch.zeros_like(self._text), torch.zeros_like(self._free)
        for place, weight in zip(*np.polynomial.legendre.leggauss(points), strict=True):
            share = float(place + 1) / 2
            with torch.enable_grad():
                text, free = (
                    (mean + share * (end - mean)).requires_grad_()
                    for mean, end in ((self._mean_text, self._text), (self._mean_free, self._free))
                )
                slopes = torch.autograd.grad(self._logits(text, free).sum(), (text, free))
            slope_of_text += float(weight) / 2 * slopes[0]
            slope_of_terms += float(weight) / 2 * slopes[1]
        moved = slope_of_terms * (self._free - self._mean_free)
        of_text = (slope_of_text * (self._text - self._mean_text)).sum(dim=2, keepdim=True)
        inputs = self._ranker.inputs
        slope = slope_of_terms[..., len(inputs.channels)].cpu().numpy()
        # With a sign, the network apart from its linear skip reads no first stage.
        unread = inputs.signs[len(inputs.channels)] != 0
        return torch.cat([moved, of_text], dim=2).cpu().numpy(), np.zeros_like(slope) if unread else slope

    def _logits(self, text: Tensor, free: Tensor) -> Tensor:
        """[B, C] logits without the linear skip."""
        no_skip = torch.zeros_like(free)
        of_items = free[..., self._ranker.of_items]
        return self._ranker.network(self._users, self._padded, text, of_items, no_skip, free)


def _parts(block: Block) -> Iterator[tuple[slice, Block]]:
    for start in range(0, len(block), _USERS_AT_ONCE):
        some = slice(start, start + _USERS_AT_ONCE)
        yield some, block.take(some)


def _mean(values: Tensor, listed: Tensor) -> Tensor:
    """[B, 1, …] over the listed candidates."""
    count = listed.sum(dim=1, keepdim=True).clamp(min=1)
    return values.masked_fill(~listed, 0.0).sum(dim=1, keepdim=True) / count


def _with_columns(values: np.ndarray, width: int) -> np.ndarray:
    """The values with columns of 0 up to the width."""
    return np.pad(values, ((0, 0), (0, 0), (0, width - values.shape[2])))
