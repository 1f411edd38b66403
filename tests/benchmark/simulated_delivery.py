"""Compares planned and achieved shares of the simulated storefront by night and group, as `make simulate` ends.

As of the morning after the last simulated day, it ingests that day and accounts for it, unless that was done before.
For each night and each floor or cap of the configuration it prints the configured, the planned and the achieved share,
and the correction of the night's plan. Achieved shares use the storefront's true examination of positions, not the
estimate that plan and account use. The first night could learn nothing of positions, so its shares by the configured
weights follow: what these are off is the error of the predicted visits. Then it prints how far the position weights of
each plan are from the true examination, and the true responses to the lists of each night and to shelves of best
sellers.

The achieved share of a group above 1,600 expected exposures must be within 10 % of its plan in the first night, by the
configured weights, and within 5 % from the second on. Chance alone takes some beyond that, a Poisson count of 1,600 in
one of 20 nights. So as many may be beyond as chance explains in 95 of 100 simulations, none of them by more than three
standard errors. And the last position weights must be nearer to the truth than those that were configured. Otherwise
the exit status is 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from math import erfc, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from features.contract import EXPOSURE_ACCOUNT, EXPOSURE_CORRECTIONS
from features.delivery.attention import with_attention
from jobs.account_exposure import account_exposure
from jobs.build_features import build_features
from jobs.config.configuration import Config
from jobs.config.plan import Plan
from jobs.delivery.exposure_log import counted_exposures, judged_exposures
from jobs.delivery.group_shares import group_shares
from jobs.delivery.live_periods import live_periods, plan_runs
from jobs.execution.command import add_as_of, parser, run
from jobs.execution.manifest import run_step
from jobs.execution.night import Night, Record
from jobs.ingest import ingest
from jobs.planning.columns import item_rows_of, named_columns
from jobs.replay_storefront import EXAMINATION
from jobs.runtime.errors import LongtailError
from jobs.tables.warehouse import Warehouse
from tests.benchmark.simulated_truth import (
    printed_errors,
    printed_responses,
    purchases,
    responses_by_night,
    weight_errors,
)

LEAST_EXPECTED, FIRST_BAR, BAR = 1_600.0, 0.10, 0.05
MOST_STANDARD_ERRORS, CONFIDENCE = 3.0, 0.95
SEGMENTS = ("tail", "cold")
WITHIN, BEYOND, FAR = "within", "beyond", "far beyond"


def shares(plan: Plan, items: pd.DataFrame, account: pd.DataFrame) -> pd.DataFrame:
    """Shares of one night: group, member, asked (NaN for a segment), expected exposures, planned and achieved share.

    items: item_id and the columns that the plan names; account: rows of exposure_account
    """
    groups = group_shares(plan, items, account).rename(columns={"constraint": "group"})
    total = account[["planned", "delivered"]].sum()
    rows = []
    for segment in SEGMENTS:
        of_segment = account.loc[account["segment"] == segment, ["planned", "delivered"]].sum()
        of_total = (of_segment["planned"] / total["planned"], of_segment["delivered"] / total["delivered"])
        rows.append((f"all {segment} items", "", np.nan, of_segment["planned"], *of_total))
    columns = ["group", "member", "asked", "expected", "planned", "achieved"]
    return pd.concat([groups[columns], pd.DataFrame(rows, columns=columns)], ignore_index=True)


def bar(night: int) -> float:
    """The greatest relative error of a share in this night, the first of which is 1."""
    return FIRST_BAR if night == 1 else BAR


def verdict(night: int, expected: float, planned: float, achieved: float) -> str:
    """Whether a group is within the bar, or beyond it by more than chance explains; '' where no bar applies."""
    if expected < LEAST_EXPECTED:
        return ""
    error = abs(achieved / planned - 1) - bar(night)
    return WITHIN if error <= 0 else BEYOND if error <= MOST_STANDARD_ERRORS / sqrt(expected) else FAR


def beyond_by_chance(checked: pd.DataFrame) -> int:
    """How many of the shares are beyond their bar in at most 5 % of simulations if each is as planned but for chance.

    checked: night, expected. The chance of each is that of a normal error with the standard error of a Poisson count;
    their sum has a Poisson binomial distribution.
    """
    counts = np.ones(1)
    for night, expected in zip(checked["night"], checked["expected"], strict=True):
        chance = erfc(bar(night) * sqrt(expected / 2))
        counts = np.convolve(counts, [1 - chance, chance])
    return int(np.searchsorted(np.cumsum(counts), CONFIDENCE))


def counted_log(tables: Warehouse, conf: Config, as_of: date) -> DataFrame:
    """The exposures of the plan's policy that count, with as_of, the night of their list."""
    nights = sorted({row["as_of"] for row in tables.read(EXPOSURE_ACCOUNT).select("as_of").distinct().collect()})
    night = Night(conf, as_of, "simulated_delivery", tables.spark, tables, Record())
    runs = plan_runs(tables, conf.plan, nights)
    periods = live_periods(tables, nights, runs, conf.plan.policy, as_of)
    counted = counted_exposures(night, judged_exposures(night, nights, runs, periods))
    return counted.where(F.col("policy") == conf.plan.policy)


