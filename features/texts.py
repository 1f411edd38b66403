"""Texts that the encoder reads: of an item, and of a shopper by the items of recent interest."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

# Events of user_history that show an interest; an exposure is not chosen.
INTERESTS = ("purchase", "cart", "favourite", "click", "view", "review")
LOW_RATING = "low_rating"  # type of a review of at most features.low_rating, or whose text says as much
REFUSALS = ("return", LOW_RATING)  # revoke an earlier interest in the item


def with_low_ratings(events: DataFrame, low_rating: float | None, negative: DataFrame | None = None) -> DataFrame:
    """The events, with LOW_RATING as the type of reviews of at most `low_rating`; for None, as they are.

    negative: event_id of reviews without a rating whose text is negative, each once; None where texts are not read
    """
    if low_rating is None:
        return events
    is_low = (F.col("event_type") == "review") & F.coalesce(F.col("rating") <= low_rating, F.lit(False))
    typed = events
    if negative is not None:
        typed = events.join(negative.withColumn("is_negative", F.lit(True)), on="event_id", how="left")
        is_low = is_low | F.coalesce("is_negative", F.lit(False))
    kind = F.when(is_low, F.lit(LOW_RATING)).otherwise(F.col("event_type")).alias("event_type")
    return typed.select(*(kind if name == "event_type" else F.col(name) for name in events.columns))


def with_item_text(items: DataFrame) -> DataFrame:
    """Adds `text` and `text_hash` (64 hex digits, SHA-256 of the UTF-8 text) to versions of items.

    Needs title, category, brand, attributes (map) and description; each may be NULL or blank and is then left out. They
    come in this order, because a long text is cut at its end; attributes are sorted by key, so that equal items have
    equal texts. An attribute whose value occurs in title, category or brand, as complete words, is not repeated: tokens
    are expensive. An item without any of them has the text ''.
    """
    mentioned = _words(F.concat_ws(" ", "title", "category", "brand"))
    attributes = F.transform(
        F.filter(
            F.array_sort(F.map_entries("attributes")),
            lambda entry: _clean(entry["value"]).isNotNull() & ~F.contains(mentioned, _words(entry["value"])),
        ),
        lambda entry: F.concat_ws(" ", F.translate(entry["key"], "_", " "), _clean(entry["value"])),
    )
    parts = F.array(
        _clean(F.col("title")),
        _clean(F.col("category")),
        _clean(F.col("brand")),
        _clean(F.array_join(attributes, ", ")),
        _clean(F.col("description")),
    )
    return items.withColumn("text", F.array_join(parts, ". ")).select(
        *items.columns, "text", F.sha2(F.col("text"), 256).alias("text_hash")
    )


def distinct_texts(items: DataFrame) -> DataFrame:
    """text_hash, text: each distinct text of any version of any item once. Needs the columns of `with_item_text`."""
    return with_item_text(items).groupBy("text_hash").agg(F.first("text").alias("text")).select("text_hash", "text")


def user_texts(user_history: DataFrame, item_texts: DataFrame, user_items: int) -> DataFrame:
    """The text of each shopper: titles of the newest `user_items` distinct items, newest first.

    An item with one of REFUSALS after its newest interest is left out.

    user_history: user_id, item_ids, event_types (arrays of one length, newest first), one row a shopper.
    item_texts: item_id, title, one row an item; an item without a title, or not in it, adds no words.
    Returns user_id, text; '' for a shopper without history.
    """
    kind = F.col("event.event_types")
    shown = (
        user_history.select("user_id", F.posexplode(F.arrays_zip("item_ids", "event_types")).alias("place", "event"))
        .where(kind.isin(*INTERESTS, *REFUSALS))
        .groupBy("user_id", F.col("event.item_ids").alias("item_id"))
        .agg(
            F.min(F.when(kind.isin(*INTERESTS), F.col("place"))).alias("place"),
            F.min(F.when(kind.isin(*REFUSALS), F.col("place"))).alias("refused"),
        )
        .where(F.col("place").isNotNull() & (F.col("refused").isNull() | (F.col("refused") > F.col("place"))))
        .drop("refused")
    )
    texts = titles_in_order(shown, item_texts, ["user_id"], user_items)
    return (
        user_history.select("user_id")
        .join(texts, on="user_id", how="left")
        .select("user_id", F.coalesce("text", F.lit("")).alias("text"))
    )


def titles_in_order(shown: DataFrame, item_texts: DataFrame, key: list[str], user_items: int) -> DataFrame:
    """Joins the titles of the first `user_items` items of each key by `place`, the smallest first, ties by item_id.

    shown: key columns, item_id, place (orderable), one row an item of a key. item_texts: item_id, title.
    Returns the key columns and text; a key none of whose items has a title is absent.
    """
    newest = Window.partitionBy(*key).orderBy("place", "item_id").rowsBetween(Window.unboundedPreceding, 0)
    titled = item_texts.select("item_id", _clean(F.col("title")).alias("title")).where(F.col("title").isNotNull())
    placed = (
        shown.join(titled, on="item_id", how="inner")
        .withColumn("rank", F.row_number().over(newest))
        .where(F.col("rank") <= user_items)
    )
    listed = F.array_sort(F.collect_list(F.struct("rank", "title")))
    return (
        placed.groupBy(*key)
        .agg(listed.alias("listed"))
        .select(*key, F.array_join(F.transform("listed", lambda entry: entry["title"]), ", ").alias("text"))
    )


def _clean(column: Column) -> Column:
    """The text with single spaces between its words and none around; NULL if nothing is left."""
    spaced = F.trim(F.regexp_replace(column, r"(?U)\s+", " "))
    return F.when(spaced != "", spaced)


def _words(column: Column) -> Column:
    """The words in lower case, each between single spaces: a sequence of words is in it exactly if its string is."""
    return F.concat(F.lit(" "), F.trim(F.lower(F.regexp_replace(column, r"[^\p{L}\p{N}.%]+", " "))), F.lit(" "))
