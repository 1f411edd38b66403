"""From a source's rows to rows that may be written: judged row by row, counted, balanced."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from features.broadcasts import broadcast_if_small
from features.contract import PARKED as PARKED_TABLE
from features.contract import REJECTED as REJECTED_TABLE
from features.contract.money import LARGEST_PRICE, largest_price
from features.contract.table import LAST_YEAR, Invariant, Table
from features.quality import outcomes
from features.quality.contract_checks import with_contract_columns
from features.quality.optional_values import LEFT_OUT, without_bad_options
from features.quality.tally import summed, tally
from features.row_balance import Balance, rows_by_outcome
from jobs.execution.night import Night
from jobs.runtime.errors import LongtailError, Refused
from jobs.runtime.logs import event, warning
from jobs.sources.files.read_failures import named_read_failures
from jobs.sources.total_words import TOTAL

FEWEST = 5  # faulty rows below which a share says little

Judgement = Callable[[DataFrame], DataFrame]  # judged rows to judged rows; see features.quality.outcomes


@dataclass(frozen=True)
class Intake:
    """One table's rows judged (with `outcome` and `reason`), and how many there are of each outcome."""

    table: Table
    judged: DataFrame
    balance: Balance
    newest: date | None
    held: tuple[DataFrame, ...]

    @property
    def accepted(self) -> DataFrame:
        return self.judged.where(F.col("outcome") == outcomes.ACCEPTED).select(*self.table.column_names)

    def count(self, outcome: str) -> int:
        return self.balance.by_outcome.get(outcome, 0)

    def main_reason(self, outcome: str) -> tuple[str, str]:
        """The most frequent reason of the rows with an outcome, and an unreadable value of one of them in quotes."""
        rows = self.judged.where(F.col("outcome") == outcome).groupBy("reason")
        counted = rows.agg(F.count("*").alias("rows"), _example(self.judged).alias("example"))
        [row] = counted.orderBy(F.desc("rows"), "reason").limit(1).collect()
        return row["reason"], f"'{row['example']}'" if row["example"] else ""

    @property
    def any_accepted(self) -> bool:
        return self.count(outcomes.ACCEPTED) > 0

    def release(self) -> None:
        """Releases the memory of the persisted frames."""
        for frame in self.held:
            frame.unpersist()


@dataclass(frozen=True)
class Arrival:
    """One table's rows before judgement, in the contract's columns and types, with their number.

    counts: by name the number of rows that meet a condition
    held: persisted frames that the rows come from
    """

    table: Table
    rows: DataFrame
    rows_in: int
    kept: bool
    counts: Mapping[str, int] = field(default_factory=dict)
    held: tuple[DataFrame, ...] = ()


def arrive(
    source_rows: DataFrame,
    table: Table,
    *,
    keep: bool = True,
    further: tuple[Invariant, ...] = (),
    count: Mapping[str, Column] = MappingProxyType({}),
) -> Arrival:
    """Counts a source's rows, without the values of optional columns that violate the contract or a `further` rule.

    Raises Refused when a required column is missing.

    keep: persist the rows until they are written; for rows that are expensive to compute
    count: by name the conditions whose rows are counted as well
    """
    try:
        rows = without_bad_options(with_contract_columns(source_rows, table), table, further)
    except ValueError as error:
        raise Refused(f"The source is incomplete: {error}.", "Correct its mapping; nothing was written.") from error
    if keep:
        rows = rows.persist()
    with named_read_failures():
        counts = rows.agg(
            F.count(F.lit(1)).alias("rows_in"),
            *(F.count_if(condition).alias(name) for name, condition in count.items()),
        ).collect()[0]
    counted = {name: counts[name] for name in count}
    return Arrival(table, rows, counts["rows_in"], keep, counted, (rows,) if keep else ())


def judge(arrival: Arrival, time: str, before: date, *steps: Judgement, further: tuple[Invariant, ...] = ()) -> Intake:
    """Judges every row by the contract, the store's `further` rules and then the steps, and checks the balance.

    Raises LongtailError when the balance does not hold.

    time: column that decides whether a row is later than the night
    """
    table = arrival.table
    judged = outcomes.with_outcome(arrival.rows, table, time, before, (*further, _not_years_ahead(time, before)))
    for step in steps:
        judged = step(judged)
    held = list(arrival.held)
    if arrival.kept:
        judged = judged.persist()
        held.append(judged)
    tallied = tally(judged, table, F.to_date(time)).persist()
    counts = summed(tallied).collect()
    repeated = tallied.where(F.col("key_hash").isNotNull()).select("key_hash")
    repeats = repeated.count()
    if repeats:
        judged = outcomes.judge_repeats(judged, table, broadcast_if_small(repeated, repeats))
        if arrival.kept:
            judged = judged.persist()
            held.append(judged)
        counts = rows_by_outcome(judged, time).collect()
    by_outcome = {row["outcome"]: row["rows"] for row in counts}
    newest = next((row["newest"] for row in counts if row["outcome"] == outcomes.ACCEPTED), None)
    balance = Balance(table.name, arrival.rows_in, by_outcome, *_counted_apart(judged, by_outcome))
    if not balance.holds:
        raise LongtailError(balance.sentence, "Rows were lost or duplicated during ingest; nothing was written.")
    event("rows judged", **balance.rows)
    if balance.not_data:
        _report_totals(judged, table)
    if arrival.kept:
        _report_left_out(judged, table, sum(by_outcome.get(outcome, 0) for outcome in outcomes.KEPT))
    return Intake(table, judged, balance, newest, (tallied, *held))


