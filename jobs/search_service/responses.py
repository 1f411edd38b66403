"""What the service returns, as OpenAPI describes it."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field


class FoundItem(BaseModel):
    """An item for a query."""

    item_id: str
    title: str = Field(description="After the brand, where the title lacks it.")
    score: float = Field(description="The match plus the weighted boost, by which the items are ranked.")
    match: float = Field(description="How well the item matches the query, as the column score of query_items.")
    boost: float = Field(description="Of the plan: the shopper's for this item, else the item's own.")
    is_tail: bool = Field(description="Whether the item is outside the head.")


class SearchAnswer(BaseModel):
    """The items for a query, the best first."""

    night: date
    order: Literal["learnt", "sum"] = Field(description="Learnt from what shoppers chose, or words plus vectors.")
    personal: bool = Field(description="Whether boosts of the shopper's own list were used.")
    items: list[FoundItem]


class NamedItem(BaseModel):
    """An item that an answer is about or names."""

    item_id: str
    title: str


class QuestionAnswer(BaseModel):
    """The store's answer to a question, or none."""

    night: date
    answer: str | None = Field(description="null where no stored answer reaches the bar.")
    question: str | None = Field(description="The stored question of the answer.")
    score: float = Field(description="How well the best stored answer fits, 0 to 1, whether it is given or not.")
    items: list[NamedItem] = Field(description="Eligible items that the answer is about or names.")


class ItemExplanation(BaseModel):
    """What the night says of an item, in sentences: where it is shown, or why not and what could help."""

    night: date
    item_id: str
    title: str
    segment: str | None = Field(description="head, tail or cold; null for an item that is not eligible.")
    sentences: list[str]


class Health(BaseModel):
    """Which night serves. problem: why the live one, or the file of answers, does not; empty if both do."""

    night: date | None
    run_id: str | None
    items: int
    answers: int
    problem: str


class Problem(BaseModel):
    """Why a request got no answer."""

    problem: str
    remedy: str
