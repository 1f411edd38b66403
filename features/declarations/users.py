"""The features of shoppers."""

from __future__ import annotations

from functools import partial

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, BooleanType, DoubleType, LongType, StringType

from features.declarations.feature import LIFE, NEVER, Feature, Group, features_table
from features.derived.activity import SESSION_ITEMS, active, session_categories
from features.derived.carts import left_in_cart
from features.derived.catalogue import days_since
from features.derived.profiles import PROFILE_LENGTH, browsed, price_and_tail, profiles, stores
from features.derived.purchases import (
    days_since_first_purchase,
    days_since_last_purchase,
    days_since_last_view,
    novelty_share,
    repeat_share,
    visit_gap_mean,
    visit_probability,
    weekday_shares,
    weekend_share,
)
from features.derived.responses import with_response_shares
from features.derived.searches import QUERIES, searched

RESPONSE_WINDOWS = (28,)

_person = Group("user", "users", "customers")
_visits = Group("user", "daily_user", "customers")
_spend = Group("user", "daily_user", "pricing")
_attention = Group("user", "daily_user", "storefront")
_pairs = Group("user", "daily_pair", "merchandising")
_taste = Group("user", "daily_user", "merchandising")
_searches = Group("user", "searches", "storefront")
_sessions = Group("user", "user_history", "storefront")


def _attribute_names() -> Column:
    return F.array_sort(F.map_keys("attributes"))


def _attribute_values() -> Column:
    return F.transform(_attribute_names(), lambda name: F.try_element_at("attributes", name))


def _browsed(members: str, source: str) -> tuple[Feature, ...]:
    meaning = f"The {PROFILE_LENGTH} {members} whose items were viewed most {{window}}, the most first"
    sources = ("views_weight", source)
    return (
        _pairs.derived(
            f"browsed_{members}", "names", 28, sources, f"{meaning}.", function=browsed,
            kind=ArrayType(StringType()), default=(),
        ),
        _pairs.derived(
            f"browsed_{members}", "shares", 28, sources, f"{meaning}: the share of the views of each.",
            function=browsed, kind=ArrayType(DoubleType()), default=(),
        ),
    )  # fmt: skip


def _profile(members: str, source: str) -> tuple[Feature, ...]:
    """A profile as two arrays of one length, since Feast serves no maps."""
    meaning = f"The {PROFILE_LENGTH} {members} with the most purchase lines {{window}}, the most first"
    return (
        _pairs.derived(
            f"top_{members}", "names", 90, source, f"{meaning}.", function=profiles, kind=ArrayType(StringType()),
            default=(),
        ),
        _pairs.derived(
            f"top_{members}", "shares", 90, source, f"{meaning}: the share of the lines of each.", function=profiles,
            kind=ArrayType(DoubleType()), default=(),
        ),
    )  # fmt: skip


