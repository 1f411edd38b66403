"""Share of the exposures with a response, shrunk to the share of all."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.derived.shares import with_shrunk_shares


def with_response_shares(rows: DataFrame, windows: Sequence[int]) -> DataFrame:
    """Adds response_share_<n>d = (responses + 20 r) / (exposures + 20), r the share over all rows of the date.

    rows: as_of and, of each window, responses_<n>d and exposures_count_<n>d; NULL counts as 0.
    """
    counts = {
        f"response_share_{days}d": (F.col(f"responses_{days}d"), F.col(f"exposures_count_{days}d")) for days in windows
    }
    return with_shrunk_shares(rows, counts, overall_of_none=0.0)
