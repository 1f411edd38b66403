"""The features of items."""

from pyspark.sql.types import BooleanType, StringType

from features.declarations.feature import NEVER, Feature, aggregated, attribute, days, days_since, features_table


def _text(source: str, meaning: str) -> Feature:
    return attribute("item", source, StringType(), "", meaning)


ITEM_FEATURES: tuple[Feature, ...] = (
    _text("title", "Name shown to shoppers."),
    _text("category", "Path of the category, levels separated by ' > '."),
    _text("product_type", "Finest kind of product."),
    _text("brand", "Brand."),
    _text("provider_id", "Manufacturer or marketplace seller."),
    _text("text_hash", "SHA-256 of the text that the encoder reads, in hexadecimal."),
    _text("segment", "head, tail or cold; empty where the item is neither listed nor sold in the segments' window."),
    attribute("item", "is_eligible", BooleanType(), False, "Listed at as_of and in stock, as far as stock is tracked."),
    days_since("item", "listed", "listed_at", NEVER, "Days since the item was listed, or listed anew."),
    days_since("item", "last_purchase", "last_purchase_day", NEVER, "Days since the day of the last purchase."),
    aggregated(
        "item",
        "price",
        "mean",
        days(90),
        "spend_sum",
        meaning="Mean amount paid for a purchase line in 90 days.",
        per="purchases_count",
    ),
    *(
        aggregated(
            "item", "purchases", "count", days(length), "purchases_count", meaning=f"Purchase lines of {length} days."
        )
        for length in (7, 28, 90, 365)
    ),
    aggregated("item", "spend", "sum", days(28), "spend_sum", meaning="Amount paid in 28 days."),
    aggregated("item", "buyers", "count", days(90), "buyers", meaning="Different shoppers who bought in 90 days."),
    aggregated(
        "item",
        "exposures",
        "count",
        days(28),
        "exposures_weight",
        meaning="Exposures of 28 days, by weight.",
        weighted=True,
    ),
    aggregated(
        "item",
        "discount",
        "share",
        days(90),
        "discount_sum",
        meaning="Discount as a share of the amount before discount, 90 days.",
        per="full_price_sum",
    ),
)
ITEM_FEATURES_TABLE = features_table(
    "item_features", "What is known of each item before each night.", "item", ITEM_FEATURES
)
