"""The number format in which an encoder is fast; it depends on the processor, so it is measured."""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from transformers import PreTrainedModel

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
# Less precision has to pay off, and of two formats of similar speed the choice must not alternate between nights.
WORTH = 1.2
# A format without instructions on the processor is many times slower, which shows in one batch.
_HOPELESS = 3.0
_ROUNDS = 3


def choose_dtype(model: PreTrainedModel, wanted: str, device: torch.device, tokens: int) -> str:
    """`wanted` itself, or for `auto` the format that `measured_dtype` finds. Raises ValueError for another name."""
    if wanted in DTYPES:
        return wanted
    if wanted != "auto":
        raise ValueError(f"{wanted!r} is not a dtype of an encoder. Set encoder.dtype to auto, float32 or bfloat16.")
    return measured_dtype(model, device, tokens)


def measured_dtype(model: PreTrainedModel, device: torch.device, tokens: int) -> str:
    """bfloat16 where it encodes batches of texts of `tokens` tokens `WORTH` times as fast as float32, else float32."""
    batch = torch.ones((512 if device.type == "cuda" else 8, tokens), dtype=torch.long, device=device)
    full = _seconds(model, batch, hopeless=float("inf"))
    half = _seconds(copy.deepcopy(model).to(torch.bfloat16), batch, hopeless=_HOPELESS * full)
    return "bfloat16" if half * WORTH < full else "float32"


def _seconds(model: PreTrainedModel, batch: torch.Tensor, hopeless: float) -> float:
    """Fewest seconds of a forward pass over some rounds; a round that takes longer than `hopeless` is the last."""
    _forward(model, batch[:1])
    least = _forward(model, batch)
    for _ in range(_ROUNDS - 1):
        if least > hopeless:
            break
        least = min(least, _forward(model, batch))
    return least


def _forward(model: PreTrainedModel, batch: torch.Tensor) -> float:
    started = time.perf_counter()
    with torch.inference_mode():
        model(input_ids=batch, attention_mask=torch.ones_like(batch))
    if batch.device.type == "cuda":
        torch.cuda.synchronize(batch.device)
    return time.perf_counter() - started
