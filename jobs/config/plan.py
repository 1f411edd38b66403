"""The section `plan` of the configuration: which items enter the lists, and what the exposure has to respect."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from features.contract.segments import Segment
from jobs.config.section import (
    NotNegative,
    NotNegativeFloat,
    Number,
    Positive,
    PositiveFloat,
    PositiveShare,
    Section,
    Share,
)
from model.catalogue.whole_phrases import comparable, is_searchable

# Columns of item_features that the bar of plan.quality reads.
BAD_SHARE, REVIEWS = "bad_reviews_share_90d", "reviews_count_90d"
TEXTS = ("title", "description")  # columns of items that plan.not_lifted may search
NOT_LIFTED_BY = "not_lifted_by"  # column of item_exposure, and of the items of a plan with plan.not_lifted


class ItemGroup(Section):
    """Items by one column: a text that equals a value or is one of several, or a number between two bounds."""

    column: str
    equals: str | None = None
    one_of: tuple[str, ...] | None = None
    at_least: Number | None = None
    at_most: Number | None = None

    @property
    def ways(self) -> tuple[bool, ...]:
        """Which of equals, one_of, and at_least or at_most say what belongs to the group."""
        return (self.equals is not None, self.one_of is not None, self.at_least is not None or self.at_most is not None)

    @property
    def is_text(self) -> bool:
        """Whether the column is a text, not a number."""
        return self.equals is not None or self.one_of is not None


class GroupBound(ItemGroup):
    """The share of all expected exposure that a group of items gets at least (floors) or at most (caps).

    `each` makes a group of every value of a text column, `buckets` one of every interval that the given edges cut a
    number into; each of these groups has the bound.
    """

    each: bool = False
    buckets: Annotated[tuple[Number, ...], Field(min_length=1)] | None = None
    share: Share

    @model_validator(mode="after")
    def says_what_belongs(self) -> GroupBound:
        if sum((*self.ways, self.each, self.buckets is not None)) != 1:
            raise ValueError("needs one of equals, one_of, at_least with or without at_most, each, buckets")
        if self.buckets is not None and list(self.buckets) != sorted(set(self.buckets)):
            raise ValueError("has buckets whose edges do not rise")
        return self

    @property
    def is_text(self) -> bool:
        """Whether the column is a text, not a number."""
        return super().is_text or self.each


class ListRule(Section):
    """At most `most` items of a group in one list. `each` names a text column, and every value of it is a group."""

    each: str | None = None
    column: str | None = None
    equals: str | None = None
    one_of: tuple[str, ...] | None = None
    at_least: Number | None = None
    at_most: Number | None = None
    most: Positive

    @model_validator(mode="after")
    def says_what_belongs(self) -> ListRule:
        group = self.group
        by_group = group is not None and self.column is not None and sum(group.ways) == 1
        if (group is None) == (self.each is None) or (group is not None and not by_group):
            raise ValueError(
                "needs each, or column and one of equals, one_of, at_least with or without at_most; set keys to null "
                "that it should not take over from the rule of this name in conf/base.yaml"
            )
        return self

    @property
    def group(self) -> ItemGroup | None:
        """The one group that the rule bounds; None where every value of a column is a group."""
        of_group = (self.column, self.equals, self.one_of, self.at_least, self.at_most)
        if all(value is None for value in of_group):
            return None
        return ItemGroup(
            column=self.column or "",
            equals=self.equals,
            one_of=self.one_of,
            at_least=self.at_least,
            at_most=self.at_most,
        )

    @property
    def column_name(self) -> str:
        """The column that the rule reads."""
        return self.each or self.column or ""

    @property
    def is_text(self) -> bool:
        """Whether the column is a text, not a number."""
        group = self.group
        return group is None or group.is_text


def _without_null(rules: Any) -> Any:
    """A rule that is null does not hold; so a file can drop a rule of conf/base.yaml."""
    return {name: rule for name, rule in rules.items() if rule is not None} if isinstance(rules, Mapping) else rules


class ItemFloor(Section):
    segment: Segment
    exposures: NotNegativeFloat


class Launch(Section):
    """Expected exposures that an item gets at least on the day it is listed; they fall linearly to 0 in `days`."""

    exposures: NotNegativeFloat
    days: Positive


class QualityBar(Section):
    """An item of `least_reviews` reviewers or more, of which a larger share than this is bad, is not lifted."""

    bad_reviews_share: Share | None
    least_reviews: NotNegative


def _text_of_items(name: object) -> object:
    if name not in TEXTS:
        raise ValueError(f"{name!r} is not a text of items; choose from {', '.join(TEXTS)}")
    return name


def _searchable(phrase: str) -> str:
    if not is_searchable(comparable(phrase)):
        raise ValueError(f"{phrase!r} has neither a letter nor a digit, so it would be in every text; remove it")
    return phrase


class NotLifted(Section):
    """An item is not lifted if one of `texts` has one of the words or phrases; none: every item may be lifted."""

    words: tuple[Annotated[str, AfterValidator(_searchable)], ...]
    texts: Annotated[tuple[Annotated[str, BeforeValidator(_text_of_items)], ...], Field(min_length=1)]


class Stock(Section):
    """Columns of units in stock and of purchase lines expected without exposure; null: stock is no bound."""

    column: str | None
    demand_column: str | None


class Worth(Section):
    """What a response is worth: 1 + margin_weight times margin, and bid_weight responses for a unit of bids."""

    margin_column: str | None
    margin_weight: NotNegativeFloat
    bid_weight: NotNegativeFloat


class Sponsor(Section):
    """A provider pays `bid` for an exposure, and at most `budget` a night; both in the store's currency."""

    bid: PositiveFloat
    budget: NotNegativeFloat


