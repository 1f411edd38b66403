"""The newest night that has been planned."""

from __future__ import annotations

from datetime import date

from pyspark.sql import functions as F

from features.contract import EXPOSURE_SCORES
from jobs.runtime.errors import LongtailError
from jobs.tables.warehouse import Warehouse


def newest_plan(tables: Warehouse) -> date:
    """The date of the newest night with lists. Raises LongtailError when there is none."""
    newest = tables.read_or_empty(EXPOSURE_SCORES).agg(F.max("as_of").alias("as_of")).first()
    if newest is None or newest.as_of is None:
        raise LongtailError("No night has been planned.", "Run make nightly first.")
    return newest.as_of