def delivered(counted: DataFrame, examination: np.ndarray) -> pd.DataFrame:
    """as_of, item_id, delivered: the exposures that count, each times the chance that its position is examined.

    examination: float64 (positions)
    """
    seen = F.sum(F.col("sample_weight") * F.col("attention")).alias("delivered")
    return with_attention(counted, examination.tolist()).groupBy("as_of", "item_id").agg(seen).toPandas()


def with_true_attention(account: pd.DataFrame, seen: pd.DataFrame) -> pd.DataFrame:
    """The rows of exposure_account with `delivered` as of `delivered`, 0 for an item that was not shown."""
    rows = account.drop(columns="delivered").merge(seen, on=["as_of", "item_id"], how="left")
    return rows.fillna({"delivered": 0.0})


def accounted(tables: Warehouse, conf: Config) -> pd.DataFrame:
    """The rows of exposure_account of the plan's policy whose exposures are known."""
    rows = tables.read(EXPOSURE_ACCOUNT).where(F.col("logged").isNotNull())
    return rows.where(F.col("policy") == conf.plan.policy).toPandas()


def catalogues(tables: Warehouse, conf: Config, account: pd.DataFrame) -> dict[date, pd.DataFrame]:
    """By accounted night its items, with the columns that the plan names."""
    columns = named_columns(conf.plan)
    nights = sorted(set(account["as_of"]))
    return {night: item_rows_of(tables, night, columns, conf.plan).toPandas() for night in nights}


def table(
    tables: Warehouse, conf: Config, account: pd.DataFrame, items: Mapping[date, pd.DataFrame], seen: pd.DataFrame
) -> pd.DataFrame:
    """The shares of all accounted nights, oldest first.

    account: from `accounted`; items: from `catalogues`; seen: from `delivered`
    """
    corrections = (
        tables.read(EXPOSURE_CORRECTIONS)
        .where(F.col("policy") == conf.plan.policy)
        .toPandas()
        .set_index(["as_of", "constraint", "member"])
    )
    parts = []
    for number, (night, rows) in enumerate(with_true_attention(account, seen).groupby("as_of"), start=1):
        night_shares = shares(conf.plan, items[night], rows)
        keys = [(night, *key) for key in zip(night_shares["group"], night_shares["member"], strict=True)]
        correction = corrections["correction"].reindex(keys).to_numpy()
        parts.append(night_shares.assign(night=number, as_of=night, correction=correction))
    rows = pd.concat(parts, ignore_index=True)
    columns = zip(rows["night"], rows["expected"], rows["planned"], rows["achieved"], strict=True)
    return rows.assign(verdict=[verdict(*row) for row in columns])


def printed(rows: pd.DataFrame) -> str:
    """The rows as text, a line for each night and group, sorted by group."""
    lines = ["group             night  expected   asked  planned  achieved  achieved/planned  bound moved by"]
    for group, of_group in rows.groupby("group", sort=False):
        for row in of_group.to_dict("records"):
            asked = "" if np.isnan(row["asked"]) else f"{100 * row['asked']:.1f} %"
            correction = "" if np.isnan(row["correction"]) else f"{100 * row['correction']:+.1f} %"
            ratio = row["achieved"] / row["planned"] - 1 if row["planned"] > 0 else np.nan
            lines.append(
                f"{group:<17} {row['night']:5d}  {row['expected']:8,.0f}  {asked:>6}  {100 * row['planned']:5.1f} %  "
                f"{100 * row['achieved']:6.1f} %  {100 * ratio:+14.1f} %  {correction:>14}  {row['verdict']}"
            )
    return "\n".join(lines)