def price_rule(night: Night) -> Invariant:
    """The rule against prices that no item has in the store's currency. Above LARGEST_PRICE, the contract has it."""
    limit = largest_price(night.conf.source.currency)
    return Invariant("price_absurd", f"price <= {limit} OR price > {LARGEST_PRICE}", "price")


def _not_years_ahead(time: str, before: date) -> Invariant:
    """A rule against times that a row could wait for only in vain: more than a year after the night and after today.

    Nights of the past are run on files that hold what came after them. From LAST_YEAR on, the contract has this rule.
    """
    limit = max(before, date.today()) + timedelta(days=366)
    return Invariant(f"{time}_absurd", f"{time} < DATE'{limit}' OR year({time}) > {LAST_YEAR}", time)


def left_out_values(judged: DataFrame) -> list[Row]:
    """By reason (`left_out`) the number of accepted and parked `rows` without a value of an optional column, with an
    `example` of what could not be read."""
    if LEFT_OUT not in judged.columns:
        return []
    of_kept = judged.where(F.col(LEFT_OUT).isNotNull() & F.col("outcome").isin(*outcomes.KEPT))
    counts = of_kept.groupBy(LEFT_OUT).agg(F.count("*").alias("rows"), _example(judged).alias("example"))
    return counts.orderBy(F.desc("rows"), LEFT_OUT).collect()


def _report_left_out(judged: DataFrame, table: Table, kept: int) -> None:
    """Logs how many rows go without a value of an optional column, by reason, with an example.

    kept: accepted and parked rows
    """
    for row in left_out_values(judged):
        # Of most rows: the mapping is wrong, and features will lack the column.
        log = warning if row["rows"] * 2 > kept else event
        log("values left out", table=table.name, reason=row[LEFT_OUT], rows=row["rows"], example=row["example"] or "")


def _report_totals(judged: DataFrame, table: Table) -> None:
    """Logs how many rows were taken for totals, with the word for it: an item may have that word for its id."""
    words = [F.trim(name) for name in ("item_id", "user_id") if name in table.column_names]
    example = F.coalesce(*(F.when(word.rlike(TOTAL.pattern), word) for word in words), F.lit(None))
    totals = judged.where(F.col("reason") == outcomes.TOTAL_ROW)
    [row] = totals.agg(F.count("*").alias("rows"), F.first(example, ignorenulls=True).alias("example")).collect()
    if row["rows"]:
        warning("totals rejected", table=table.name, rows=row["rows"], example=row["example"] or "")


def _counted_apart(judged: DataFrame, by_outcome: Mapping[str, int]) -> tuple[int, int, int]:
    """Numbers of rows that are rejected because they were parked for too long, as returns without a purchase, and as
    headers or totals."""
    if not by_outcome.get(outcomes.REJECTED):
        return 0, 0, 0
    too_long = F.count_if(outcomes.rejected_for_too_long()) if "parked_since" in judged.columns else F.lit(0)
    unmatched = F.count_if(F.col("reason") == outcomes.RETURN_WITHOUT_PURCHASE)
    not_data = F.count_if(F.col("reason").isin(outcomes.HEADER_REPEATED, outcomes.TOTAL_ROW))
    counts = judged.agg(too_long.alias("too_long"), unmatched.alias("unmatched"), not_data.alias("not_data"))
    [row] = counts.collect()
    return row["too_long"], row["unmatched"], row["not_data"]


def require_few_rejected(intakes: list[Intake], most: float) -> None:
    """Raises Refused with the most frequent reasons when more than a share of a table's rows is rejected.

    Fewer than FEWEST rows stop a night only if they are most of the rows: one bad row is more than a share of few.
    Those are logged as a warning. Rows that were parked for too long do not count, since they would stop this night and
    every later one, nor do HARMLESS ones.
    """
    for intake in intakes:
        share, faulty = intake.balance.rejected_share, intake.balance.faulty
        if share <= most:
            continue
        if faulty < FEWEST and share <= 0.5:
            warning("rows rejected", table=intake.table.name, rows=faulty, share=f"{share:.0%}", reasons=_named(intake))
            continue
        raise Refused(
            f"{share:.1%} of the rows for the table {intake.table.name} violate its "
            f"contract, more than source.max_rejected_share = {most:.1%}: {_named(intake)}.",
            "Correct the source, or raise that key; make job JOB=check_source has a remedy for each reason. Nothing "
            "was written.",
        )


def _named(intake: Intake) -> str:
    """The most frequent reasons of the faulty rows, with their numbers and an example."""
    reasons = (
        intake.judged.where(F.col("outcome") == outcomes.REJECTED)
        .where(~outcomes.rejected_for_too_long() & ~F.col("reason").isin(*outcomes.HARMLESS))
        .groupBy("reason")
        .agg(F.count(F.lit(1)).alias("rows"), _example(intake.judged).alias("example"))
        .orderBy(F.desc("rows"), "reason")
        .limit(3)
        .collect()
    )
    return ", ".join(f"{row['reason']} ({row['rows']} rows{_such_as(row['example'])})" for row in reasons)


def _example(judged: DataFrame) -> Column:
    return F.first("example", ignorenulls=True) if "example" in judged.columns else F.lit(None).cast("string")


def _such_as(example: str | None) -> str:
    return f", such as '{example}'" if example else ""


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
                    F.coalesce("parked_since", F.lit(night.as_of)).alias("parked_since"),
                )
                rows = rows.unionByName(refused.select(*table.column_names))
        night.tables.replace_date(rows, table, night.as_of)
