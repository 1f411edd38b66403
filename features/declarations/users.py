"""The features of shoppers."""

from __future__ import annotations

from pyspark.sql.types import ArrayType, BooleanType, DoubleType, LongType, StringType

from features.declarations.feature import LIFE, NEVER, Feature, Group, features_table

DEMOGRAPHICS = ("age", "income", "household_size", "kids_count", "home_ownership", "marital_status")
PROFILE_LENGTH = 5  # entries of a profile, the strongest first

_person = Group("user", "users", "customers")
_visits = Group("user", "daily_user", "customers")
_spend = Group("user", "daily_user", "pricing")
_attention = Group("user", "daily_user", "storefront")
_pairs = Group("user", "daily_pair", "merchandising")
_taste = Group("user", "daily_user", "merchandising")


def _profile(what: str, of: str) -> tuple[Feature, ...]:
    """A profile as two arrays of one length, since Feast serves no maps."""
    meaning = f"The {PROFILE_LENGTH} {of} with the most purchase lines {{window}}, the most first"
    source = {"categories": "item_features.category", "brands": "item_features.brand"}[what]
    return (
        _pairs.derived(f"top_{what}", "names", 90, source, f"{meaning}.", kind=ArrayType(StringType()), default=()),
        _pairs.derived(
            f"top_{what}", "shares", 90, source, f"{meaning}: share of the lines of each.",
            kind=ArrayType(DoubleType()), default=(),
        ),
    )  # fmt: skip


USER_FEATURES: tuple[Feature, ...] = (
    *_visits.over((1, 7, 28, 90, LIFE), "purchases", "count", "purchases_count", "Purchase lines {window}."),
    *_visits.over((7, 28, 90, LIFE), "baskets", "count", "baskets_count", "Baskets {window}."),
    *_spend.over((7, 28, 90, LIFE), "spend", "sum", "spend_sum", "Amount paid {window}."),
    *_pairs.over((28, 90), "items", "distinct", "item_id", "Different items bought: those {window}."),
    *_taste.over((LIFE,), "items", "count", "new_items_count", "Different items bought {window}."),
    _visits.days_since("last_purchase", "day", "Days since the day of the last purchase."),
    _visits.days_since("first_purchase", "day", "Days since the day of the first purchase."),
    _person.days_since("signed_up", "signed_up_at", "Days since the shopper is known."),
    *_visits.over((28, 90, LIFE), "visit", "days", "purchases_count", "Days with a purchase: those {window}."),
    _visits.probability(
        "visit", "visit_days_28d", 1 / 30, "Chance to visit on a day: (days with a visit of 28 + 1) / 30."
    ),
    _visits.derived(
        "visit_gap", "mean", LIFE, "day", "Mean days from one day with a purchase to the next, {window}.", default=NEVER
    ),
    *_spend.over(
        (90,), "basket_spend", "mean", "spend_sum", "Mean amount paid in a basket {window}.", per="baskets_count"
    ),
    *_spend.over(
        (90,), "basket_lines", "mean", "purchases_count", "Mean purchase lines in a basket {window}.",
        per="baskets_count",
    ),
    *_spend.over(
        (90,), "price", "mean", "spend_sum", "Mean amount paid for a purchase line {window}.", per="purchases_count"
    ),
    *_spend.over(
        (90,), "discount", "share", "discount_sum", "Discount as a share of the amount before discount, {window}.",
        per="full_price_sum",
    ),
    *_spend.over(
        (90,), "discounted", "share", "discounted_count", "Share of the purchase lines {window} with a discount.",
        per="purchases_count",
    ),
    _pairs.derived(
        "price_percentile",
        "mean",
        90,
        "item_features.price_percentile_90d",
        "Price tier: mean over the purchase lines {window} of how dear the item is within its category.",
        default=0.5,
    ),
    _pairs.derived(
        "tail",
        "share",
        90,
        "item_features.segment",
        "Share of the purchase lines {window} that were of tail items.",
    ),
    *(
        _pairs.derived(
            "novelty",
            "share",
            length,
            "previous_day",
            "Share of the different items bought in the days {window} that the shopper had never bought before.",
        )
        for length in (28, 90)
    ),
    _pairs.derived(
        "repeat",
        "share",
        90,
        "previous_day",
        "Share of the different items bought in the days {window} that were bought on two of them or more.",
    ),
    *(
        _pairs.derived(
            what, "count", 90, source, f"Different {words} of the items bought in the days {{window}}.",
            kind=LongType(), default=0,
        )
        for what, words, source in (
            ("categories", "categories", "item_features.category"),
            ("types", "product types", "item_features.product_type"),
            ("brands", "brands", "item_features.brand"),
        )
    ),
    *_profile("categories", "categories"),
    *_profile("brands", "brands"),
    _taste.derived(
        "weekend", "share", 90, "purchases_count", "Share of the purchase lines {window} on Saturday or Sunday."
    ),
    _taste.derived(
        "weekday",
        "shares",
        90,
        "purchases_count",
        "Share of the purchase lines {window} on each day of the week, Monday first; empty without a line.",
        kind=ArrayType(DoubleType()),
        default=(),
    ),
    *(
        feature
        for part in ("night", "morning", "afternoon", "evening")
        for feature in _taste.over(
            (90,), part, "share", f"{part}_count", f"Share of the purchase lines {{window}} in the {part}, UTC.",
            per="purchases_count",
        )
    ),
    _visits.derived("stores", "count", 90, "stores", "Different stores {window}.", kind=LongType(), default=0),
    _visits.derived(
        "store", "favourite", 90, "stores", "The store of the most days {window}.", kind=StringType(), default=""
    ),
    *_attention.over(
        (28,), "exposures", "count", "exposures_weight", "Exposures {window}, by sample weight.", weighted=True
    ),
    _attention.derived(
        "response",
        "share",
        28,
        "responses_weight",
        "Exposures {window} with a purchase of the item on the same day, as a share, drawn to the share of all "
        "shoppers with the weight of 20 exposures.",
    ),
    *(
        _person.attribute(name, StringType(), "", f"What the store knows of the shopper: {name}.", f"attributes.{name}")
        for name in DEMOGRAPHICS
    ),
    _person.attribute("consent_personalisation", BooleanType(), False, "Whether lists may be personal."),
)  # fmt: skip
USER_FEATURES_TABLE = features_table(
    "user_features", "What is known of each shopper before each night.", "user", USER_FEATURES
)
