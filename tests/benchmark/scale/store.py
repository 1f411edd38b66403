"""A made-up store of any size, written as the Parquet files of a `files` source.

Every value is a hash of the row's number, so the store is the same on any machine and for any number of partitions,
and each task writes its own rows. Sales are skewed: over all items, and within each product type, the item of rank k
sells in proportion to k^-0.9. In three of five events a shopper chooses from one of three favourite product types.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

AS_OF = date(2024, 6, 1)
HISTORY_DAYS = 200
DELIVERIES = ("first", "second")  # all that happened before AS_OF, and the day that begins there

_SKEW = 0.9
_TASTE_SHARE = 0.6
_FAVOURITE_TYPES = 3
_ACTIVITY = 1.2  # 1 would give all shoppers the same number of events, on average
_ROWS_A_FILE = 1_000_000
_STEP = 7919  # a prime, so that ids are not in the order of sales
# Share of the events, by type. Every fiftieth purchase is returned three days later.
_SHARES = {"exposure": 0.36, "click": 0.25, "cart": 0.08, "purchase": 0.25, "search": 0.04, "review": 0.02}
_RETURNED = 0.02
_NEW = 33  # of the less sold half of the items, one of so many is new: listed in the last 28 days, and without sales

_MATERIALS = ("steel", "oak", "linen", "glass", "wool", "bamboo", "ceramic", "leather", "cotton", "copper", "cork",
              "marble", "paper", "rattan", "silk", "slate", "velvet", "walnut", "wax", "zinc")  # fmt: skip
_THINGS = ("lamp", "kettle", "blanket", "basket", "candle", "notebook", "mug", "shelf", "cushion", "clock", "vase",
           "teapot", "mirror", "rug", "stool", "tray", "bowl", "apron", "toy", "backpack", "umbrella", "puzzle",
           "scarf", "planter", "bottle")  # fmt: skip
_LOOKS = ("red", "blue", "striped", "plain", "large", "small", "folding", "vintage", "round", "dark", "light", "woven",
          "soft", "matt", "patterned", "slim")  # fmt: skip
_DEPARTMENTS = ("Kitchen", "Living", "Garden", "Office", "Kids", "Bath", "Travel", "Crafts", "Bedroom", "Outdoor",
                "Gifts", "Seasonal")  # fmt: skip
_GROUPS = 60
_BRANDS, _PROVIDERS, _STORES = 400, 150, 50


@dataclass(frozen=True)
class Size:
    """Number of shoppers and items, and mean number of events of a shopper in HISTORY_DAYS."""

    shoppers: int
    items: int
    events: int

    @property
    def types(self) -> int:
        """Product types; each has at least 100 items, if there are as many."""
        return max(1, min(len(_MATERIALS) * len(_THINGS), self.items // 100))

    @property
    def name(self) -> str:
        return f"{self.shoppers}x{self.items}x{self.events}"

    @property
    def in_words(self) -> str:
        return f"{self.shoppers:,} shoppers, {self.items:,} items, {self.events} events a shopper"


def write_store(spark: SparkSession, folder: Path, size: Size) -> None:
    """Writes items, users and both deliveries of events as Parquet into folders below `folder`.

    The second delivery lies in `folder/waiting` until a night is to find it.
    """
    items(spark, size).write.parquet(str(folder / "items"))
    users(spark, size).write.parquet(str(folder / "users"))
    for delivery, place in zip(DELIVERIES, (folder / "events/first", folder / "waiting"), strict=True):
        events(spark, size, delivery).write.parquet(str(place))


def items(spark: SparkSession, size: Size) -> DataFrame:
    """item_id, title, description, category, product_type, brand, provider_id, price, stock, listed_at, updated_at."""
    number = F.col("id")
    kind = number % size.types
    type_name = F.concat_ws(
        " ", _word(_MATERIALS, kind % len(_MATERIALS)), _word(_THINGS, (kind / len(_MATERIALS)).cast("long"))
    )
    group = kind % _GROUPS
    brand = F.format_string("brand %03d", _integer("brand", _BRANDS, number))
    look = _word(_LOOKS, _integer("look", len(_LOOKS), number))
    listed = F.when(_is_new(number, size), _days_before(AS_OF, 1, 28, "new", number)).otherwise(
        _days_before(AS_OF, HISTORY_DAYS + 1, 900, "listed", number)
    )
    return spark.range(size.items, numPartitions=_partitions(size.items)).select(
        _item_id(number, size).alias("item_id"),
        F.concat_ws(" ", look, type_name, F.lit("by"), brand, F.format_string("no. %d", number)).alias("title"),
        F.concat_ws(" ", F.lit("A"), look, type_name, F.lit("for every day.")).alias("description"),
        F.concat(
            _word(_DEPARTMENTS, group % len(_DEPARTMENTS)), F.lit(" > "), F.format_string("group %02d", group)
        ).alias("category"),
        type_name.alias("product_type"),
        brand.alias("brand"),
        F.format_string("provider %03d", _integer("provider", _PROVIDERS, number)).alias("provider_id"),
        F.round(_price(number), 2).cast("decimal(18,2)").alias("price"),
        _integer("stock", 500, number).alias("stock"),
        listed.alias("listed_at"),
        listed.alias("updated_at"),
    )


def users(spark: SparkSession, size: Size) -> DataFrame:
    """user_id, signed_up_at, consent, country, age."""
    number = F.col("id")
    return spark.range(size.shoppers, numPartitions=_partitions(size.shoppers)).select(
        _user_id(number).alias("user_id"),
        _days_before(AS_OF, HISTORY_DAYS + 1, 1_500, "signed up", number).alias("signed_up_at"),
        (_uniform("consent", number) < 0.97).alias("consent"),
        _word(("DE", "FR", "NL", "PL", "ES", "IT"), _integer("country", 6, number)).alias("country"),
        _word(("18-29", "30-44", "45-59", "60+"), _integer("age", 4, number)).alias("age"),
    )


def events(spark: SparkSession, size: Size, delivery: str) -> DataFrame:
    """The columns of the contract's events with the names of the contract, of one of DELIVERIES."""
    first, count = _numbers(size, delivery)
    began, days = (AS_OF - timedelta(HISTORY_DAYS), HISTORY_DAYS) if delivery == "first" else (AS_OF, 1)
    number = F.col("id")
    drawn = spark.range(first, first + count, numPartitions=_partitions(count)).select(
        number,
        F.floor(F.pow(_uniform("user", number), F.lit(_ACTIVITY)) * size.shoppers).alias("shopper"),
        (_seconds(began) + F.floor(_uniform("time", number) * days * 86_400)).alias("second"),
        _event_type(_uniform("type", number)).alias("event_type"),
    )
    with_items = drawn.withColumn("item", _chosen_item(number, F.col("shopper"), size))
    returned = (F.col("event_type") == "purchase") & (_uniform("returned", number) < _RETURNED)
    both = F.when(returned, F.array(F.lit("purchase"), F.lit("return"))).otherwise(F.array("event_type"))
    rows = with_items.withColumn("event_type", F.explode(both))
    is_return = F.col("event_type") == "return"
    # A return after the delivery's last day would be read by the next night, so it comes within the delivery.
    last = _seconds(began + timedelta(days)) - 1
    second = F.when(is_return, F.least(F.col("second") + 3 * 86_400, last)).otherwise(F.col("second"))
    with_ids = rows.withColumn("second", second).withColumn("item_id", _item_id(F.col("item"), size))
    return _described(with_ids)


