"""The balance of a table's rows: nothing that came in disappears."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.quality.outcomes import OUTCOMES, REJECTED


@dataclass(frozen=True)
class Balance:
    """Rows that came in, and rows by outcome; `too_long` of the rejected ones were parked for too long."""

    table: str
    rows_in: int
    by_outcome: Mapping[str, int]
    too_long: int = 0

    @property
    def holds(self) -> bool:
        """Rows in = accepted + rejected + parked + duplicates + filtered + later."""
        return self.rows_in == sum(self.by_outcome.values()) and set(self.by_outcome) <= set(OUTCOMES)

    @property
    def rejected_share(self) -> float:
        """Rejected rows as a share of the rows in, without those parked for too long; 0 when there are none.

        Those came with earlier nights and say nothing of what came tonight.
        """
        rows_in = self.rows_in - self.too_long
        return (self.by_outcome.get(REJECTED, 0) - self.too_long) / rows_in if rows_in else 0.0

    @property
    def rows(self) -> dict[str, int]:
        """<table>_in, <table>_<outcome> and <table>_parked_too_long, those without rows left out."""
        told = {**self.by_outcome, "parked_too_long": self.too_long}
        counted = {f"{self.table}_{name}": count for name, count in told.items() if count}
        return {f"{self.table}_in": self.rows_in, **counted}

    @property
    def sentence(self) -> str:
        """The balance in words, for an error."""
        parts = ", ".join(f"{count} {name}" for name, count in sorted(self.by_outcome.items())) or "none"
        return f"Of {self.rows_in} rows for the table {self.table}, these are accounted for: {parts}."


def rows_by_outcome(judged: DataFrame, time: str) -> DataFrame:
    """outcome, rows, newest: the count and the latest day (UTC) of `time` of the rows with each outcome."""
    return judged.groupBy("outcome").agg(F.count(F.lit(1)).alias("rows"), F.max(F.to_date(time)).alias("newest"))
