"""Plans a night again with other settings and prints the difference to the live plan; nothing is written."""

from __future__ import annotations

import argparse
from datetime import date

import pandas as pd
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from features.contract import CONSTRAINT_PRICES, EXPOSURE_SCORES, ITEM_EXPOSURE
from features.contract.table import Table
from features.declarations import ITEM_FEATURES_TABLE
from jobs.config.configuration import Config, with_changes
from jobs.delivery.learned_weights import learned_plan
from jobs.execution.command import add_as_of, parser, run
from jobs.execution.night import Night, Record
from jobs.plan_exposure import plan_night
from jobs.planning.reports.unmatched import unmatched_names
from jobs.planning.rows.prices import spent_on_bids
from jobs.report.newest_night import newest_plan
from jobs.report.page.numbers import amount
from jobs.report.plan_difference import MovedEntries, PlanTables, difference_in_words
from jobs.runtime.errors import LongtailError
from jobs.saved_rules.merging import rules_of_night
from jobs.tables.warehouse import Warehouse

CHANGE = "KEY=VALUE"


def main() -> None:
    """Parses the command line, plans and prints."""
    args = _arguments()

    def print_difference(spark: SparkSession, conf: Config, run_id: str) -> None:
        as_of = args.as_of or newest_plan(Warehouse(spark, conf.warehouse))
        live = rules_of_night(spark, conf, as_of).conf
        print(what_if(spark, live, with_changes(live, args.set), as_of, run_id, args.set))

    run(args.conf, "what_if", print_difference, writes=False)


def what_if(spark: SparkSession, conf: Config, changed: Config, as_of: date, run_id: str, changes: list[str]) -> str:
    """The difference in words between the plan in the tables and the plan of the same night under `changed`.

    changes: those on the command line, for the first line
    Raises LongtailError when the changes touch anything but the plan: nothing else is computed again.
    """
    if changed.model_dump(exclude={"plan"}) != conf.model_dump(exclude={"plan"}):
        raise LongtailError("A change touches keys outside plan.", "Give keys such as plan.floors.cold.share=0.05.")
    if (changed.plan.policy, changed.plan.placement) != (conf.plan.policy, conf.plan.placement):
        raise LongtailError("Policy and placement say which plan is compared.", "Change other keys of plan.")
    tables = Warehouse(spark, conf.warehouse)
    # Positions count as in the live plan unless the change sets their weights.
    learned = learned_plan(tables, conf.plan, as_of).position_weights
    if changed.plan.position_weights == conf.plan.position_weights:
        changed = changed.model_copy(update={"plan": changed.plan.model_copy(update={"position_weights": learned})})
    night_plan = plan_night(Night(changed, as_of, run_id, spark, tables, Record()), from_own_prices=True)
    rows, visits = night_plan.rows, night_plan.shoppers.frame.select("user_id", "visits")
    lists = _live(tables, conf, EXPOSURE_SCORES, as_of)
    prices = _live(tables, conf, CONSTRAINT_PRICES, as_of).toPandas()
    live = PlanTables(
        _listed(lists, visits, learned),
        _live(tables, conf, ITEM_EXPOSURE, as_of).toPandas(),
        prices,
        spent_on_bids(prices, conf.plan),
    )
    other = PlanTables(
        _listed(rows.lists, visits, changed.plan.position_weights),
        rows.items,
        rows.prices,
        spent_on_bids(rows.prices, changed.plan),
    )
    moved = _moved(lists, rows.lists)
    night_plan.close()
    items = tables.read_date(ITEM_FEATURES_TABLE, as_of).select(
        "item_id", "title", F.col("price_mean_90d").alias("price")
    )
    catalogue = items.toPandas().set_index("item_id")
    solution = night_plan.solved.plan.solution
    how = f"passes: {solution.passes}" + ("" if solution.converged else "; not converged, the best pass is used")
    missed = [
        f"  {floor.name} lacks {amount(floor.amount)} of {amount(floor.asked)} exposures: {floor.why}"
        for floor in night_plan.solved.plan.unmet
    ]
    names = unmatched_names(changed.plan, night_plan.catalogue.known, night_plan.merchandising)
    unmatched = [f"  {key}: {', '.join(names_of_key)}" for key, names_of_key in names.items()]
    return "\n".join(
        [
            f"Night of {as_of}, {conf.plan.placement}, what if {', '.join(changes)} ({how}; nothing is written)",
            "",
            difference_in_words(live, other, moved, catalogue, conf.source.currency),
            *(["", "Floors that cannot be met", *missed] if missed else []),
            *(["", "Names that match no item", *unmatched] if unmatched else []),
        ]
    )


def _live(tables: Warehouse, conf: Config, table: Table, as_of: date) -> DataFrame:
    """The rows of the live plan in a table."""
    shown = F.col("policy") == conf.plan.policy
    if "placement" in table.column_names:
        shown &= F.col("placement") == conf.plan.placement
    return tables.read_date(table, as_of).where(shown)


def _listed(lists: DataFrame, visits: DataFrame, weights: tuple[float, ...]) -> pd.DataFrame:
    """As `PlanTables.listed`. visits: user_id, visits; weights: chance that each position is looked at"""
    weight = F.element_at(F.array(*map(F.lit, weights)), F.col("rank"))
    exposure = lists.join(visits, on="user_id", how="left").withColumn("exposure", F.col("visits") * weight)
    sums = exposure.groupBy("item_id").agg(
        F.sum("exposure").alias("exposure"),
        F.sum(F.col("exposure") * F.col("relevance")).alias("responses"),
        F.sum(F.col("exposure") * F.col("value")).alias("value"),
    )
    return sums.toPandas().set_index("item_id")


def _moved(live: DataFrame, other: DataFrame) -> MovedEntries:
    pairs = ["user_id", "item_id"]
    both = live.select(*pairs, F.lit(1).alias("live")).join(
        other.select(*pairs, F.lit(1).alias("other")), on=pairs, how="outer"
    )
    of_shoppers = both.groupBy("user_id").agg(
        F.count_if(F.col("live").isNull()).alias("entered"),
        F.max(F.col("live").isNull() | F.col("other").isNull()).alias("differs"),
    )
    differing = F.count_if(F.col("differs")).alias("differing")
    row = of_shoppers.agg(F.sum("entered").alias("entered"), differing, F.count("*").alias("shoppers")).first()
    assert row is not None
    return MovedEntries(int(row["entered"] or 0), row["differing"], row["shoppers"])


def _arguments() -> argparse.Namespace:
    arguments = parser(__doc__)
    add_as_of(arguments, required=False)
    arguments.add_argument(
        "--set", action="append", required=True, metavar=CHANGE, help="a key under plan and its value; may be repeated"
    )
    return arguments.parse_args()


if __name__ == "__main__":
    main()
