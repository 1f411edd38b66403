"""Features of an item's version at a date: expressions over the columns of `items`, with as_of."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from features.point_in_time import midnight

SECONDS_A_DAY = 86_400
_TITLE_WORDS = 8


def keywords() -> Column:
    """found_keywords; where there are none, as of words that no other text has, the `title_words`."""
    return F.coalesce(F.when(F.size("found_keywords") > 0, F.col("found_keywords")), title_words())


# What is found in texts, by column, with its type.
FOUND = {
    "found_keywords": "array<string>", "variant_group": "string", "category_found": "string",
    "category_chance": "double",
    **dict.fromkeys(("size", "size_unit", "pack", "colour", "material", "brand_found"), "string"),
}  # fmt: skip


def title_words(title: Column | str = "title") -> Column:
    """The distinct words of three letters or more in lower case, in the order of the title, the first 8."""
    words = F.array_distinct(F.regexp_extract_all(F.lower(title), F.lit(r"(\p{L}{3,})"), F.lit(1)))
    return F.slice(words, 1, _TITLE_WORDS)


def is_listed() -> Column:
    """Whether listed_at <= as_of < withdrawn_at."""
    now = midnight("as_of")
    return (F.col("listed_at") <= now) & (F.col("withdrawn_at").isNull() | (F.col("withdrawn_at") > now))


def is_eligible() -> Column:
    """Whether the item is listed, and in stock if the store tracks its stock."""
    return is_listed() & F.coalesce(F.col("stock_quantity") > 0, F.lit(True))


def is_stock_tracked() -> Column:
    return F.col("stock_quantity").isNotNull()


def days_since_listed() -> Column:
    """Days with their fraction; NULL before the item is listed."""
    return F.when(F.col("listed_at") <= midnight("as_of"), days_since("listed_at"))


def days_since(time: str) -> Column:
    """Days with their fraction from a TIMESTAMP to as_of 00:00 UTC."""
    return (F.unix_seconds(midnight("as_of")) - F.unix_seconds(time)) / SECONDS_A_DAY


def stock_cover_days() -> Column:
    """Days that the stock lasts at the expected demand. Needs stock_on_hand, and mean_28d of demand_forecast."""
    return F.try_divide(F.col("stock_on_hand") * 28, F.col("mean_28d"))
