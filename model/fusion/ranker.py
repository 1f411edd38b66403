"""The trained second stage: the one `predict` of training, evaluation and the nightly scoring."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load as load_weights
from safetensors.torch import save as save_weights
from torch import Tensor

from model.fusion.inputs import EVENT_TYPES, PADDING, Block, Items, batches
from model.fusion.network import FusionNetwork, FusionShape

WEIGHTS, DESCRIPTION = "fusion.safetensors", "fusion.json"
FIRST_STAGE = "first_stage"
LARGEST_STANDARDISED = 8.0
_ITEMS_AT_ONCE = 8192


@dataclass(frozen=True)
class Standardiser:
    """Means and standard deviations of the training rows; standardised values are clipped at +-LARGEST_STANDARDISED."""

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> Standardiser:
        """From rows [n, F]; a constant column gets deviation 1, so that it stays at zero."""
        if not len(values):
            raise ValueError("There are no rows to standardise. Train on a period with candidates and shoppers.")
        deviation = values.std(axis=0, dtype=np.float64)
        deviation = np.where(deviation > 1e-6, deviation, 1.0)
        return cls(values.mean(axis=0, dtype=np.float64).astype(np.float32), deviation.astype(np.float32))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        scaled = (values.astype(np.float32) - self.mean) / self.deviation
        return np.clip(scaled, -LARGEST_STANDARDISED, LARGEST_STANDARDISED)


@dataclass(frozen=True)
class RankerInputs:
    """The names of everything the ranker reads, in order, and the size of an item's picture as a vector, 0 for none.

    image_version: of the vision model whose vectors these are; "" for the store's own
    event_types: those of the history that have a code of their own
    revoking: types of history events that revoke the earlier interest in their item: neither they nor the earlier
        events of the shopper with the item are read
    falling: channels and features of negative feedback, which may lower a logit and never raise it
    """

    channels: tuple[str, ...]
    item_features: tuple[str, ...]
    user_features: tuple[str, ...]
    history_items: int
    image_size: int = 0
    pair_features: tuple[str, ...] = ()
    event_types: tuple[str, ...] = EVENT_TYPES
    revoking: tuple[str, ...] = ()
    falling: tuple[str, ...] = ()
    image_version: str = ""

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the terms of the linear skip: channels, the first stage's log-odds, features of items and pairs."""
        return (*self.channels, FIRST_STAGE, *self.item_features, *self.pair_features)

    @property
    def signs(self) -> tuple[int, ...]:
        """Of each term: -1 if it may only lower a logit, 1 if it may only raise it, 0 if both.

        The first stage's log-odds fall with its channels of negative feedback, so they may then only raise it.
        """
        rising = any(name in self.falling for name in self.channels)
        return tuple(-1 if name in self.falling else 1 if name == FIRST_STAGE and rising else 0 for name in self.terms)

    @classmethod
    def of(cls, names: Mapping[str, Any]) -> RankerInputs:
        """From the JSON object of a bundle; one written before a field existed has that field's default."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in names.items()
        }
        return cls(**values)


@dataclass(frozen=True)
class EncodedItems:
    """The item side with all that does not depend on a shopper: `text` [t, width] projected, `features` [n, Fi]
    standardised, `text_row` [n]. Plain arrays, so that executors can map them."""

    text: np.ndarray
    features: np.ndarray
    text_row: np.ndarray


class FusionRanker:
    """Network, names of its inputs and their standardisation."""

    def __init__(
        self,
        inputs: RankerInputs,
        shape: FusionShape,
        network: FusionNetwork,
        terms: Standardiser,
        users: Standardiser,
    ) -> None:
        self.inputs, self.shape, self.network = inputs, shape, network.eval()
        self._terms, self._users = terms, users
        self._signs = np.array(inputs.signs, dtype=np.int64)

    def to(self, device: str) -> FusionRanker:
        """Moves the network to a device of torch, on which it then computes; returns itself."""
        self.network.to(device)
        return self

    def encode_items(self, items: Items) -> EncodedItems:
        """The item side of one date, to be passed to `predict` with every block."""
        text = np.empty((len(items.text), self.shape.width), dtype=np.float32)
        with torch.inference_mode():
            for start in range(0, len(text), _ITEMS_AT_ONCE):
                rows = np.asarray(items.text[start : start + _ITEMS_AT_ONCE], dtype=np.float32)
                texts = torch.from_numpy(rows).to(self.network.skip.device)
                text[start : start + len(rows)] = self.network.project(texts).cpu().numpy()
        return EncodedItems(text, self.standardised_features(items), items.text_row)

    def standardised_features(self, items: Items) -> np.ndarray:
        """[n, Fi] float32, the item's terms of the linear skip."""
        return self._of_terms(self.of_items)(items.features)

    def standardised_users(self, block: Block) -> np.ndarray:
        """[B, Fu] float32, the shoppers' features."""
        return self._users(block.user_features)

    def predict(self, block: Block, items: EncodedItems) -> np.ndarray:
        """[B, C] float32 logits, -inf where there is no candidate. Raises ValueError on a logit that is not finite."""

        def projected(rows: np.ndarray) -> Tensor:
            return torch.from_numpy(items.text[rows])

        logits = np.empty(block.candidates.shape, dtype=np.float32)
        with torch.inference_mode():
            for some in batches(len(block)):
                tensors = self.tensors(block.take(some), items, projected).to(self.network.skip.device)
                logits[some] = logits_of(self.network, tensors).cpu().numpy()
        if not np.isfinite(logits[block.listed]).all():
            raise ValueError(
                "The fusion model returned a logit that is not finite. Check its inputs, or train a new model."
            )
        return np.where(block.listed, logits, np.float32(-np.inf))

    def terms(self, block: Block, items: EncodedItems) -> np.ndarray:
        """[B, C, terms] float32: the standardised inputs of the linear skip, in the order of `inputs.terms`."""
        if block.channel_scores.shape[2] != len(self.inputs.channels):
            raise ValueError(
                f"Candidates have {block.channel_scores.shape[2]} channel scores, the model reads "
                f"{len(self.inputs.channels)}. Build the candidates with the model's own first stage."
            )
        place = len(self.inputs.channels)
        channels = self._of_terms(slice(place))(block.channel_scores)
        # The log-odds are not clipped: the skip starts from this sum, and the reasons split it into its parts.
        log_odds = (block.first_stage_score - self._terms.mean[place]) / self._terms.deviation[place]
        features = items.features[np.maximum(block.candidates, 0)]
        parts = [channels, log_odds[..., None].astype(np.float32), features]
        if self.inputs.pair_features:
            parts.append(self._of_terms(slice(self.of_items.stop, None))(block.pair_features))
        return np.concatenate(parts, axis=2)

    def constrain(self) -> None:
        """Moves the weights of the linear skip to 0 that have the wrong sign for a term of `inputs.signs`."""
        if not self._signs.any():
            return
        signs = torch.from_numpy(self._signs).to(self.network.skip.device)
        with torch.no_grad():
            self.network.skip[(signs != 0) & (self.network.skip * signs < 0)] = 0.0

    @property
    def first_stage_deviation(self) -> float:
        """By which the first stage's log-odds are divided as a term."""
        return float(self._terms.deviation[len(self.inputs.channels)])

    @property
    def of_items(self) -> slice:
        """Where the item features are among the terms."""
        first = len(self.inputs.channels) + 1
        return slice(first, first + len(self.inputs.item_features))

    def _of_terms(self, places: slice) -> Standardiser:
        return Standardiser(self._terms.mean[places], self._terms.deviation[places])

    def linear_contributions(
        self, block: Block, items: EncodedItems, first_stage_parts: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Contributions [B, C, terms] = weight * (term - its mean over the shopper's candidates), in logits, and
        whether a term is below that mean [B, C, terms] bool; 0 and False without a candidate.

        The sum over the terms is the candidate's linear part less the mean linear part of the shopper's candidates.
        The first stage's log-odds are a sum over channels: their contribution is passed on to the channels by
        `first_stage_parts` [B, C, channels], which add up to them but for a constant, and is 0 as a term.
        """
        place = len(self.inputs.channels)
        weights = self.network.skip.detach().cpu().numpy()
        terms = self.terms(block, items)
        moved = terms * weights
        moved[..., :place] += first_stage_parts * (weights[place] / self.first_stage_deviation)
        moved[..., place] = 0.0
        listed = block.listed[..., None]
        return from_mean(moved, listed), from_mean(terms, listed) < 0

    def tensors(self, block: Block, items: EncodedItems, project: Callable[[np.ndarray], Tensor]) -> FusionTensors:
        """The network's inputs for a block; `project` gives projected texts [..., width] for rows of `items.text`."""
        length = self.inputs.history_items
        history = block.history[:, :length]
        history_text = np.where(history >= 0, items.text_row[np.maximum(history, 0)], PADDING)
        candidate_text = items.text_row[np.maximum(block.candidates, 0)]
        terms = torch.from_numpy(self.terms(block, items))
        # Only the linear skip reads a term with a sign: what else reads it could turn its effect round.
        free_terms = terms.masked_fill(torch.from_numpy(self._signs != 0), 0.0) if self._signs.any() else terms
        return FusionTensors(
            history_text=project(np.maximum(history_text, 0)),
            history_has_text=torch.from_numpy(history_text >= 0),
            padded=torch.from_numpy(history == PADDING),
            days_ago=torch.from_numpy(block.days_ago[:, :length]),
            event_types=torch.from_numpy(block.event_types[:, :length].astype(np.int64)),
            user=torch.from_numpy(self.standardised_users(block)),
            candidate_text=project(np.maximum(candidate_text, 0)),
            candidate_has_text=torch.from_numpy(candidate_text >= 0),
            terms=terms,
            free_terms=free_terms,
            item_features=free_terms[..., self.of_items],
        )

    def save(self, folder: Path) -> None:
        """Writes the weights as safetensors and names, sizes and standardisation as JSON with the weights' digest."""
        folder.mkdir(parents=True, exist_ok=True)
        weights = save_weights({name: tensor.contiguous() for name, tensor in self.network.state_dict().items()})
        (folder / WEIGHTS).write_bytes(weights)
        description = {
            "inputs": asdict(self.inputs),
            "shape": asdict(self.shape),
            "terms": _as_lists(self._terms),
            "users": _as_lists(self._users),
            "weights_sha256": sha256(weights).hexdigest(),
        }
        (folder / DESCRIPTION).write_text(json.dumps(description, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> FusionRanker:
        """Loads what `save` wrote. Raises ValueError when the weights are not those that the description names."""
        description = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        weights = (folder / WEIGHTS).read_bytes()
        if sha256(weights).hexdigest() != description["weights_sha256"]:
            raise ValueError(
                f"{folder / WEIGHTS} is damaged: its digest is not the one in {DESCRIPTION}. Copy the bundle again."
            )
        inputs = RankerInputs.of(description["inputs"])
        shape = FusionShape(**description["shape"])
        network = FusionNetwork(shape)
        network.load_state_dict(load_weights(weights))
        return cls(inputs, shape, network, _standardiser(description["terms"]), _standardiser(description["users"]))


@dataclass(frozen=True)
class FusionTensors:
    """Inputs of the network: tokens of the history [B, L, …], candidates [B, C, …], the shopper's features [B, Fu].

    free_terms: `terms` with 0 for those that have a sign
    """

    history_text: Tensor
    history_has_text: Tensor
    padded: Tensor
    days_ago: Tensor
    event_types: Tensor
    user: Tensor
    candidate_text: Tensor
    candidate_has_text: Tensor
    terms: Tensor
    free_terms: Tensor
    item_features: Tensor

    def to(self, device: torch.device) -> FusionTensors:
        """The same on a device."""
        return FusionTensors(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})


def logits_of(network: FusionNetwork, inputs: FusionTensors) -> Tensor:
    """[B, C] logits."""
    users, padded = users_of(network, inputs)
    candidates = network.described(inputs.candidate_text, inputs.candidate_has_text)
    return network(users, padded, candidates, inputs.item_features, inputs.terms, inputs.free_terms)


def users_of(network: FusionNetwork, inputs: FusionTensors) -> tuple[Tensor, Tensor]:
    """The shoppers' side [B, 1 + L, width] and which of its places are padded [B, 1 + L]."""
    tokens = network.tokens(
        inputs.history_text, inputs.history_has_text, inputs.days_ago, inputs.event_types, inputs.user
    )
    profile = torch.zeros(len(inputs.padded), 1, dtype=torch.bool, device=inputs.padded.device)
    padded = torch.cat([profile, inputs.padded], dim=1)
    return network.users(tokens, padded), padded


def mean_of(values: np.ndarray, listed: np.ndarray) -> np.ndarray:
    """Mean [B, 1, terms] of values [B, C, terms] over the shopper's listed candidates, 0 where none is listed."""
    count = np.maximum(listed.sum(axis=1, keepdims=True), 1)
    return np.where(listed, values, 0.0).sum(axis=1, keepdims=True) / count


def from_mean(values: np.ndarray, listed: np.ndarray) -> np.ndarray:
    """Values [B, C, terms] less their mean over the shopper's listed candidates, 0 where none is listed."""
    return np.where(listed, values - mean_of(values, listed), 0.0)


def _as_lists(standardiser: Standardiser) -> dict[str, list[float]]:
    return {"mean": standardiser.mean.tolist(), "deviation": standardiser.deviation.tolist()}


def _standardiser(lists: dict[str, list[float]]) -> Standardiser:
    return Standardiser(np.array(lists["mean"], dtype=np.float32), np.array(lists["deviation"], dtype=np.float32))
