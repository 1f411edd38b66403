"""Low-rank adapters (Hu et al. 2021, LoRA, arXiv:2106.09685): few weights are trained, then merged into the model's."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True)
class Lora:
    """`rank` of each adapter, which counts `alpha` / `rank` times; `dropout` before it."""

    rank: int
    alpha: int
    dropout: float


def with_adapters(model: PreTrainedModel, lora: Lora) -> Any:
    """The model with an adapter at each linear layer; its own weights are frozen."""
    from peft import LoraConfig, get_peft_model

    # "all-linear" finds the layers of any architecture by their kind; names differ from one BERT to the next.
    config = LoraConfig(r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules="all-linear")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft uses a name of transformers that is deprecated
        return get_peft_model(model, config)


def merged(model: Any) -> PreTrainedModel:
    """The model itself with the adapters added to its weights: of the same names and shapes as before."""
    return model.merge_and_unload()
