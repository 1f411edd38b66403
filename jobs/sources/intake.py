"""From a source's rows to rows that may be written: judged one by one, counted, balanced."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.accounting import Balance, rows_by_outcome
from features.contract import PARKED as PARKED_TABLE
from features.contract import REJECTED as REJECTED_TABLE
from features.contract.table import Table
from features.quality import outcomes
from features.quality.contract_checks import with_contract_columns
from jobs.runtime.errors import LongtailError, Refused
from jobs.runtime.logs import event
from jobs.runtime.night import Night


@dataclass(frozen=True)
class Reference:
    """Accepted rows whose `key` is not among the values of `known` (one column, unique) are parked."""

    key: str
    known: DataFrame
    what: str


@dataclass(frozen=True)
class Intake:
    """One table's rows as they came, judged (with `outcome` and `reason`), and how many there are of each outcome."""

    table: Table
    rows: DataFrame
    judged: DataFrame
    balance: Balance
    newest: date | None

    @property
    def accepted(self) -> DataFrame:
        return self.judged.where(F.col("outcome") == outcomes.ACCEPTED).select(*self.table.column_names)

    def count(self, outcome: str) -> int:
        return self.balance.by_outcome.get(outcome, 0)

    def release(self) -> None:
        """Gives back what `keep` holds."""
        self.rows.unpersist()


def take_in(
    source_rows: DataFrame,
    table: Table,
    time: str,
    before: date,
    *,
    references: tuple[Reference, ...] = (),
    keep: bool = True,
) -> Intake:
    """Judges every row of a source's table and checks the balance.

    `time` is the column that decides what is later than the night. `keep` holds the rows until the writing, for
    tables that are dear to compute and small enough. `newest` is the latest day of an accepted row.

    Raises LongtailError when a required column is missing or the balance does not hold.
    """
    try:
        rows = with_contract_columns(source_rows, table)
    except ValueError as error:
        raise LongtailError(f"The source is broken: {error}.", "Correct its mapping; nothing was written.") from error
    if keep:
        rows = rows.persist()
    rows_in = rows.count()
    judged = outcomes.with_outcome(rows, table, time, before)
    for reference in references:
        judged = outcomes.park_unknown(judged, reference.key, reference.known, reference.what)
    repeated = outcomes.repeated_keys(judged, table).persist()
    if not repeated.isEmpty():
        judged = outcomes.judge_repeats(judged, table, repeated)
    counts = rows_by_outcome(judged, time).collect()
    by_outcome = {row["outcome"]: row["rows"] for row in counts}
    newest = next((row["newest"] for row in counts if row["outcome"] == outcomes.ACCEPTED), None)
    balance = Balance(table.name, rows_in, by_outcome)
    if not balance.holds:
        raise LongtailError(balance.sentence, "Rows were lost or doubled on the way; nothing was written.")
    event("rows judged", **balance.rows)
    return Intake(table, rows, judged, balance, newest)


def require_few_rejected(intakes: list[Intake], most: float) -> None:
    """Raises Refused when more than a share of a table's rows is rejected; the reasons are the most frequent ones."""
    for intake in intakes:
        if intake.balance.rejected_share > most:
            reasons = (
                intake.judged.where(F.col("outcome") == outcomes.REJECTED)
                .groupBy("reason")
                .agg(F.count(F.lit(1)).alias("rows"))
                .orderBy(F.desc("rows"), "reason")
                .limit(3)
                .collect()
            )
            named = ", ".join(f"{row['reason']} ({row['rows']} rows)" for row in reasons)
            raise Refused(
                f"{intake.balance.rejected_share:.1%} of the rows for the table {intake.table.name} break its contract,"
                f" more than source.max_rejected_share = {most:.1%}: {named}.",
                "Correct the source, or raise that key; nothing was written.",
            )


def write_refused(night: Night, intakes: list[Intake]) -> None:
    """Replaces the night's rows of `rejected` and `parked`."""
    for table, outcome in ((REJECTED_TABLE, outcomes.REJECTED), (PARKED_TABLE, outcomes.PARKED)):
        rows = night.spark.createDataFrame([], table.schema)
        for intake in intakes:
            if intake.count(outcome):
                refused = outcomes.refused_rows(intake.judged, intake.table, outcome).select(
                    "table",
                    "row_id",
                    F.lit(night.run_id).alias("run_id"),
                    F.lit(night.as_of).alias("as_of"),
                    "reason",
                    "payload",
                )
                rows = rows.unionByName(refused)
        night.tables.replace_date(rows, table, night.as_of)
