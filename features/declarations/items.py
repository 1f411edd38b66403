"""The features of items."""

from __future__ import annotations

from pyspark.sql.types import ArrayType, BooleanType, DoubleType, LongType, StringType

from features.declarations.feature import LIFE, NEVER, WEEKLY, Feature, Group, features_table

_catalogue = Group("item", "items", "catalogue")
_demand = Group("item", "daily_item", "demand")
_pairs = Group("item", "daily_pair", "demand")
_attention = Group("item", "daily_item", "storefront")
_pricing = Group("item", "daily_item", "pricing")
_promotions = Group("item", "promotions", "pricing")
_standing = Group("item", "item_features", "demand")
_forecast = Group("item", "demand_forecast", "demand", WEEKLY)


def _text(name: str, meaning: str) -> Feature:
    return _catalogue.attribute(name, StringType(), "", meaning)


ITEM_FEATURES: tuple[Feature, ...] = (
    _text("title", "Name shown to shoppers."),
    _text("category", "Path of the category, levels separated by ' > '."),
    _text("product_type", "Finest kind of product."),
    _text("brand", "Brand."),
    _text("provider_id", "Manufacturer or marketplace seller."),
    _text("text_hash", "SHA-256 of the text that the encoder reads, in hexadecimal."),
    _catalogue.attribute(
        "text_length", LongType(), 0, "Characters of the text that the encoder reads.", "title, description and others"
    ),
    _catalogue.attribute(
        "keywords", ArrayType(StringType()), (), "Distinct words of the title, of three letters or more, at most 8.",
        "title",
    ),
    _catalogue.attribute(
        "list_price", DoubleType(), 0.0, "Listed price of one unit; 0 where the store gives none.", "price"
    ),
    _catalogue.attribute(
        "stock_on_hand", LongType(), 0, "Units in stock; 0 where the store does not track stock.", "stock_quantity"
    ),
    _catalogue.attribute(
        "is_stock_tracked", BooleanType(), False, "Whether the store says how much is in stock.", "stock_quantity"
    ),
    _catalogue.attribute(
        "is_eligible", BooleanType(), False, "Listed at as_of and in stock, as far as stock is tracked.", "listed_at"
    ),
    _catalogue.days_since("listed", "listed_at", "Days since the item was listed, or listed anew."),
    _demand.attribute(
        "segment",
        StringType(),
        "",
        "head, tail or cold; empty where the item is neither listed nor sold in the segments' window.",
        "purchases_count",
    ),
    *_demand.over(
        (1, 7, 28, 90, 365, LIFE), "purchases", "count", "purchases_count", "Purchase lines {window}."
    ),
    *_demand.over((28,), "units", "sum", "units_sum", "Units bought {window}, as the store counts units."),
    *_pairs.over((28, 90), "buyers", "distinct", "user_id", "Different shoppers who bought: those {window}."),
    *_demand.over((LIFE,), "buyers", "count", "new_buyers_count", "Different shoppers who bought {window}."),
    *_demand.over((28,), "new_buyers", "count", "new_buyers_count", "Shoppers whose first purchase is {window}."),
    _pairs.derived(
        "repeat", "share", 90, "previous_day", "Share of the buyers {window} who bought on two days of them or more."
    ),
    *_demand.over((90,), "returns", "count", "returns_count", "Lines sent back {window}."),
    _demand.days_since("last_purchase", "day", "Days since the day of the last purchase."),
    _demand.days_since("first_purchase", "day", "Days since the day of the first purchase."),
    _demand.derived(
        "purchases",
        "trend",
        28,
        "purchases_count",
        "(Purchase lines {window} + 1) / (those of the 28 days before + 1).",
        default=1.0,
    ),
    _demand.derived(
        "weekend", "share", 90, "purchases_count", "Share of the purchase lines {window} on Saturday or Sunday."
    ),
    *_pricing.over((7, 28, 90, LIFE), "spend", "sum", "spend_sum", "Amount paid {window}."),
    *_pricing.over(
        (28, 90), "price", "mean", "spend_sum", "Mean amount paid for a purchase line {window}.", per="purchases_count"
    ),
    _pricing.derived(
        "price", "ratio", 90, "spend_sum", "Mean amount paid for a line over that of the category, {window}.",
        default=1.0,
    ),
    _pricing.derived(
        "price",
        "percentile",
        90,
        "spend_sum",
        "Share of the items of the category sold {window} that are cheaper.",
        default=0.5,
    ),
    *_pricing.over(
        (28, 90), "discount", "share", "discount_sum", "Discount as a share of the amount before discount, {window}.",
        per="full_price_sum",
    ),
    *_pricing.over(
        (90,), "discounted", "share", "discounted_count", "Share of the purchase lines {window} with a discount.",
        per="purchases_count",
    ),
    _promotions.derived(
        "promotions",
        "count",
        28,
        "valid_from",
        "Promotions, one for each store and placement, that began in the days {window}.",
        kind=LongType(),
        default=0,
    ),
    _promotions.attribute("is_promoted", BooleanType(), False, "Promoted on the day before as_of.", "valid_to"),
    _promotions.days_since("last_promotion", "valid_from", "Days since a promotion began, of 28 days."),
    *_attention.over(
        (7, 28, 90), "exposures", "count", "exposures_weight", "Exposures {window}, by sample weight.", weighted=True
    ),
    *(
        _attention.derived(
            "response",
            "share",
            length,
            "responses_weight",
            "Exposures {window} with a purchase on the same day, as a share, drawn to the share of all items with the "
            "weight of 20 exposures.",
        )
        for length in (28, 90)
    ),
    *_attention.over((28,), "clicks", "count", "clicks_weight", "Clicks {window}, by sample weight.", weighted=True),
    *_attention.over(
        (28,), "carts", "count", "carts_weight", "Additions to the cart {window}, by sample weight.", weighted=True
    ),
    _standing.derived(
        "popularity", "rank", 90, "purchases_count_90d", "1 + items with more purchase lines {window}.",
        kind=LongType(), default=0,
    ),
    _standing.derived(
        "popularity",
        "percentile",
        90,
        "purchases_count_90d",
        "Share of all items with fewer purchase lines {window}, equal ones count half.",
    ),
    _standing.derived(
        "category",
        "percentile",
        90,
        "purchases_count_90d",
        "Share of the items of the category with fewer purchase lines {window}, equal ones count half.",
    ),
    *(
        _standing.derived(
            group, "share", 90, "purchases_count_90d", f"Share of the purchase lines of the {whose} {{window}}."
        )
        for group, whose in (
            ("category", "category"), ("type", "product type"), ("brand", "brand"), ("provider", "provider"),
        )
    ),
    _standing.derived(
        "category_purchases", "count", 28, "purchases_count_28d", "Purchase lines of the item's category {window}.",
        kind=LongType(), default=0,
    ),
    _forecast.attribute("demand_next_7d", DoubleType(), 0.0, "Purchase lines expected in 7 days.", "mean_7d"),
    _forecast.attribute("demand_next_28d", DoubleType(), 0.0, "Purchase lines expected in 28 days.", "mean_28d"),
    _forecast.attribute(
        "demand_low_28d", DoubleType(), 0.0, "Lower end of the 80 % interval of demand_next_28d.", "low_28d"
    ),
    _forecast.attribute(
        "demand_high_28d", DoubleType(), 0.0, "Upper end of the 80 % interval of demand_next_28d.", "high_28d"
    ),
    _forecast.attribute(
        "stock_cover_days",
        DoubleType(),
        NEVER,
        "Days that the stock lasts at the demand expected for 28 days; 9999 where stock is not tracked or nothing is "
        "expected.",
        "mean_28d",
    ),
)  # fmt: skip
ITEM_FEATURES_TABLE = features_table(
    "item_features", "What is known of each item before each night.", "item", ITEM_FEATURES
)
