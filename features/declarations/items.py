"""The features of items."""

from __future__ import annotations

from functools import partial

from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, BooleanType, DoubleType, LongType, StringType

from features.declarations.feature import LIFE, NEVER, WEEKLY, Feature, Group, features_table
from features.derived.catalogue import days_since_listed, is_eligible, is_stock_tracked, keywords, stock_cover_days
from features.derived.funnel import with_funnel_shares
from features.derived.promotions import (
    PROMOTION_DAYS,
    days_since_last_promotion,
    is_promoted,
    promotions_count,
)
from features.derived.purchases import (
    days_since_first_purchase,
    days_since_last_purchase,
    purchases_trend,
    repeat_share,
    weekend_share,
)
from features.derived.ranks import standing
from features.derived.responses import with_response_shares
from features.derived.reviews import REVIEW_DAYS, bad_reviews_trend, reviews_count, with_bad_share
from features.segments import with_segment

RESPONSE_WINDOWS = (28, 90)

_catalogue = Group("item", "items", "catalogue")
_demand = Group("item", "daily_item", "demand")
_pairs = Group("item", "daily_pair", "demand")
_attention = Group("item", "daily_item", "storefront")
_pricing = Group("item", "daily_item", "pricing")
_promotions = Group("item", "promotions", "pricing")
_reviews = Group("item", "review_sentiment", "storefront")
_standing = Group("item", "item_features", "demand")
_forecast = Group("item", "demand_forecast", "demand", WEEKLY)


def _text(name: str, meaning: str) -> Feature:
    return _catalogue.attribute(name, StringType(), "", meaning)


def _found(
    name: str, kind: DoubleType | StringType, default: float | str, meaning: str, column: str | None = None
) -> Feature:
    return _catalogue.attribute(name, kind, default, meaning, "title", expression=partial(F.col, column or name))


