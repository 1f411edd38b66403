"""Plans a night again with other settings and prints the difference to the live plan; nothing is written."""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import date
from pathlib import Path

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
from jobs.experiments.arms import arm_of
from jobs.plan_exposure import plan_night
from jobs.planning.check import check_rules
from jobs.planning.reports.missed import refuse_missed
from jobs.planning.reports.unmatched import unmatched_names
from jobs.planning.rows.prices import spent_on_bids
from jobs.report.newest_night import newest_plan
from jobs.report.page.numbers import amount, percent
from jobs.report.plan_difference import (
    MovedEntries,
    PlanDifference,
    PlanTables,
    difference_in_words,
    plan_difference,
)
from jobs.runtime.errors import ConfigurationError, LongtailError, Refused
from jobs.saved_rules.drafted import drafted_rule
from jobs.saved_rules.merging import merged_rules, rules_of_night
from jobs.tables.warehouse import Warehouse

CHANGE = "KEY=VALUE"


def main() -> None:
    """Parses the command line, plans and prints."""
    args = _arguments()

    def print_difference(spark: SparkSession, conf: Config, run_id: str) -> None:
        as_of = args.as_of or newest_plan(Warehouse(spark, conf.warehouse))
        live = rules_of_night(spark, conf, as_of).conf
        rule = None if args.rule is None else drafted_rule(_text_of(args.rule))
        drafted = live if rule is None else check_rules(merged_rules(live, [rule], as_of)).conf
        changes = [*([] if rule is None else [f"{rule.key}{' ended' if rule.content is None else ''}"]), *args.set]
        difference = what_if(spark, live, with_changes(drafted, args.set), as_of, run_id, changes, args.shoppers)
        print(difference.as_json() if args.json else difference_in_words(difference))

    run(args.conf, "what_if", print_difference, writes=False)


def what_if(
    spark: SparkSession, conf: Config, changed: Config, as_of: date, run_id: str, changes: list[str], share: float = 1.0
) -> PlanDifference:
    """The difference between the plan in the tables and the plan of the same night under `changed`.

    changes: those on the command line, for the heading
    share: of the shoppers; below 1 both plans are solved for the same sample, since prices in the tables are of all
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
    night = Night(changed, as_of, run_id, spark, tables, Record())
    night_plan = plan_night(night, from_own_prices=True, share=share)
    rows, visits = night_plan.rows, night_plan.shoppers.frame.select("user_id", "visits")
    sampled = None
    if share < 1.0:
        same = conf.plan.model_copy(update={"position_weights": learned})
        sampled = plan_night(night.with_plan(same), from_own_prices=True, share=share)
        lists, items, prices = sampled.rows.lists, sampled.rows.items, sampled.rows.prices
    else:
        lists = _live(tables, conf, EXPOSURE_SCORES, as_of)
        items, prices = (_live(tables, conf, table, as_of).toPandas() for table in (ITEM_EXPOSURE, CONSTRAINT_PRICES))
    live = PlanTables(_listed(lists, visits, learned), items, prices, spent_on_bids(prices, conf.plan))
    other = PlanTables(
        _listed(rows.lists, visits, changed.plan.position_weights),
        rows.items,
        rows.prices,
        spent_on_bids(rows.prices, changed.plan),
    )
    moved = _moved(lists, rows.lists)
    for solved in filter(None, (night_plan, sampled)):
        solved.close()
    facts = tables.read_date(ITEM_FEATURES_TABLE, as_of).select(
        "item_id", "title", F.col("price_mean_90d").alias("price")
    )
    catalogue = facts.toPandas().set_index("item_id")
    solution = night_plan.solved.plan.solution
    how = f"passes: {solution.passes}" + ("" if solution.converged else "; not converged, the best pass is used")
    unmet = [
        f"{floor.name} lacks {amount(floor.amount)} of {amount(floor.asked)} exposures: {floor.why}"
        for floor in night_plan.solved.plan.unmet
    ]
    try:
        refuse_missed(night, night_plan.rules.groups, night_plan.solved.plan, night_plan.rows.prices)
    except Refused as refused:
        unmet.append(f"plan.on_unmet_floor is refuse, so a night would stop: {refused.problem.rstrip('.')}")
    names = unmatched_names(changed.plan, night_plan.catalogue.known, night_plan.merchandising)
    arm = arm_of(night)
    shown = f"{conf.plan.placement}, shoppers of arm {arm}" if arm else conf.plan.placement
    if share < 1.0:
        shown += f", sums over a sample of {percent(share)} of the shoppers"
    return replace(
        plan_difference(live, other, moved, catalogue, conf.source.currency),
        heading=f"Night of {as_of}, {shown}, what if {', '.join(changes)} ({how}; nothing is written)",
        unmet=tuple(unmet),
        unmatched=tuple(f"{key}: {', '.join(names_of_key)}" for key, names_of_key in names.items()),
    )


def _text_of(place: str) -> str:
    """The text of a file. Raises ConfigurationError if it cannot be read."""
    try:
        return Path(place).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The file {place} of --rule cannot be read.", "Name a file of UTF-8 text.") from error


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


def _share(text: str) -> float:
    """A share above 0, at most 1; anything else is a usage error."""
    share = float(text)
    if not 0.0 < share <= 1.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not above 0 and at most 1")
    return share


def _arguments() -> argparse.Namespace:
    arguments = parser(__doc__)
    add_as_of(arguments, required=False)
    arguments.add_argument(
        "--set", action="append", default=[], metavar=CHANGE, help="a key under plan and its value; may be repeated"
    )
    arguments.add_argument("--rule", metavar="FILE", help="a draft of a rule as JSON, as the desk's previews write it")
    arguments.add_argument(
        "--shoppers", type=_share, default=1.0, metavar="SHARE",
        help="plan twice for a sample of the shoppers, with and without the changes (default: 1, all of them, once)",
    )  # fmt: skip
    arguments.add_argument("--json", action="store_true", help="print one line of JSON, as the desk reads it")
    args = arguments.parse_args()
    if not (args.set or args.rule):
        arguments.error("give --set, --rule or both")
    return args


if __name__ == "__main__":
    main()
