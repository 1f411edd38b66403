"""The section `encoder` of the configuration: the text encoder and its fine-tuning."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from jobs.config.section import NotNegative, Positive, PositiveFloat, Section, Share, Whole


class Lora(Section):
    rank: Positive
    alpha: Positive
    dropout: Share


class FineTune(Section):
    method: Literal["full", "lora"]
    lora: Lora
    steps: NotNegative
    batch_size: Annotated[Whole, Field(ge=2)]
    accumulate: Positive
    learning_rate: PositiveFloat
    warmup_share: Share
    temperature: PositiveFloat
    hard_negatives: NotNegative
    tail_weight: PositiveFloat
    window_days: Positive
    held_out_days: NotNegative
    held_out_pairs: Positive
    evaluate_every: Positive
    patience: Positive
    checkpoint_every: NotNegative

    @model_validator(mode="after")
    def _days_remain_for_training(self) -> FineTune:
        if self.held_out_days >= self.window_days:
            raise ValueError(
                f"held_out_days is {self.held_out_days} and must be below window_days ({self.window_days}), or no day "
                "is left to train on"
            )
        return self


class Encoder(Section):
    model: str
    device: Literal["auto", "cpu", "cuda"]
    dtype: Literal["auto", "float32", "bfloat16"]
    batch_size: Positive
    processes: Positive
    max_item_tokens: Positive
    max_user_tokens: Positive
    user_items: Positive
    every_days: Positive
    fine_tune: FineTune