def _described(rows: DataFrame) -> DataFrame:
    number, item, shopper = F.col("id"), F.col("item"), F.col("shopper")
    is_exposure = F.col("event_type") == "exposure"
    is_line = F.col("event_type").isin("purchase", "return")
    quantity = F.when(is_line, 1 + F.floor(F.pow(_uniform("quantity", number), F.lit(4)) * 4)).otherwise(1)
    basket = F.concat_ws("-", shopper, F.floor(F.col("second") / 86_400))
    return rows.select(
        F.concat(F.lit("e"), number, F.when(F.col("event_type") == "return", "r").otherwise("")).alias("event_id"),
        _user_id(shopper).alias("user_id"),
        F.col("item_id"),
        F.col("event_type"),
        F.timestamp_seconds("second").alias("event_time"),
        quantity.cast("long").alias("quantity"),
        F.when(is_line, F.round(_price(item) * quantity, 2)).otherwise(0).cast("decimal(18,2)").alias("price"),
        F.format_string("s%02d", _integer("store", _STORES, shopper)).alias("store_id"),
        basket.alias("basket_id"),
        F.when(is_exposure, "tail_shelf").alias("placement"),
        F.when(is_exposure, (1 + _integer("position", 10, number)).cast("int")).alias("position"),
        F.when(is_exposure, basket).alias("request_id"),
        F.when(is_exposure, F.lit(1.0)).alias("propensity"),
        F.when(is_exposure, "main").alias("policy"),
        F.when(F.col("event_type") == "search", _word(_THINGS, _integer("query", len(_THINGS), number))).alias("query"),
        F.when(F.col("event_type") == "review", (1 + _integer("rating", 5, number)).cast("double")).alias("rating"),
        F.when(F.col("event_type") == "review", "As described.").alias("text"),
    )