class Ban(Section):
    """An item that is never shown, until `ends_on` where it is set. owner: who wants it so"""

    owner: Annotated[str, Field(min_length=1)]
    ends_on: date | None = None


class Pin(Ban):
    """An item that gets this share of all expected exposure at least."""

    share: PositiveShare


class Frequency(Section):
    """Leaves out a pair that was exposed `times` times in `days` days; null `times`: leaves out none."""

    times: Positive | None
    days: Positive
    counted: Literal["lists", "events"]


class Plan(Section):
    policy: str
    relevance_of: str | None
    placement: str
    visits: Literal["days", "model"]
    segments: Annotated[tuple[Segment, ...], Field(min_length=1)]
    slots: Positive
    position_weights: tuple[Annotated[PositiveFloat, Field(le=1)], ...]
    list_rules: Annotated[dict[str, ListRule], BeforeValidator(_without_null)]
    relevance_bar: Share
    objective: Literal["response", "uplift"]
    uplift_weight: Share
    max_item_share: Share
    floors: dict[str, GroupBound]
    caps: dict[str, GroupBound]
    item_floor: ItemFloor
    launch: Launch
    quality: QualityBar
    not_lifted: NotLifted
    stock: Stock
    worth: Worth
    sponsors: dict[str, Sponsor]
    merchandising: str | None
    pins: dict[str, Pin | None]
    bans: dict[str, Ban | None]
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

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that bounds, list rules, stock, worth and the bar of quality read."""
        named: list[str | None] = [bound.column for bound in (*self.floors.values(), *self.caps.values())]
        named += [rule.column_name for rule in self.list_rules.values()]
        named += [self.stock.column, self.stock.demand_column, self.worth.margin_column]
        if self.quality.bad_reviews_share is not None:
            named += [BAD_SHARE, REVIEWS]
        return tuple(name for name in named if name)

    @property
    def weight_of_uplift(self) -> float:
        """What the plan counts a view for lies so far between f (0) and the effect of being shown (1)."""
        return self.uplift_weight if self.objective == "uplift" else 0.0

    @model_validator(mode="before")
    @classmethod
    def has_no_old_key(cls, keys: Any) -> Any:
        if isinstance(keys, Mapping) and "max_per_product_type" in keys:
            most = keys["max_per_product_type"]
            raise ValueError(
                "max_per_product_type has become a rule of list_rules; write "
                f"list_rules: {{product_type: {{each: product_type, most: {most}}}}}"
            )
        return keys

    @model_validator(mode="after")
    def positions_fit(self) -> Plan:
        if len(self.position_weights) != self.slots:
            raise ValueError(f"position_weights has {len(self.position_weights)} numbers, slots is {self.slots}")
        if self.exploration_slots >= self.slots:
            raise ValueError("exploration_slots must be below slots")
        return self
