"""Predicted categories of the texts that are new since the previous night."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark import StorageLevel
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from features.contract import ITEMS, TEXT_CATEGORIES
from features.point_in_time import versions_at
from features.texts import with_item_text
from jobs.catalogue.classifier import (
    LEAST_OF_CATEGORY,
    METHOD,
    MOST_CATEGORIES,
    Classifier,
    EncoderUsed,
    fetch_model,
    is_incomplete,
    keep_classifier,
    keep_model,
    learnt_on,
    load_model,
    reason_to_learn,
    stored_classifier,
)
from jobs.catalogue.texts import new_texts
from jobs.encoder.embeddings import embedding_matrix
from jobs.encoder.pretrained import loaded_encoder
from jobs.encoder.vectors import SentEncoder, send_encoder, with_vectors
from jobs.execution.night import Night
from jobs.runtime.executor_files import ship_folder, shipped_folder
from jobs.runtime.logs import event
from model.catalogue.categories import CategoryModel, fit_categories, spoken
from model.catalogue.category_verdicts import NO_LABEL, has_word, text_without_category, verdicts
from model.catalogue.mislabelled import category_bars

LEAST_TEXTS = 20  # with a category; of fewer nothing is learnt
MOST_LEARNT = 40_000  # texts that the driver learns from, a sample by hash with LEAST_OF_CATEGORY of each category
_READ = "text_hash string, category string, text string"
_PARTS = 1_000_000  # of the hash that the sample is drawn by


def add_categories(night: Night, texts: DataFrame) -> int:
    """Adds the predicted category of the texts without one; all again where the classifier is learnt again.

    Writes nothing for a store with fewer than two categories or LEAST_TEXTS texts that have one. Returns the number of
    texts that were read.

    texts: the columns of catalogue_texts
    """
    night.tables.prepare(TEXT_CATEGORIES)
    labelled = _labelled(night, texts).persist()
    counts = _texts_by_category(labelled)
    if len(counts) < 2 or sum(counts.values()) < LEAST_TEXTS:
        count = _nothing_predicted(night, counts)
    else:
        known, conf = stored_classifier(night), night.conf.encoder
        if known is not None and is_incomplete(night, known.method):
            known = None
        later = 0 if known is None else _later(night, labelled, known.method)
        reason = reason_to_learn(known, counts, later, conf.model, conf.max_item_tokens)
        if known is not None and reason is None:
            count = _read_new(night, texts, known)
        else:
            count = _learn(night, texts, labelled, counts, str(reason))
    labelled.unpersist()
    return count


def _labelled(night: Night, texts: DataFrame) -> DataFrame:
    """text_hash, category of the texts that items with a category have now: a renamed category is not learnt."""
    items = with_item_text(night.tables.read(ITEMS)).select("item_id", "valid_from", "text_hash")
    current = versions_at(items, [night.as_of], "item_id").select("text_hash").distinct()
    own = texts.select("text_hash", F.trim("category").alias("category")).where("category <> ''")
    return own.join(current, on="text_hash", how="left_semi")


def _texts_by_category(labelled: DataFrame) -> dict[str, int]:
    counts = labelled.groupBy("category").agg(F.count("*").alias("texts"))
    rows = counts.orderBy(F.desc("texts"), "category").limit(MOST_CATEGORIES).collect()
    return {row["category"]: row["texts"] for row in rows}


def _later(night: Night, labelled: DataFrame, method: str) -> int:
    """The number of texts with a category that came after the classifier of the method was learnt."""
    seen = night.tables.read(TEXT_CATEGORIES).where(F.col("read_on") <= learnt_on(method)).select("text_hash")
    return labelled.join(seen, on="text_hash", how="left_anti").count()


def _nothing_predicted(night: Night, counts: Mapping[str, int]) -> int:
    if night.tables.has(TEXT_CATEGORIES, "true"):
        empty = night.spark.createDataFrame([], TEXT_CATEGORIES.schema)
        night.tables.replace(empty, TEXT_CATEGORIES, where=None)
    texts = sum(counts.values())
    night.record.decisions["categories"] = f"none: {texts} texts have one of {len(counts)} categories"
    event(
        "no category is predicted", step="enrich_items", as_of=night.as_of, categories=len(counts), texts=texts,
        least_categories=2, least_texts=LEAST_TEXTS,
    )  # fmt: skip
    return 0


def _learn(night: Night, texts: DataFrame, labelled: DataFrame, counts: Mapping[str, int], reason: str) -> int:
    """Learns a classifier from texts with a category, then reads all texts."""
    encoder, sent = _sent_encoder(night, None)
    embedded = with_vectors(night, sent, _plain(texts), texts.count(), "items").persist(StorageLevel.DISK_ONLY)
    categories = night.spark.createDataFrame([(name,) for name in counts], "category string")
    learnt = embedded.join(labelled.select("text_hash"), on="text_hash", how="left_semi").join(
        F.broadcast(categories), on="category", how="left_semi"
    )
    rows = _sample(learnt, sum(counts.values()), night.conf.seed).toArrow().sort_by("text_hash")
    rows = rows.filter(pa.array([has_word(text) for text in rows["text"].to_pylist()], pa.bool_()))
    own = rows["category"].to_pylist()
    if len(set(own)) < 2:
        embedded.unpersist()
        return _nothing_predicted(night, {name: own.count(name) for name in set(own)})
    method = f"{METHOD}.{night.as_of}.{sum(counts.values())}"
    plain = rows["text"].to_pylist()
    fitted = fit_categories(
        plain, embedding_matrix(rows["embedding"]), own, _names(night, sent, set(own)), night.conf.seed
    )
    model = fitted.model
    label = _labels(model, own)
    assert fitted.held_out.own is not None
    bars = category_bars(fitted.held_out.own, label, len(model.categories))
    keep_model(night, method, model, encoder)
    of_learnt = verdicts(model, fitted.held_out, plain, label, bars).assign(
        text_hash=rows["text_hash"].to_pylist(), method=method, read_on=night.as_of
    )
    held_out = night.spark.createDataFrame(of_learnt[TEXT_CATEGORIES.column_names], TEXT_CATEGORIES.schema).persist()
    others = embedded.join(held_out.select("text_hash"), on="text_hash", how="left_anti")
    night.tables.replace(held_out.unionByName(_read(night, others, method, bars)), TEXT_CATEGORIES, where=None)
    of_category = dict.fromkeys(counts, 2.0) | dict(zip(model.categories, bars.tolist(), strict=True))
    keep_classifier(night, Classifier(method, encoder, counts, of_category))
    embedded.unpersist()
    held_out.unpersist()
    night.record.decisions |= {"categories": method, "categories learnt": reason}
    event(
        "categories learnt", step="enrich_items", as_of=night.as_of, why=reason, categories=len(model.categories),
        texts=len(own),
    )  # fmt: skip
    return night.tables.read(TEXT_CATEGORIES).count()


def _read_new(night: Night, texts: DataFrame, known: Classifier) -> int:
    """Reads the texts that text_categories lacks."""
    night.record.decisions["categories"] = known.method
    new, _ = new_texts(night, texts, TEXT_CATEGORIES, known.method)
    plain = _plain(new).persist()
    count = plain.count()
    if count:
        _, sent = _sent_encoder(night, known.encoder)
        model = load_model(fetch_model(night, known.method))
        bars = np.array([known.bars[name] for name in model.categories])
        embedded = with_vectors(night, sent, plain, count, "items")
        night.tables.add(_read(night, embedded, known.method, bars), TEXT_CATEGORIES)
    plain.unpersist()
    return count


def _sent_encoder(night: Night, used: EncoderUsed | None) -> tuple[EncoderUsed, SentEncoder]:
    """The pretrained encoder on the executors; with `used`, in the number format of that one."""
    as_of = date.fromisoformat(used.as_of) if used else night.as_of
    encoder = loaded_encoder(night, as_of, as_of=as_of, dtype=used.dtype if used else None)
    folder = night.scratch / f"encoder-{uuid.uuid4().hex}"
    encoder.save(folder)
    conf = night.conf.encoder
    now = EncoderUsed(conf.model, conf.max_item_tokens, encoder.dtype, as_of.isoformat())
    return now, send_encoder(night, encoder.version, folder)


def _plain(texts: DataFrame) -> DataFrame:
    """text_hash, category, and the plain text of which the category is no part."""

    def of_blocks(blocks: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for block in blocks:
            columns = (block[name] for name in ("title", "brand", "description"))
            plain = [text_without_category(*values) for values in zip(*columns, strict=True)]
            yield pd.DataFrame({"text_hash": block["text_hash"], "category": block["category"], "text": plain})

    columns = ("text_hash", F.trim("category").alias("category"), "title", "brand", "description")
    return texts.select(*columns).mapInPandas(of_blocks, _READ)


def _sample(rows: DataFrame, count: int, seed: int) -> DataFrame:
    """About MOST_LEARNT of `count` rows, by hash, and of each category at least LEAST_OF_CATEGORY where it has them."""
    if count <= MOST_LEARNT:
        return rows
    of_category = Window.partitionBy("category").orderBy(F.xxhash64("text_hash"), "text_hash")
    drawn = F.pmod(F.xxhash64("text_hash", F.lit(seed)), F.lit(_PARTS)) < F.lit(_PARTS * MOST_LEARNT // count)
    placed = rows.withColumn("place", F.row_number().over(of_category))
    return placed.where((F.col("place") <= LEAST_OF_CATEGORY) | drawn).drop("place")


def _names(night: Night, sent: SentEncoder, categories: set[str]) -> dict[str, np.ndarray]:
    """By category the vector of its name."""
    said = {name: spoken(name) for name in categories}
    distinct = sorted(set(said.values()))
    frame = night.spark.createDataFrame([(text,) for text in distinct], "text string")
    rows = with_vectors(night, sent, frame, len(distinct), "items").toArrow()
    vectors = dict(zip(rows["text"].to_pylist(), embedding_matrix(rows["embedding"]), strict=True))
    return {name: vectors[text] for name, text in said.items()}


def _read(night: Night, embedded: DataFrame, method: str, bars: np.ndarray) -> DataFrame:
    """The rows of text_categories of texts (text_hash, category, text, embedding) that the classifier did not learn."""
    sent, read_on = ship_folder(night.spark, fetch_model(night, method), f"categories-{uuid.uuid4().hex}"), night.as_of

    def of_blocks(blocks: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        model = _model(sent)
        for block in blocks:
            texts, label = block["text"].to_list(), _labels(model, block["category"].to_list())
            vectors = np.stack(block["embedding"].to_list()) if texts else np.zeros((0, 1), dtype=np.float32)
            chances = model.chances(texts, vectors, np.maximum(label, 0))
            rows = verdicts(model, chances, texts, label, bars)
            yield rows.assign(text_hash=block["text_hash"].to_numpy(), method=method, read_on=read_on)[
                TEXT_CATEGORIES.column_names
            ]

    columns = ("text_hash", "category", "text", "embedding")
    return embedded.select(*columns).mapInPandas(of_blocks, TEXT_CATEGORIES.schema)


def _labels(model: CategoryModel, categories: list[str]) -> np.ndarray:
    number = {name: place for place, name in enumerate(model.categories)}
    return np.array([number.get(name, NO_LABEL) for name in categories], dtype=np.int64)


@lru_cache(maxsize=1)
def _model(name: str) -> CategoryModel:
    """On a worker: the model in a folder that was sent."""
    return load_model(shipped_folder(name))
