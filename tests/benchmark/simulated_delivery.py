"""Planned against achieved shares of the simulated storefront, by night and group: the end of `make simulate`.

As of the morning after the last day that was played it takes in that day and accounts for it, then prints for each
night and each floor or cap of the configuration the share that it asks for, that of the plan, that of what was
delivered, and the correction of the night's plan. A group above 1,600 expected exposures, where chance alone stays
within 5 % (two standard errors of a Poisson count), is held against that bar from the fifth night on; the command ends
with status 1 where one is beyond it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.contract import EXPOSURE_ACCOUNT, EXPOSURE_CORRECTIONS
from jobs.account_exposure import account_exposure
from jobs.build_features import build_features
from jobs.config.configuration import Config
from jobs.config.plan import Plan
from jobs.delivery.group_shares import group_shares
from jobs.execution.command import add_as_of, parser, run
from jobs.execution.manifest import run_step
from jobs.ingest import ingest
from jobs.planning.columns import item_rows_of, named_columns
from jobs.runtime.errors import LongtailError
from jobs.tables.warehouse import Warehouse

LEAST_EXPECTED, BAR, FROM_NIGHT = 1_600.0, 0.05, 5
SEGMENTS = ("tail", "cold")
WITHIN, BEYOND = "within 5 %", "beyond 5 %"


def shares(plan: Plan, items: pd.DataFrame, account: pd.DataFrame) -> pd.DataFrame:
    """group, member, asked (NaN for a segment), expected, planned, achieved (shares of the night's whole) of one night.

    items: item_id and the columns that the plan names; account: rows of exposure_account
    """
    groups = group_shares(plan, items, account).rename(columns={"constraint": "group"})
    whole = account[["planned", "delivered"]].sum()
    rows = []
    for segment in SEGMENTS:
        mine = account.loc[account["segment"] == segment, ["planned", "delivered"]].sum()
        of_whole = (mine["planned"] / whole["planned"], mine["delivered"] / whole["delivered"])
        rows.append((f"all {segment} items", "", np.nan, mine["planned"], *of_whole))
    columns = ["group", "member", "asked", "expected", "planned", "achieved"]
    return pd.concat([groups[columns], pd.DataFrame(rows, columns=columns)], ignore_index=True)


def verdict(night: int, expected: float, planned: float, achieved: float) -> str:
    """Whether a group is within the bar; '' where it is not held against it."""
    if night < FROM_NIGHT or expected < LEAST_EXPECTED:
        return ""
    return WITHIN if abs(achieved / planned - 1) <= BAR else BEYOND


def table(spark: SparkSession, conf: Config) -> pd.DataFrame:
    """The rows of all nights that were delivered, the first night first."""
    tables = Warehouse(spark, conf.warehouse)
    of_policy = F.col("policy") == conf.plan.policy
    account = tables.read(EXPOSURE_ACCOUNT).where(of_policy & F.col("logged").isNotNull()).toPandas()
    moved = tables.read(EXPOSURE_CORRECTIONS).where(of_policy).toPandas().set_index(["as_of", "constraint", "member"])
    parts = []
    for number, (as_of, rows) in enumerate(account.groupby("as_of"), start=1):
        found = shares(conf.plan, item_rows_of(tables, as_of, named_columns(conf.plan)).toPandas(), rows)
        keys = [(as_of, *key) for key in zip(found["group"], found["member"], strict=True)]
        correction = moved["correction"].reindex(keys).to_numpy()
        parts.append(found.assign(night=number, as_of=as_of, correction=correction))
    rows = pd.concat(parts, ignore_index=True)
    told = zip(rows["night"], rows["expected"], rows["planned"], rows["achieved"], strict=True)
    return rows.assign(verdict=[verdict(*one) for one in told])


def printed(rows: pd.DataFrame) -> str:
    """A line a night and group, the nights of a group together."""
    lines = ["group             night  expected   asked  planned  achieved  achieved/planned  bound moved by"]
    for group, of_group in rows.groupby("group", sort=False):
        for row in of_group.to_dict("records"):
            asked = "" if np.isnan(row["asked"]) else f"{100 * row['asked']:.1f} %"
            moved = "" if np.isnan(row["correction"]) else f"{100 * row['correction']:+.1f} %"
            ratio = row["achieved"] / row["planned"] - 1 if row["planned"] > 0 else np.nan
            lines.append(
                f"{group:<17} {row['night']:5d}  {row['expected']:8,.0f}  {asked:>6}  {100 * row['planned']:5.1f} %  "
                f"{100 * row['achieved']:6.1f} %  {100 * ratio:+14.1f} %  {moved:>14}  {row['verdict']}"
            )
    return "\n".join(lines)


def main() -> None:
    """Parses the command line, accounts for the last day and prints the table."""
    made = parser(__doc__)
    add_as_of(made)
    given = made.parse_args()

    def body(spark: SparkSession, conf: Config, run_id: str) -> None:
        for step in (ingest, build_features, account_exposure):
            run_step(step, spark, conf, given.as_of, run_id)
        rows = table(spark, conf)
        print(printed(rows))
        held = rows[rows["verdict"] != ""]
        if held.empty and rows["night"].max() >= FROM_NIGHT:
            raise LongtailError(
                f"No group had more than {LEAST_EXPECTED:,.0f} expected exposures: nothing was held against the bar.",
                "Give the simulated storefront more shoppers.",
            )
        beyond = held[held["verdict"] == BEYOND]
        print(f"From night {FROM_NIGHT} on {len(held) - len(beyond)} of {len(held)} shares of groups with more than "
              f"{LEAST_EXPECTED:,.0f} expected exposures are within 5 % of the plan.")  # fmt: skip
        if len(beyond):
            raise LongtailError(
                f"{', '.join(sorted(set(beyond['group'])))}: the share is beyond 5 % of the plan.",
                "Look at the reasons in exposure_account of that night.",
            )

    run(given.conf, "simulated_delivery", body)


if __name__ == "__main__":
    main()
