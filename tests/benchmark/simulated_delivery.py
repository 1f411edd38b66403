"""Compares planned and achieved shares of the simulated storefront by night and group, as `make simulate` ends.

As of the morning after the last simulated day, it ingests that day and accounts for it. For each night and each floor
or cap of the configuration it prints the configured, the planned and the achieved share, and the correction of the
night's plan. Achieved shares use the storefront's true examination of positions, not the estimate that plan and account
use. From the fifth night on, a group above 1,600 expected exposures must be within 5 % of its plan: two standard errors
of a Poisson count of that size. The command exits with status 1 if one is not.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.contract import EXPOSURE_ACCOUNT, EXPOSURE_CORRECTIONS
from features.delivery.attention import with_attention
from jobs.account_exposure import account_exposure
from jobs.build_features import build_features
from jobs.config.configuration import Config
from jobs.config.plan import Plan
from jobs.delivery.exposure_log import delivery_log
from jobs.delivery.group_shares import group_shares
from jobs.execution.command import add_as_of, parser, run
from jobs.execution.manifest import run_step
from jobs.execution.night import Night, Record
from jobs.ingest import ingest
from jobs.planning.columns import item_rows_of, named_columns
from jobs.replay_storefront import EXAMINATION
from jobs.runtime.errors import LongtailError
from jobs.tables.warehouse import Warehouse

LEAST_EXPECTED, BAR, FROM_NIGHT = 1_600.0, 0.05, 5
SEGMENTS = ("tail", "cold")
WITHIN, BEYOND = "within 5 %", "beyond 5 %"


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


def verdict(night: int, expected: float, planned: float, achieved: float) -> str:
    """Whether a group is within the bar; '' where the bar does not apply."""
    if night < FROM_NIGHT or expected < LEAST_EXPECTED:
        return ""
    return WITHIN if abs(achieved / planned - 1) <= BAR else BEYOND


def delivered(tables: Warehouse, conf: Config, as_of: date, examination: np.ndarray) -> pd.DataFrame:
    """as_of, item_id, delivered: the exposures that count, each times the chance that its position is examined.

    examination: float64 (positions)
    """
    nights = sorted({row["as_of"] for row in tables.read(EXPOSURE_ACCOUNT).select("as_of").distinct().collect()})
    night = Night(conf, as_of, "simulated_delivery", tables.spark, tables, Record())
    log = delivery_log(night, nights)
    mine = log.counted.where(F.col("policy") == conf.plan.policy).drop("attention")
    seen = F.sum(F.col("sample_weight") * F.col("attention")).alias("delivered")
    rows = with_attention(mine, examination.tolist()).groupBy("as_of", "item_id").agg(seen).toPandas()
    log.judged.unpersist()
    return rows


def with_true_attention(account: pd.DataFrame, seen: pd.DataFrame) -> pd.DataFrame:
    """The rows of exposure_account with `delivered` as of `delivered`, 0 for an item that was not shown."""
    rows = account.drop(columns="delivered").merge(seen, on=["as_of", "item_id"], how="left")
    return rows.fillna({"delivered": 0.0})


def table(spark: SparkSession, conf: Config, as_of: date, examination: np.ndarray) -> pd.DataFrame:
    """The rows of all delivered nights, oldest first; examination: float64 (positions), the true one."""
    tables = Warehouse(spark, conf.warehouse)
    of_policy = F.col("policy") == conf.plan.policy
    account = tables.read(EXPOSURE_ACCOUNT).where(of_policy & F.col("logged").isNotNull()).toPandas()
    account = with_true_attention(account, delivered(tables, conf, as_of, examination))
    corrections = (
        tables.read(EXPOSURE_CORRECTIONS).where(of_policy).toPandas().set_index(["as_of", "constraint", "member"])
    )
    parts = []
    for number, (night, rows) in enumerate(account.groupby("as_of"), start=1):
        items = item_rows_of(tables, night, named_columns(conf.plan), conf.plan).toPandas()
        night_shares = shares(conf.plan, items, rows)
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


def main() -> None:
    """Accounts for the last day, prints the table and checks it."""
    arguments = parser(__doc__)
    add_as_of(arguments)
    args = arguments.parse_args()

    def body(spark: SparkSession, conf: Config, run_id: str) -> None:
        for step in (ingest, build_features, account_exposure):
            run_step(step, spark, conf, args.as_of, run_id)
        rows = table(spark, conf, args.as_of, EXAMINATION[: conf.plan.slots])
        print(printed(rows))
        checked = rows[rows["verdict"] != ""]
        if checked.empty and rows["night"].max() >= FROM_NIGHT:
            raise LongtailError(
                f"No group had more than {LEAST_EXPECTED:,.0f} expected exposures: no share was checked.",
                "Run the simulated storefront with more shoppers.",
            )
        beyond = checked[checked["verdict"] == BEYOND]
        print(
            f"From night {FROM_NIGHT} on {len(checked) - len(beyond)} of {len(checked)} shares of groups with more "
            f"than {LEAST_EXPECTED:,.0f} expected exposures are within 5 % of the plan."
        )
        if len(beyond):
            raise LongtailError(
                f"{', '.join(sorted(set(beyond['group'])))}: the achieved share is more than 5 % off the plan.",
                "See the reasons in exposure_account of that night.",
            )

    run(args.conf, "simulated_delivery", body)


if __name__ == "__main__":
    main()
