"""Embeddings of one encoder version out of a table that holds those of several."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.runtime.errors import LongtailError


def embeddings_by(embeddings: DataFrame, encoder_version: str, whose: str) -> DataFrame:
    """The rows of one version, since vectors of different versions cannot be compared.

    `whose` names the rows in the error. Raises LongtailError, naming the versions that are stored, when it is none of
    them.
    """
    own = embeddings.where(F.col("encoder_version") == encoder_version)
    if own.isEmpty():
        versions = sorted(row.encoder_version for row in embeddings.select("encoder_version").distinct().collect())
        raise LongtailError(
            f"The embeddings of {whose} are by {', '.join(versions) or 'no encoder'}, not by {encoder_version}.",
            "Run jobs/embed.py for the night first.",
        )
    return own


def embedding_matrix(column: pa.ChunkedArray) -> np.ndarray:
    """[n, d] float32 of a column of vectors, of which there is at least one."""
    flat = np.concatenate([chunk.flatten().to_numpy() for chunk in column.chunks])
    return flat.reshape(len(column), -1).astype(np.float32)
