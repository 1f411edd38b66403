"""Shares of items or shoppers, shrunk to the share of all."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

PRIOR_EVENTS = 20  # weight of the share of all; a few events say little


def with_shrunk_shares(
    rows: DataFrame, counts: Mapping[str, tuple[Column, Column]], overall_of_none: float | None
) -> DataFrame:
    """Adds each share = (part + 20 r) / (total + 20), r the share over all rows of the date.

    rows: as_of and the columns of `counts`
    counts: share -> part and total; NULL counts as 0
    overall_of_none: r of a date whose totals are all 0
    """
    filled = {
        name: tuple(F.coalesce(count.cast("double"), F.lit(0.0)) for count in both) for name, both in counts.items()
    }
    overall = rows.groupBy("as_of").agg(
        *(
            F.coalesce(F.try_divide(F.sum(part), F.sum(total)), F.lit(overall_of_none)).alias(f"overall_{name}")
            for name, (part, total) in filled.items()
        )
    )
    shares = {
        name: (part + PRIOR_EVENTS * F.col(f"overall_{name}")) / (total + PRIOR_EVENTS)
        for name, (part, total) in filled.items()
    }
    joined = rows.join(F.broadcast(overall), on="as_of", how="left").withColumns(shares)
    return joined.drop(*(f"overall_{name}" for name in counts))