USER_FEATURES: tuple[Feature, ...] = (
    *_visits.over(
        (1, 7, 28, 90, LIFE), "purchases", "count", "purchases_count", "Purchase lines {window}.", event="purchase"
    ),
    *_visits.over((7, 28, 90, LIFE), "baskets", "count", "baskets_count", "Baskets {window}.", event="purchase"),
    *_spend.over((7, 28, 90, LIFE), "spend", "sum", "spend_sum", "Amount paid {window}.", event="purchase"),
    *_pairs.over((28, 90), "items", "distinct", "item_id", "Distinct items bought {window}.", event="purchase"),
    *_taste.over(
        (LIFE,), "items", "count", "new_items_count", "Distinct items bought {window}.", event="purchase"
    ),
    _visits.days_since(
        "last_purchase", ("day", "purchases_count"), days_since_last_purchase,
        "Days since the day of the last purchase.",
    ),
    _visits.days_since(
        "first_purchase", ("day", "purchases_count"), days_since_first_purchase,
        "Days since the day of the first purchase.",
    ),
    _person.days_since(
        "signed_up", "signed_up_at", partial(days_since, "signed_up_at"), "Days since the shopper signed up."
    ),
    *_visits.over(
        (28, 90, LIFE), "visit", "days", "purchases_count", "Days with a purchase {window}.", event="purchase"
    ),
    _visits.probability(
        "visit", "purchases_count", 1 / 30, partial(visit_probability, 28),
        "Probability of a visit on a day: (days with a purchase in the last 28 days + 1) / 30.",
    ),
    _visits.derived(
        "visit_gap", "mean", LIFE, ("day", "purchases_count"),
        "Mean days from one day with a purchase to the next {window}.", expression=visit_gap_mean, default=NEVER,
    ),
    *_spend.over(
        (90,), "basket_spend", "mean", "spend_sum", "Mean amount paid in a basket {window}.", event="purchase",
        per=("baskets_count",),
    ),
    *_spend.over(
        (90,), "basket_lines", "mean", "purchases_count", "Mean purchase lines in a basket {window}.",
        event="purchase", per=("baskets_count",),
    ),
    *_spend.over(
        (90,), "price", "mean", "spend_sum", "Mean amount paid for a purchase line {window}.", event="purchase",
        per=("purchases_count",),
    ),
    *_spend.over(
        (90,), "discount", "share", "discount_sum", "Discount as a share of the amount before discount {window}.",
        event="purchase", per=("spend_sum", "discount_sum"),
    ),
    *_spend.over(
        (90,), "discounted", "share", "discounted_count", "Share of the purchase lines {window} that had a discount.",
        event="purchase", per=("purchases_count",),
    ),
    _pairs.derived(
        "price_percentile", "mean", 90, "item_features.price_percentile_90d",
        "Price tier: mean price percentile, within its category, of the items of the purchase lines {window}.",
        function=price_and_tail, default=0.5,
    ),
    _pairs.derived(
        "tail", "share", 90, "item_features.segment", "Share of the purchase lines {window} that were of tail items.",
        function=price_and_tail,
    ),
    *(
        _pairs.derived(
            "novelty", "share", days, ("purchases_count", "previous_day"),
            "Share of the distinct items bought {window} that the shopper had never bought before.",
            expression=partial(novelty_share, days),
        )
        for days in (28, 90)
    ),
    _pairs.derived(
        "repeat", "share", 90, ("purchases_count", "previous_day", "earlier_day"),
        "Share of the distinct items bought {window} that were bought on at least two of these days.",
        expression=partial(repeat_share, 90),
    ),
    *(
        _pairs.derived(
            members, "count", 90, source, f"Distinct {words} of the items bought {{window}}.",
            function=profiles, kind=LongType(), default=0,
        )
        for members, words, source in (
            ("categories", "categories", "item_features.category"),
            ("types", "product types", "item_features.product_type"),
            ("brands", "brands", "item_features.brand"),
        )
    ),
    *_profile("categories", "item_features.category"),
    *_profile("brands", "item_features.brand"),
    _taste.derived(
        "weekend", "share", 90, ("day", "purchases_count"),
        "Share of the purchase lines {window} that were on Saturday or Sunday.", expression=partial(weekend_share, 90),
    ),
    _taste.derived(
        "weekday", "shares", 90, ("day", "purchases_count"),
        "Share of the purchase lines {window} that were on each day of the week, Monday first; empty without a line.",
        expression=partial(weekday_shares, 90), kind=ArrayType(DoubleType()), default=(),
    ),
    *(
        feature
        for part in ("night", "morning", "afternoon", "evening")
        for feature in _taste.over(
            (90,), part, "share", f"{part}_count",
            f"Share of the purchase lines {{window}} that were in the {part}, in the store's time zone.",
            event="purchase", per=("purchases_count",),
        )
    ),
    _visits.derived(
        "stores", "count", 90, "stores", "Distinct stores {window}.", function=stores, kind=LongType(), default=0
    ),
    _visits.derived(
        "store", "favourite", 90, "stores", "The store visited on the most days {window}.", function=stores,
        kind=StringType(), default="",
    ),
    *_attention.over(
        (28,), "exposures", "count", "exposures_weight", "Exposures {window}, by sample weight.", event="exposure"
    ),
    *_attention.over(
        (7, 28), "views", "count", "views_weight", "Views of product pages {window}, by sample weight.", event="view"
    ),
    *_attention.over(
        (28,), "carts", "count", "carts_weight", "Additions to the cart {window}, by sample weight.", event="cart"
    ),
    *_attention.over(
        (28,), "favourites", "count", "favourites_weight",
        "Times that an item was put on a list of favourites {window}, by sample weight.", event="favourite",
    ),
    _attention.days_since(
        "last_view", ("day", "views_weight"), days_since_last_view, "Days since the day of the last view."
    ),
    _searches.derived(
        "searches", "count", 28, "search_id", "Searches {window}.", function=searched, kind=LongType(), default=0
    ),
    _searches.derived(
        "searches", "queries", 28, ("query", "search_time"),
        f"The {QUERIES} newest different queries {{window}}, the newest first, in lower case.", function=searched,
        kind=ArrayType(StringType()), default=(),
    ),
    *_browsed("categories", "item_features.category"),
    *_browsed("brands", "item_features.brand"),
    _pairs.derived(
        "browsed_price_percentile", "mean", 28, ("views_weight", "item_features.price_percentile_90d"),
        "Price tier of what is viewed: mean price percentile, within its category, of the items viewed {window}.",
        function=browsed, default=0.5,
    ),
    _pairs.derived(
        "left_in_cart", "count", 28, ("carts_weight", "purchases_count"),
        "Items put into the cart {window} and not bought on that day or later.", function=left_in_cart,
        kind=LongType(), default=0,
    ),
    *(
        _sessions.attribute(name, kind, default, meaning, sources, function=function)
        for name, kind, default, meaning, sources, function in (
            (
                "last_session_items", ArrayType(StringType()), (),
                f"The different items of the last session, the newest first, at most {SESSION_ITEMS}.",
                ("item_ids", "event_times"), active,
            ),
            (
                "last_session_categories", ArrayType(StringType()), (),
                "The different categories of last_session_items, the newest first.",
                ("item_ids", "event_times", "item_features.category"), session_categories,
            ),
            ("last_session_events", LongType(), 0, "Events of the last session.", "event_times", active),
            (
                "last_session_minutes", DoubleType(), 0.0, "Minutes from its first event to its last.", "event_times",
                active,
            ),
            ("days_since_last_session", DoubleType(), NEVER, "Days since its last event.", "days_ago", active),
        )
    ),
    *(
        _sessions.derived(
            f"active_{units}", "shares", 90, ("event_times", "event_types"),
            f"Share of the events {{window}} in each {unit}, in the store's time zone, from {first} on; empty without "
            "an event.",
            function=active, kind=ArrayType(DoubleType()), default=(),
        )
        for units, unit, first in (("hours", "hour of the day", "midnight"), ("weekdays", "day of the week", "Monday"))
    ),
    *(
        _attention.derived(
            "response", "share", days, ("responses_weight", "exposures_weight"),
            "Share of the exposures {window} with a purchase of the item on the same day, shrunk to the share of all "
            "shoppers with the weight of 20 exposures.",
            function=with_response_shares,
        )
        for days in RESPONSE_WINDOWS
    ),
    # Two arrays of one length, since Feast serves no maps and each store has attributes of its own.
    _person.attribute(
        "attribute_names", ArrayType(StringType()), (), "Names of the shopper's attributes, sorted.", "attributes",
        expression=_attribute_names,
    ),
    _person.attribute(
        "attribute_values", ArrayType(StringType()), (), "The value of each of attribute_names.", "attributes",
        expression=_attribute_values,
    ),
    _person.attribute("consent_personalisation", BooleanType(), False, "Whether lists may be personal."),
)  # fmt: skip
USER_FEATURES_TABLE = features_table(
    "user_features", "What is known of each shopper before each night.", "user", USER_FEATURES
)
