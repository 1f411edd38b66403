"""The section `plan` of the configuration: who enters the lists, and what the exposure has to respect."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from jobs.config.section import NotNegative, NotNegativeFloat, Number, Positive, PositiveFloat, Section, Share

Segment = Literal["head", "tail", "cold"]


class GroupBound(Section):
    """Items by one column, and the share of all expected exposure that they get at least (floors) or at most (caps).

    `each` makes a group of every value of a text column, `buckets` one of every interval of a number between and
    beside the given edges; each of these groups has the bound.
    """

    column: str
    equals: str | None = None
    one_of: tuple[str, ...] | None = None
    at_least: Number | None = None
    at_most: Number | None = None
    each: bool = False
    buckets: Annotated[tuple[Number, ...], Field(min_length=1)] | None = None
    share: Share

    @model_validator(mode="after")
    def says_what_belongs(self) -> GroupBound:
        between = self.at_least is not None or self.at_most is not None
        ways = [self.equals is not None, self.one_of is not None, between, self.each, self.buckets is not None]
        if sum(ways) != 1:
            raise ValueError("needs one of equals, one_of, at_least with or without at_most, each, buckets")
        if self.buckets is not None and list(self.buckets) != sorted(set(self.buckets)):
            raise ValueError("has buckets whose edges do not rise")
        return self

    @property
    def is_text(self) -> bool:
        """Whether the rule is about a text, not about a number."""
        return self.equals is not None or self.one_of is not None or self.each


class ItemFloor(Section):
    segment: Segment
    exposures: NotNegativeFloat


class Launch(Section):
    """Expected exposures that an item gets at least on the day it is listed, falling to none in a line."""

    exposures: NotNegativeFloat
    days: Positive


class Stock(Section):
    """Columns with units in stock and with purchase lines expected anyway; null: stock is no bound."""

    column: str | None
    demand_column: str | None


class Worth(Section):
    """What a response is worth beside being one: 1 + margin_weight times margin, and responses per unit of revenue."""

    margin_column: str | None
    margin_weight: NotNegativeFloat
    bid_weight: NotNegativeFloat


class Sponsor(Section):
    """A provider that pays `bid` an exposure, and `budget` a night at most; both in the store's currency."""

    bid: PositiveFloat
    budget: NotNegativeFloat


class Frequency(Section):
    """A pair that was exposed `times` times in `days` days is left out; `times` is null where nobody minds."""

    times: Positive | None
    days: Positive
    counted: Literal["lists", "events"]


class Plan(Section):
    policy: str
    relevance_of: str | None
    placement: str
    segments: Annotated[tuple[Segment, ...], Field(min_length=1)]
    slots: Positive
    position_weights: tuple[Annotated[PositiveFloat, Field(le=1)], ...]
    max_per_product_type: Positive
    relevance_bar: Share
    max_item_share: Share
    floors: dict[str, GroupBound]
    caps: dict[str, GroupBound]
    item_floor: ItemFloor
    launch: Launch
    stock: Stock
    worth: Worth
    sponsors: dict[str, Sponsor]
    merchandising: str | None
    sensitive_categories: tuple[str, ...]
    frequency: Frequency
    shopper_segments: str | None
    on_unmet_floor: Literal["serve", "refuse"]
    exploration_slots: NotNegative
    tolerance: PositiveFloat
    max_passes: Positive
    driver_pairs: Positive

    @property
    def scored_as(self) -> str:
        """The policy whose relevance is planned."""
        return self.relevance_of or self.policy

    @model_validator(mode="after")
    def positions_fit(self) -> Plan:
        if len(self.position_weights) != self.slots:
            raise ValueError(f"position_weights has {len(self.position_weights)} numbers, slots is {self.slots}")
        if self.exploration_slots >= self.slots:
            raise ValueError("exploration_slots must be below slots")
        return self