def checked_shares(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of `table` with a verdict; of groups with the same items, such as a floor of a segment, the first."""
    checked = rows[rows["verdict"] != ""]
    same = checked[["night", "expected", "achieved"]].round(9).duplicated()
    return checked[~same]


def problems(rows: pd.DataFrame, errors: pd.DataFrame) -> list[str]:
    """What keeps the simulation from passing, a sentence each.

    rows: from `table`; errors: from `weight_errors`, of the configured weights first
    """
    checked = checked_shares(rows)
    off = checked[checked["verdict"] != WITHIN]
    groups, far = ", ".join(sorted(set(off["group"]))), ", ".join(sorted(set(off.loc[off["verdict"] == FAR, "group"])))
    sentences = []
    if checked.empty:
        sentences.append(f"No group had more than {LEAST_EXPECTED:,.0f} expected exposures, so no share was checked.")
    if far:
        sentences.append(f"{far}: the achieved share is further off the plan than chance explains.")
    if len(off) > beyond_by_chance(checked):
        sentences.append(f"{groups}: more achieved shares are off the plan than chance explains.")
    configured, last = errors["mean"].iloc[0], errors["mean"].iloc[-1]
    if last > configured:
        sentences.append(
            f"The learnt position weights are {last:.3f} off in the mean, those configured {configured:.3f}."
        )
    return sentences


def measure(spark: SparkSession, conf: Config, as_of: date, folder: Path) -> list[str]:
    """Prints the tables of all accounted nights; returns `problems`. It writes nothing.

    folder: of the simulated deliveries
    """
    tables, examination = Warehouse(spark, conf.warehouse), EXAMINATION[: conf.plan.slots]
    account = accounted(tables, conf)
    items, counted = catalogues(tables, conf, account), counted_log(tables, conf, as_of).persist()
    by_truth = table(tables, conf, account, items, delivered(counted, examination))
    by_plan = table(tables, conf, account, items, delivered(counted, np.array(conf.plan.position_weights)))
    is_first = by_truth["night"] == 1
    rows = pd.concat([by_plan[is_first], by_truth[~is_first]])
    print(printed(by_truth.assign(verdict=by_truth["verdict"].mask(is_first, ""))))
    print(f"\nby the configured weights of positions\n{printed(by_plan[is_first])}")
    checked = checked_shares(rows)
    print(
        f"\nOf {len(checked)} shares of groups with more than {LEAST_EXPECTED:,.0f} expected exposures "
        f"{(checked['verdict'] != WITHIN).sum()} are more than 5 % off the plan (10 % in the first night); "
        f"chance explains {beyond_by_chance(checked)}.\n"
    )
    errors = weight_errors(tables, conf, [*items, max(items) + timedelta(days=1)], examination)
    print(printed_errors(errors))
    bought, sold = purchases(tables, min(items))
    shown = counted.select("as_of", "user_id", "item_id", F.col("position").cast("int").alias("position")).toPandas()
    print(f"\n{printed_responses(responses_by_night(conf, folder, shown, bought, sold, items))}")
    counted.unpersist()
    return problems(rows, errors)


def main() -> None:
    """Accounts for the last day, prints the tables and checks them."""
    arguments = parser(__doc__)
    add_as_of(arguments)
    arguments.add_argument(
        "--from", dest="folder", type=Path, default=Path("simulated"), metavar="FOLDER",
        help="folder of the simulated deliveries (default: %(default)s)",
    )  # fmt: skip
    args = arguments.parse_args()

    def body(spark: SparkSession, conf: Config, run_id: str) -> None:
        account = accounted(Warehouse(spark, conf.warehouse), conf)
        if args.as_of - timedelta(days=1) not in set(account["as_of"]):
            for step in (ingest, build_features, account_exposure):
                run_step(step, spark, conf, args.as_of, run_id)
        sentences = measure(spark, conf, args.as_of, args.folder)
        if sentences:
            raise LongtailError(" ".join(sentences), "See the reasons in exposure_account of these nights.")

    run(args.conf, "simulated_delivery", body)


if __name__ == "__main__":
    main()
