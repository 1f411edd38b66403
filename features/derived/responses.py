"""Share of the exposures with a response, shrunk to the share of all."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

PRIOR_EVENTS = 20  # weight of the share of all; a few exposures say little


def with_response_shares(rows: DataFrame, windows: Sequence[int]) -> DataFrame:
    """Adds response_share_<n>d = (responses + 20 r) / (exposures + 20), r the share over all rows of the date.

    rows: as_of and, of each window, responses_<n>d and exposures_count_<n>d; NULL counts as 0.
    """
    overall = rows.groupBy("as_of").agg(
        *(
            F.coalesce(F.try_divide(F.sum(f"responses_{days}d"), F.sum(f"exposures_count_{days}d")), F.lit(0.0)).alias(
                f"overall_{days}d"
            )
            for days in windows
        )
    )
    joined = rows.join(F.broadcast(overall), on="as_of", how="left")
    shares = {}
    for days in windows:
        responses, exposures = (
            F.coalesce(F.col(f"{name}_{days}d"), F.lit(0.0)) for name in ("responses", "exposures_count")
        )
        prior = F.col(f"overall_{days}d") * PRIOR_EVENTS
        shares[f"response_share_{days}d"] = (responses + prior) / (exposures + PRIOR_EVENTS)
    return joined.withColumns(shares).drop(*(f"overall_{days}d" for days in windows))
