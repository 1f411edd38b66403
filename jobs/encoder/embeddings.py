"""Embeddings of one encoder version out of a table that holds those of several."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.runtime.errors import LongtailError


def embeddings_by(embeddings: DataFrame, encoder_version: str, whose: str) -> DataFrame:
    """The rows of a version; `whose` names them in the error. Vectors of two versions have nothing in common, so that
    those of another are never taken in their place: raises LongtailError that names the versions that are there."""
    own = embeddings.where(F.col("encoder_version") == encoder_version)
    if own.isEmpty():
        there = sorted(row.encoder_version for row in embeddings.select("encoder_version").distinct().collect())
        raise LongtailError(
            f"The embeddings of {whose} are by {', '.join(there) or 'no encoder'}, not by {encoder_version}.",
            "Run jobs/embed.py for the night first.",
        )
    return own
