"""Broadcasts of frames whose size depends on the data: only small ones, since a broadcast passes through the driver."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

MOST_ROWS = 1_000_000  # of a key or two: some 100 MB on the driver and on each executor


def broadcast_if_small(frame: DataFrame, rows: int) -> DataFrame:
    """The frame with a hint to broadcast it if it has at most MOST_ROWS rows; else Spark joins it by a shuffle.

    rows: the number of its rows
    """
    return F.broadcast(frame) if rows <= MOST_ROWS else frame
