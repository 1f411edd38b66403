"""The items that queries are compared with, and the vectors of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyspark.sql import functions as F

from features.contract import TEXT_EMBEDDINGS
from features.contract.segments import HEAD
from features.declarations import ITEM_FEATURES_TABLE
from jobs.encoder.embeddings import embedding_matrix, embeddings_by
from jobs.encoder.vectors import send_encoder, with_vectors
from jobs.execution.night import Night
from jobs.registry.models import Champion
from jobs.runtime.errors import LongtailError


@dataclass(frozen=True)
class SearchedItems:
    """The eligible items in the order of their ids, with the texts that queries are compared with and their vectors."""

    item_ids: np.ndarray
    texts: list[str]
    vectors: np.ndarray
    is_tail: np.ndarray

    @classmethod
    def of(cls, rows: pa.Table, vectors: np.ndarray) -> SearchedItems:
        """rows: item_id, title, brand and is_tail in the order of item_id; vectors: [n, d] of them"""
        texts = list(map(searched_text, rows["title"].to_pylist(), rows["brand"].to_pylist()))
        return cls(rows["item_id"].to_numpy(), texts, vectors, rows["is_tail"].to_numpy())


def searched_text(title: str | None, brand: str | None) -> str:
    """The text that queries are compared with: the title, after the brand where the title lacks it."""
    own, of_brand = title or "", brand or ""
    return own if of_brand.lower() in own.lower() else f"{of_brand} {own}".strip()


def searched_items(night: Night, encoder_version: str) -> SearchedItems:
    """On the driver: of each eligible item the title, after the brand where the title lacks it, and a vector.

    Raises LongtailError when none is eligible or embedded.
    """
    eligible = night.tables.read_date(ITEM_FEATURES_TABLE, night.as_of).where("is_eligible")
    vectors = embeddings_by(night.tables.read(TEXT_EMBEDDINGS), encoder_version, "items")
    rows = (
        eligible.select("item_id", "text_hash", "title", "brand", (F.col("segment") != HEAD).alias("is_tail"))
        .join(vectors.select("text_hash", "embedding"), on="text_hash", how="inner")
        .drop("text_hash")
        .toArrow()
        .sort_by("item_id")
    )
    if not len(rows):
        raise LongtailError(
            f"No eligible item of {night.as_of} has a vector.", "Run jobs/embed.py for the night first."
        )
    return SearchedItems.of(rows, embedding_matrix(rows["embedding"]))


def query_vectors(night: Night, champion: Champion, queries: list[str]) -> np.ndarray:
    """[queries, d] unit vectors, which the executors compute."""
    sent = send_encoder(night, champion.encoder_version, champion.encoder_folder)
    frame = night.spark.createDataFrame([(query,) for query in queries], "text string")
    rows = with_vectors(night, sent, frame, len(queries), "queries").toArrow()
    place = {text: number for number, text in enumerate(rows["text"].to_pylist())}
    return embedding_matrix(rows["embedding"])[[place[query] for query in queries]]
