"""Embeds the texts that are new to the night's encoders, and the shoppers' texts of the dates that need them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import ITEMS, TEXT_EMBEDDINGS, USER_EMBEDDINGS, USER_HISTORY
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from features.texts import distinct_texts, user_texts
from jobs.encoder.vectors import SentEncoder, send_encoder, with_vectors
from jobs.execution.command import main_of
from jobs.execution.night import Night
from jobs.registry.active_models import ActiveModels, active_models
from jobs.registry.drafts import Draft
from jobs.registry.models import Champion
from jobs.runtime.errors import LongtailError
from jobs.runtime.logs import event
from jobs.runtime.progress import advance, expect
from jobs.tables.sql import sql_equals, sql_in

# A run that was stopped continues after its last commit. A commit holds item texts by their hash, or shoppers by dates.
TEXTS_A_COMMIT = 100_000
SHOPPERS_A_COMMIT = 1_000_000


def embed(night: Night) -> None:
    """Embeds the texts that are new to the night's encoders, and the shoppers' texts of the dates that need them.

    An item text is embedded once for an encoder version, whatever the night. Shoppers' texts are embedded again for
    each night, and for a past date of the training where they are missing. Executors encode; the driver holds no text
    and no vector.
    """
    models = active_models(night)
    if not models.contenders:
        raise LongtailError(
            f"There is no encoder for {night.as_of}: no champion and no draft.",
            f"Run jobs/fine_tune.py for {night.as_of} first.",
        )
    rows = {"item_texts": 0, "user_texts": 0}
    for version, (contender, dates) in _work(night, models).items():
        encoder = send_encoder(night, version, contender.encoder_folder)
        rows["item_texts"] += _embed_items(night, encoder, version, dates)
        rows["user_texts"] += _embed_users(night, encoder, version, dates)
        night.record.decisions[f"dtype of {version}"] = encoder.dtype
    night.record.rows = rows


def _work(night: Night, models: ActiveModels) -> dict[str, tuple[Champion | Draft, tuple[date, ...]]]:
    """Each encoder version once, with the dates it is needed for: two contenders may share one.

    A draft needs all its cuts; champion and anchor need the last of them, on which the gate compares them with it.
    """
    gate_cut = models.draft.cuts[-1:] if models.draft else ()
    needed: list[tuple[Champion | Draft, tuple[date, ...]]] = []
    for contender in models.contenders:
        past = contender.cuts if isinstance(contender, Draft) else gate_cut
        needed.append((contender, (*past, night.as_of)))
    if models.anchor is not None:
        needed.append((models.anchor, gate_cut))
    work: dict[str, tuple[Champion | Draft, tuple[date, ...]]] = {}
    for model, dates in needed:
        first, others = work.get(model.encoder_version, (model, ()))
        work[model.encoder_version] = first, tuple(sorted({*others, *dates}))
    return work


def _embed_items(night: Night, encoder: SentEncoder, version: str, dates: tuple[date, ...]) -> int:
    """Adds the item texts of the dates that this version has not embedded; returns their number."""
    listed = night.tables.read(ITEM_FEATURES_TABLE).where(F.col("as_of").isin(list(dates)))
    stored = night.tables.read_or_empty(TEXT_EMBEDDINGS).where(F.col("encoder_version") == version)
    new = (
        listed.groupBy("text_hash")
        .agg(F.max("as_of").alias("as_of"))
        .join(stored.select("text_hash"), on="text_hash", how="left_anti")
        .join(distinct_texts(night.tables.read(ITEMS)), on="text_hash", how="left")
        .select("text_hash", "text", "as_of")
        .persist()
    )
    count = _counted(new)
    commits = -(-count // TEXTS_A_COMMIT)
    expect(count, "item texts")
    for number in range(commits):
        part = new.where(F.pmod(F.xxhash64("text_hash"), F.lit(commits)) == number).select("text_hash", "text")
        size = count if commits == 1 else part.count()
        vectors = with_vectors(night, encoder, part, size, "items")
        night.tables.add(
            vectors.select("text_hash", F.lit(version).alias("encoder_version"), "embedding"), TEXT_EMBEDDINGS
        )
        advance(size)
    new.unpersist()
    event("item texts embedded", step="embed", as_of=night.as_of, encoder=version, texts=count)
    return count


def _counted(new: DataFrame) -> int:
    """The number of rows (text, as_of). Raises LongtailError when a text is NULL."""
    unknown = F.when(F.col("text").isNull(), F.col("as_of"))
    row = new.agg(F.count("*").alias("rows"), F.count(unknown).alias("unknown"), F.max(unknown).alias("as_of")).first()
    assert row is not None
    if row["unknown"]:
        raise LongtailError(
            f"{row['unknown']} item texts of item_features belong to no item any more: items have changed.",
            f"Run jobs/build_features.py for {row['as_of']} again.",
        )
    return int(row["rows"])


def _embed_users(night: Night, encoder: SentEncoder, version: str, dates: tuple[date, ...]) -> int:
    """Replaces the embeddings of the shoppers' texts of the night and of past dates without any; returns their number.

    Of the dates of a commit each distinct text is computed once.
    """
    stored = night.tables.read_or_empty(USER_EMBEDDINGS).where(F.col("encoder_version") == version)
    done = {row.as_of for row in stored.select("as_of").distinct().collect()}
    days = [day for day in dates if day == night.as_of or day not in done]
    if not days:
        return 0
    texts = reduce(DataFrame.union, (texts_of_shoppers(night, day) for day in days)).persist()
    shoppers = {row["as_of"]: row["count"] for row in texts.groupBy("as_of").count().collect()}
    expect(sum(shoppers.values()), "shoppers")
    for some in _commits(shoppers):
        chosen = texts.where(F.col("as_of").isin(some))
        distinct = chosen.select("text").distinct()
        vectors = with_vectors(night, encoder, distinct, distinct.count(), "users")
        night.tables.replace(
            chosen.join(vectors, on="text", how="inner").select(
                "as_of", "user_id", F.lit(version).alias("encoder_version"), "embedding"
            ),
            USER_EMBEDDINGS,
            f"{sql_in('as_of', some)} AND {sql_equals(encoder_version=version)}",
        )
        advance(sum(shoppers[day] for day in some))
    texts.unpersist()
    count = sum(shoppers.values())
    event("shoppers embedded", step="embed", as_of=night.as_of, encoder=version, dates=len(days), texts=count)
    return count


def _commits(shoppers: dict[date, int]) -> Iterator[list[date]]:
    """The dates in order, as many together as have at most SHOPPERS_A_COMMIT shoppers, but at least one."""
    some: list[date] = []
    for day in sorted(shoppers):
        if some and sum(shoppers[other] for other in [*some, day]) > SHOPPERS_A_COMMIT:
            yield some
            some = []
        some.append(day)
    if some:
        yield some


def texts_of_shoppers(night: Night, day: date) -> DataFrame:
    """as_of, user_id, text of every shopper known at a date, with or without history."""
    shoppers = night.tables.read_date(USER_FEATURES_TABLE, day).select("user_id")
    events = night.tables.read_date(USER_HISTORY, day).select("user_id", "item_ids", "event_types")
    titles = night.tables.read_date(ITEM_FEATURES_TABLE, day).select("item_id", "title")
    texts = user_texts(shoppers.join(events, on="user_id", how="left"), titles, night.conf.encoder.user_items)
    return texts.select(F.lit(day).alias("as_of"), "user_id", "text")


if __name__ == "__main__":
    main_of(embed)
