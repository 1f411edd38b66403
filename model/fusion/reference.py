"""The second stage that needs no training: popularity and the likeness of texts, in place of an ensemble."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from model.fusion.inputs import Block, Items
from model.fusion.ranker import EncodedItems, RankerInputs, from_mean
from model.retrieval.reference import REFERENCE_WEIGHTS

FILE = "reference.json"


@dataclass(frozen=True)
class Reference:
    """Logits = weights · raw channel scores; every other input is ignored.

    weights: by name of a channel, in logits
    """

    inputs: RankerInputs
    weights: dict[str, float]

    @classmethod
    def of(cls, inputs: RankerInputs) -> Reference:
        """With REFERENCE_WEIGHTS. Raises ValueError when the inputs lack one of their channels."""
        missing = [name for name in REFERENCE_WEIGHTS if name not in inputs.channels]
        if missing:
            raise ValueError(f"The reference reads the channels {', '.join(missing)}, which the first stage lacks.")
        return cls(inputs, dict(REFERENCE_WEIGHTS))

    @property
    def ranker(self) -> Reference:
        """Itself: what encodes items and explains logits, as the fusion model in an ensemble."""
        return self

    def to(self, device: str) -> Reference:
        """Itself: it computes on the CPU."""
        return self

    def encode_items(self, items: Items) -> EncodedItems:
        """The item side of one date, of which it reads nothing."""
        empty = np.zeros((1, 1), dtype=np.float32)
        return EncodedItems(empty, empty, items.text_row)

    def predict(self, block: Block, items: EncodedItems) -> np.ndarray:
        """[B, C] float32 logits, -inf where there is no candidate."""
        logits = block.channel_scores @ self._of_channels()
        return np.where(block.listed, logits, np.float32(-np.inf))

    def linear_contributions(
        self, block: Block, items: EncodedItems, first_stage_parts: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `FusionRanker.linear_contributions`; the first stage adds nothing."""
        terms = np.zeros((*block.candidates.shape, len(self.inputs.terms)), dtype=np.float32)
        terms[..., : len(self.inputs.channels)] = block.channel_scores
        moved = np.zeros_like(terms)
        moved[..., : len(self.inputs.channels)] = block.channel_scores * self._of_channels()
        listed = block.listed[..., None]
        return from_mean(moved, listed), from_mean(terms, listed) < 0

    def save(self, folder: Path) -> None:
        """Writes inputs and weights as JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Reference:
        """Loads what `save` wrote. Raises ValueError when the file is damaged."""
        try:
            content = json.loads((folder / FILE).read_text(encoding="utf-8"))
            inputs = RankerInputs.of(content["inputs"])
            return cls(inputs, {name: float(weight) for name, weight in content["weights"].items()})
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{folder / FILE} is damaged ({error!r}). Copy the bundle again.") from error

    def _of_channels(self) -> np.ndarray:
        """[channels] float32."""
        return np.array([self.weights.get(name, 0.0) for name in self.inputs.channels], dtype=np.float32)