ITEM_FEATURES: tuple[Feature, ...] = (
    _text("title", "Name shown to shoppers."),
    _text("category", "Path of the category, levels separated by ' > '."),
    _text("product_type", "Finest kind of product."),
    _text("brand", "Brand."),
    _text("provider_id", "Manufacturer or marketplace seller."),
    _catalogue.attribute(
        "text_hash", StringType(), "",
        "SHA-256, in hexadecimal, of the text that the encoder reads: title, category, brand, attributes, description.",
        "title", expression=partial(F.col, "text_hash"),
    ),
    _catalogue.attribute(
        "text_length", LongType(), 0, "Characters of the text that the encoder reads.", "title",
        expression=partial(F.col, "text_length"),
    ),
    _catalogue.attribute(
        "keywords", ArrayType(StringType()), (),
        "Words of the title, of at least three letters, at most 8; where catalogue.enrich is set, the phrases of title "
        "and description that say most, the best first.",
        "title", expression=keywords,
    ),
    _catalogue.attribute(
        "variant_group", StringType(), "",
        "Items whose texts differ by size, colour or flavour alone have the same; empty without catalogue.enrich.",
        "title", expression=partial(F.col, "variant_group"),
    ),
    _found(
        "category_predicted", StringType(), "",
        "Category that the text says, whether or not the store gives one; empty where its chance is below "
        "catalogue.category_bar, and without catalogue.categories.",
        "category_found",
    ),
    _found(
        "category_chance", DoubleType(), 0.0, "Calibrated chance that the most likely category of the text is right."
    ),
    *(
        _found(name, StringType(), "", f"{meaning}; empty where neither says it, and without catalogue.attributes.")
        for name, meaning in (
            ("size", "Amount of one piece, or size of clothes, that the store gives or else the text"),
            ("size_unit", "Unit of size, such as ml"),
            ("pack", "Pieces that are sold together"),
            ("colour", "Colour that the store gives, or else the text"),
            ("material", "Material that the store gives, or else the text"),
            ("brand_found", "Brand that the store gives, or else the text"),
        )
    ),
    _catalogue.attribute(
        "list_price", DoubleType(), 0.0, "Listed price of one unit; 0 if the store gives none.", "price"
    ),
    _catalogue.attribute(
        "stock_on_hand", LongType(), 0, "Units in stock; 0 if the store does not track stock.", "stock_quantity"
    ),
    _catalogue.attribute(
        "is_stock_tracked", BooleanType(), False, "Whether the store tracks the item's stock.", "stock_quantity",
        expression=is_stock_tracked,
    ),
    _catalogue.attribute(
        "is_eligible", BooleanType(), False, "Whether the item is listed at as_of, and in stock if stock is tracked.",
        "listed_at", expression=is_eligible,
    ),
    _catalogue.days_since("listed", "listed_at", days_since_listed, "Days since the item was listed, or listed again."),
    _demand.attribute(
        "segment",
        StringType(),
        "",
        "head, tail or cold; empty if the item is neither listed nor responded to in the segments' window.",
        "purchases_count",
        function=with_segment,
    ),
    *_demand.over(
        (1, 7, 28, 90, 365, LIFE), "purchases", "count", "purchases_count", "Purchase lines {window}.",
        event="purchase",
    ),
    *_demand.over(
        (28,), "units", "sum", "units_sum", "Units bought {window}, as the store counts units.", event="purchase"
    ),
    *_pairs.over(
        (28, 90), "buyers", "distinct", "user_id", "Distinct shoppers who bought the item {window}.",
        event="purchase",
    ),
    *_demand.over(
        (LIFE,), "buyers", "count", "new_buyers_count", "Distinct shoppers who bought the item {window}.",
        event="purchase",
    ),
    *_demand.over(
        (28,), "new_buyers", "count", "new_buyers_count", "Shoppers who bought the item for the first time {window}.",
        event="purchase",
    ),
    _pairs.derived(
        "repeat", "share", 90, ("purchases_count", "previous_day", "earlier_day"),
        "Share of the shoppers who bought the item {window} that bought on at least two of these days.",
        expression=partial(repeat_share, 90),
    ),
    *_demand.over((90,), "returns", "count", "returns_count", "Lines sent back {window}.", event="return"),
    _demand.days_since(
        "last_purchase", ("day", "purchases_count"), days_since_last_purchase,
        "Days since the day of the last purchase.",
    ),
    _demand.days_since(
        "first_purchase", ("day", "purchases_count"), days_since_first_purchase,
        "Days since the day of the first purchase.",
    ),
    _demand.derived(
        "purchases", "trend", 28, "purchases_count",
        "(Purchase lines {window} + 1) / (purchase lines of the 28 days before + 1).",
        expression=partial(purchases_trend, 28), default=1.0,
    ),
    _demand.derived(
        "weekend", "share", 90, ("day", "purchases_count"),
        "Share of the purchase lines {window} that were on Saturday or Sunday.", expression=partial(weekend_share, 90),
    ),
    *_pricing.over((7, 28, 90, LIFE), "spend", "sum", "spend_sum", "Amount paid {window}.", event="purchase"),
    *_pricing.over(
        (28, 90), "price", "mean", "spend_sum", "Mean amount paid for a purchase line {window}.", event="purchase",
        per=("purchases_count",),
    ),
    _pricing.derived(
        "price", "ratio", 90, "spend_sum", "Mean amount paid for a line {window}, divided by that of the category.",
        function=standing, default=1.0,
    ),
    _pricing.derived(
        "price", "percentile", 90, "spend_sum", "Share of the category's items sold {window} that are cheaper.",
        function=standing, default=0.5,
    ),
    *_pricing.over(
        (28, 90), "discount", "share", "discount_sum", "Discount as a share of the amount before discount {window}.",
        event="purchase", per=("spend_sum", "discount_sum"),
    ),
    *_pricing.over(
        (90,), "discounted", "share", "discounted_count", "Share of the purchase lines {window} that had a discount.",
        event="purchase", per=("purchases_count",),
    ),
    _promotions.derived(
        "promotions", "count", PROMOTION_DAYS, "valid_from",
        "Promotions that began {window}, one for each store and placement.",
        expression=promotions_count, kind=LongType(), default=0,
    ),
    _promotions.attribute(
        "is_promoted", BooleanType(), False, "Whether the item was promoted on the day before as_of.", "valid_to",
        expression=is_promoted,
    ),
    _promotions.days_since(
        "last_promotion", "valid_from", days_since_last_promotion,
        "Days since the last promotion began; 9999 if none began in the last 28 days.",
    ),
    *_attention.over(
        (7, 28, 90), "exposures", "count", "exposures_weight", "Exposures {window}, by sample weight.",
        event="exposure",
    ),
    *(
        _attention.derived(
            "response", "share", days, ("responses_weight", "exposures_weight"),
            "Share of the exposures {window} with a purchase on the same day, shrunk to the share of all items with "
            "the weight of 20 exposures.",
            function=with_response_shares,
        )
        for days in RESPONSE_WINDOWS
    ),
    *_attention.over((28,), "clicks", "count", "clicks_weight", "Clicks {window}, by sample weight.", event="click"),
    *_attention.over(
        (28,), "carts", "count", "carts_weight", "Additions to the cart {window}, by sample weight.", event="cart"
    ),
    *_attention.over(
        (7, 28), "views", "count", "views_weight", "Views of the product page {window}, by sample weight.",
        event="view",
    ),
    *_attention.over(
        (28,), "exits", "count", "exits_weight",
        "Views {window} after which the visitor did nothing more in the session, by sample weight.", event="view",
    ),
    *_attention.over(
        (28, LIFE), "favourites", "count", "favourites_weight",
        "Times put on a list of favourites {window}, by sample weight.", event="favourite",
    ),
    *(
        _attention.derived(
            steps, "share", days, sources,
            f"{meaning} {{window}}, shrunk to the share of all items with the weight of 20 {earlier}.",
            function=with_funnel_shares,
        )
        for steps, days, sources, meaning, earlier in (
            ("view_cart", 28, ("carts_weight", "views_weight"), "Additions to the cart for each view", "views"),
            ("view_purchase", 28, ("purchases_count", "views_weight"), "Purchase lines for each view", "views"),
            (
                "cart_purchase", 28, ("purchases_count", "carts_weight"),
                "Purchase lines for each addition to the cart", "additions",
            ),
            ("return", 90, ("returns_count", "purchases_count"), "Share of the purchase lines sent back", "lines"),
            ("exit", 28, ("exits_weight", "views_weight"), "Share of the views that ended their session", "views"),
        )
    ),
    _reviews.derived(
        "reviews", "count", REVIEW_DAYS, ("day", "rating"),
        "Shoppers and visitors who reviewed the item {window}; 0 without reviews.read.",
        expression=partial(reviews_count, REVIEW_DAYS), kind=LongType(), default=0,
    ),
    _reviews.derived(
        "bad_reviews", "share", REVIEW_DAYS, ("day", "rating", "negative"),
        "Share of these whose newest review is bad, by its rating or its text, shrunk to the share of all items with "
        "the weight of 20 reviews.",
        function=with_bad_share,
    ),
    _reviews.derived(
        "bad_reviews", "trend", 28, ("day", "rating", "negative"),
        "(Bad reviews {window} + 1) / (bad reviews of the 28 days before + 1).",
        expression=partial(bad_reviews_trend, 28), default=1.0,
    ),
    _standing.derived(
        "popularity", "rank", 90, "purchases_count_90d", "1 + number of items with more purchase lines {window}.",
        function=standing, kind=LongType(), default=0,
    ),
    _standing.derived(
        "popularity", "percentile", 90, "purchases_count_90d",
        "Share of all items with fewer purchase lines {window}; equal ones count half.", function=standing,
    ),
    _standing.derived(
        "category", "percentile", 90, "purchases_count_90d",
        "Share of the category's items with fewer purchase lines {window}; equal ones count half.", function=standing,
    ),
    *(
        _standing.derived(
            group, "share", 90, "purchases_count_90d",
            f"The item's share of the purchase lines of its {words} {{window}}.", function=standing,
        )
        for group, words in (
            ("category", "category"), ("type", "product type"), ("brand", "brand"), ("provider", "provider"),
        )
    ),
    _standing.derived(
        "category_purchases", "count", 28, "purchases_count_28d", "Purchase lines of the item's category {window}.",
        function=standing, kind=LongType(), default=0,
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
        "Days that the stock lasts at the demand expected for 28 days; 9999 if stock is not tracked or no demand is "
        "expected.",
        ("mean_28d", "items.stock_quantity"),
        expression=stock_cover_days,
    ),
)  # fmt: skip
ITEM_FEATURES_TABLE = features_table(
    "item_features", "What is known of each item before each night.", "item", ITEM_FEATURES
)