def _chosen_item(number: Column, shopper: Column, size: Size) -> Column:
    """The number of the event's item: of a favourite type or of the complete catalogue, and never a new one."""
    of_type = size.items // size.types
    favourite = _integer("favourite", _FAVOURITE_TYPES, number)
    kind = F.floor(_uniform("taste", shopper, favourite) * size.types)
    by_taste = _rank(_uniform("item", number), of_type) * size.types + kind
    chosen = F.when(_uniform("by taste", number) < _TASTE_SHARE, by_taste).otherwise(
        _rank(_uniform("item", number), size.items)
    )
    return F.when(_is_new(chosen, size), chosen - 1).otherwise(chosen)


def _is_new(number: Column, size: Size) -> Column:
    return (number >= size.items // 2) & (number % _NEW == _NEW - 1)


def _rank(uniform: Column, count: int) -> Column:
    """A rank in [0, count) whose probability falls as (rank + 1)^-_SKEW: the inverse of the continuous distribution."""
    rest = 1 - _SKEW
    ends = F.pow((float(count + 1) ** rest - 1) * uniform + 1, F.lit(1 / rest))
    return F.least(F.floor(ends) - 1, F.lit(count - 1)).cast("long")


def _event_type(uniform: Column) -> Column:
    reached, kind = 0.0, F.lit(list(_SHARES)[-1])
    bounds = []
    for name, share in list(_SHARES.items())[:-1]:
        reached += share
        bounds.append((reached, name))
    for bound, name in reversed(bounds):
        kind = F.when(uniform < bound, name).otherwise(kind)
    return kind


def _price(number: Column) -> Column:
    """About log-normal, with a median of 15."""
    shape = sum((_uniform(f"price {part}", number) for part in range(1, 4)), _uniform("price 0", number)) - 2
    return F.exp(2.7 + 1.4 * shape)


def _item_id(number: Column, size: Size) -> Column:
    if size.items % _STEP == 0:
        raise ValueError(f"{size.items} items: choose a number that {_STEP} does not divide")
    return F.format_string("i%07d", (number * _STEP + 13) % size.items)


def _user_id(number: Column) -> Column:
    return F.format_string("u%08d", number)


def _uniform(purpose: str, *values: Column) -> Column:
    """A number in [0, 1) that is a hash of the purpose and the values."""
    return F.shiftrightunsigned(F.xxhash64(F.lit(purpose), *values), 11) / float(2**53)


def _integer(purpose: str, below: int, *values: Column) -> Column:
    return F.floor(_uniform(purpose, *values) * below)


def _word(words: tuple[str, ...], index: Column) -> Column:
    return F.element_at(F.array(*map(F.lit, words)), (index + 1).cast("int"))


def _days_before(day: date, least: int, most: int, purpose: str, number: Column) -> Column:
    seconds = F.floor(_uniform(purpose, number) * (most - least) * 86_400)
    return F.timestamp_seconds(_seconds(day - timedelta(least)) - seconds)


def _seconds(day: date) -> Column:
    return F.lit(int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()))


def _numbers(size: Size, delivery: str) -> tuple[int, int]:
    """The number of the delivery's first event, and how many events are drawn."""
    total = size.shoppers * size.events
    return (0, total) if delivery == "first" else (total, max(1, total // HISTORY_DAYS))


def _partitions(rows: int) -> int:
    return max(2, -(-rows // _ROWS_A_FILE))
