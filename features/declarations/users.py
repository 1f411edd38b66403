"""The features of shoppers."""

from pyspark.sql.types import BooleanType

from features.declarations.feature import (
    LIFE,
    NEVER,
    Feature,
    aggregated,
    attribute,
    days,
    days_since,
    features_table,
    probability,
)

USER_FEATURES: tuple[Feature, ...] = (
    aggregated("user", "purchases", "count", days(28), "purchases_count", meaning="Purchase lines of 28 days."),
    aggregated("user", "purchases", "count", days(90), "purchases_count", meaning="Purchase lines of 90 days."),
    aggregated("user", "purchases", "count", LIFE, "purchases_count", meaning="Purchase lines since the first."),
    aggregated("user", "baskets", "count", days(28), "baskets_count", meaning="Baskets of 28 days."),
    aggregated("user", "spend", "sum", days(28), "spend_sum", meaning="Amount paid in 28 days."),
    aggregated("user", "spend", "sum", LIFE, "spend_sum", meaning="Amount paid since the first purchase."),
    aggregated("user", "items", "count", LIFE, "items", meaning="Different items bought since the first purchase."),
    days_since("user", "last_purchase", "last_purchase_day", NEVER, "Days since the day of the last purchase."),
    aggregated(
        "user",
        "discount",
        "share",
        days(90),
        "discount_sum",
        meaning="Discount as a share of the amount before discount, 90 days.",
        per="full_price_sum",
    ),
    aggregated(
        "user",
        "tail",
        "share",
        days(90),
        "tail_purchases_count",
        meaning="Share of the purchase lines of 90 days that were of tail items.",
        per="purchases_count",
    ),
    aggregated("user", "visit", "days", days(28), "purchases_count", meaning="Days with a purchase among the last 28."),
    probability(
        "user", "visit", "visit_days_28d", 1 / 30, "Chance to visit on a day: (days with a visit of 28 + 1) / 30."
    ),
    attribute("user", "consent_personalisation", BooleanType(), False, "Whether lists may be personal."),
)
USER_FEATURES_TABLE = features_table(
    "user_features", "What is known of each shopper before each night.", "user", USER_FEATURES
)
