"""Embeds the texts that are new to the night's encoders, and the shoppers' texts of the dates that need them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial, reduce

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, DateType, FloatType, StringType, StructField, StructType

from features.contract import ITEMS, TEXT_EMBEDDINGS, USER_EMBEDDINGS, USER_HISTORY
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from features.texts import distinct_texts, user_texts
from jobs.encoder.processes import encoded
from jobs.execution.command import main_of
from jobs.execution.night import Night
from jobs.registry.active_models import ActiveModels, active_models
from jobs.registry.drafts import Draft
from jobs.registry.models import Champion
from jobs.runtime.errors import LongtailError
from jobs.runtime.logs import event
from jobs.tables.sql import sql_equals, sql_in
from model.text.encoder import Encoder

# Texts whose vectors are held in memory and committed together; a night that stops resumes after the last commit.
TEXTS_A_COMMIT = 100_000


def embed(night: Night) -> None:
    """Embeds the texts that are new to the night's encoders, and the shoppers' texts of the dates that need them.

    An item text is embedded once for an encoder version, whatever the night. Shoppers' texts are embedded again for
    each night, and for a past date of the training where they are missing.
    """
    models = active_models(night)
    if not models.contenders:
        raise LongtailError(
            f"There is no encoder for {night.as_of}: no champion and no draft.",
            f"Run jobs/fine_tune.py for {night.as_of} first.",
        )
    rows = {"item_texts": 0, "user_texts": 0}
    for version, (contender, dates) in _work(night, models).items():
        try:
            encoder = Encoder.load(contender.encoder_folder, night.conf.encoder.device)
        except ValueError as error:
            raise LongtailError(f"The encoder {version} cannot be used.", str(error)) from error
        reader = partial(encoded, night, encoder, contender.encoder_folder)
        rows["item_texts"] += _embed_items(night, reader, version, dates)
        rows["user_texts"] += _embed_users(night, reader, version, dates)
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


def _embed_items(night: Night, reader: Callable[..., np.ndarray], version: str, dates: tuple[date, ...]) -> int:
    """Adds the item texts of the dates that this version has not embedded; returns their number."""
    listed = night.tables.read(ITEM_FEATURES_TABLE).where(F.col("as_of").isin(list(dates)))
    stored = night.tables.read_or_empty(TEXT_EMBEDDINGS).where(F.col("encoder_version") == version)
    new = (
        listed.groupBy("text_hash")
        .agg(F.max("as_of").alias("as_of"))
        .join(stored.select("text_hash"), on="text_hash", how="left_anti")
        .join(distinct_texts(night.tables.read(ITEMS)), on="text_hash", how="left")
        .orderBy("text_hash")
        .select("text_hash", "text", "as_of")
        .toPandas()
    )
    if new.text.isna().any():
        unknown = new[new.text.isna()]
        raise LongtailError(
            f"{len(unknown)} item texts of item_features belong to no item any more: items have changed.",
            f"Run jobs/build_features.py for {unknown.as_of.max()} again.",
        )
    for start in range(0, len(new), TEXTS_A_COMMIT):
        some = new.iloc[start : start + TEXTS_A_COMMIT]
        vectors = reader(some.text.to_list(), "items", "item texts")
        frame = _vector_frame(night, {"text_hash": some.text_hash}, vectors)
        night.tables.add(
            frame.select("text_hash", F.lit(version).alias("encoder_version"), "embedding"), TEXT_EMBEDDINGS
        )
    event("item texts embedded", step="embed", as_of=night.as_of, encoder=version, texts=len(new))
    return len(new)


def _embed_users(night: Night, reader: Callable[..., np.ndarray], version: str, dates: tuple[date, ...]) -> int:
    """Replaces the embeddings of the shoppers' texts of the night and of past dates without any; returns their number.

    All dates go through one pass and one commit, so a text that stays the same from date to date is computed once.
    """
    stored = night.tables.read_or_empty(USER_EMBEDDINGS).where(F.col("encoder_version") == version)
    done = {row.as_of for row in stored.groupBy("as_of").agg(F.count("*").alias("shoppers")).collect()}
    days = [day for day in dates if day == night.as_of or day not in done]
    if not days:
        return 0
    texts = reduce(DataFrame.union, (texts_of_shoppers(night, day) for day in days))
    shoppers = texts.orderBy("as_of", "user_id").toPandas()
    vectors = reader(shoppers.text.to_list(), "users", "shoppers")
    rows = _vector_frame(night, {"as_of": shoppers.as_of, "user_id": shoppers.user_id}, vectors)
    night.tables.replace(
        rows.select("as_of", "user_id", F.lit(version).alias("encoder_version"), "embedding"),
        USER_EMBEDDINGS,
        f"{sql_in('as_of', days)} AND {sql_equals(encoder_version=version)}",
    )
    event("shoppers embedded", step="embed", as_of=night.as_of, encoder=version, dates=len(days), texts=len(shoppers))
    return len(shoppers)


def texts_of_shoppers(night: Night, day: date) -> DataFrame:
    """as_of, user_id, text of every shopper known at a date, with or without history."""
    shoppers = night.tables.read_date(USER_FEATURES_TABLE, day).select("user_id")
    events = night.tables.read_date(USER_HISTORY, day).select("user_id", "item_ids", "event_types")
    titles = night.tables.read_date(ITEM_FEATURES_TABLE, day).select("item_id", "title")
    texts = user_texts(shoppers.join(events, on="user_id", how="left"), titles, night.conf.encoder.user_items)
    return texts.select(F.lit(day).alias("as_of"), "user_id", "text")


def _vector_frame(night: Night, keys: dict[str, pd.Series], vectors: np.ndarray) -> DataFrame:
    """The keys, embedding (array<float> without NULL), from rows of vectors [n, d] over one flat Arrow buffer."""
    columns = {name: pa.Array.from_pandas(values) for name, values in keys.items()}
    columns["embedding"] = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    kinds: dict[str, DataType] = {"as_of": DateType(), "embedding": ArrayType(FloatType(), False)}
    schema = StructType([StructField(name, kinds.get(name, StringType()), False) for name in columns])
    return night.spark.createDataFrame(pa.table(columns), schema)


if __name__ == "__main__":
    main_of(embed)
