"""The balance of a table's rows: no row disappears."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.quality.outcomes import OUTCOMES, REJECTED


@dataclass(frozen=True)
class Balance:
    """Incoming rows, and rows by outcome.

    too_long: rejected ones that were parked for too long
    unmatched_returns: rejected returns of what has no earlier purchase
    not_data: rejected headers and totals among the rows of a file
    """

    table: str
    rows_in: int
    by_outcome: Mapping[str, int]
    too_long: int = 0
    unmatched_returns: int = 0
    not_data: int = 0

    @property
    def holds(self) -> bool:
        """Rows in = accepted + rejected + parked + duplicates + filtered + later."""
        return self.rows_in == sum(self.by_outcome.values()) and set(self.by_outcome) <= set(OUTCOMES)

    @property
    def rejected_share(self) -> float:
        """Faulty rows as a share of the incoming rows, both without those parked for too long; 0 without rows.

        The latter came with earlier nights and do not describe tonight's delivery.
        """
        rows_in = self.rows_in - self.too_long
        return self.faulty / rows_in if rows_in else 0.0

    @property
    def faulty(self) -> int:
        """Rejected rows for which the delivery is at fault.

        Every export begins after some purchase was made, and no night lacks headers and totals.
        """
        return self.by_outcome.get(REJECTED, 0) - self.too_long - self.unmatched_returns - self.not_data

    @property
    def rows(self) -> dict[str, int]:
        """<table>_in, and where not 0 <table>_<outcome>, _parked_too_long, _unmatched_returns and _not_data."""
        counts = {
            **self.by_outcome,
            "parked_too_long": self.too_long,
            "unmatched_returns": self.unmatched_returns,
            "not_data": self.not_data,
        }
        counted = {f"{self.table}_{name}": count for name, count in counts.items() if count}
        return {f"{self.table}_in": self.rows_in, **counted}

    @property
    def sentence(self) -> str:
        """The balance in words, for an error."""
        parts = ", ".join(f"{count} {name}" for name, count in sorted(self.by_outcome.items())) or "none"
        return f"Of {self.rows_in} rows for the table {self.table}, these are accounted for: {parts}."


def rows_by_outcome(judged: DataFrame, time: str) -> DataFrame:
    """outcome, rows, newest: the count and the latest day (UTC) of `time` of the rows with each outcome."""
    return judged.groupBy("outcome").agg(F.count(F.lit(1)).alias("rows"), F.max(F.to_date(time)).alias("newest"))
