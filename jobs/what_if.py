"""Solves a night's plan with other settings beside the live plan and prints the difference; nothing is written."""

from __future__ import annotations

import argparse
from datetime import date

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.contract import CONSTRAINT_PRICES, EXPOSURE_SCORES, ITEM_EXPOSURE
from features.declarations import ITEM_FEATURES_TABLE
from jobs.config.configuration import Config, load_config
from jobs.delivery.learned_weights import learned_plan
from jobs.execution.command import add_as_of, parser, run
from jobs.execution.night import Night, Record
from jobs.planning.check import check_plan
from jobs.planning.outputs import exposure_rows, item_rows, price_rows, spent_on_bids
from jobs.planning.setting import read_setting
from jobs.planning.solving import planned_night
from jobs.planning.warm_start import last_prices
from jobs.report.newest_night import newest_plan
from jobs.report.plan_difference import PlanTables, difference_in_words
from jobs.runtime.errors import LongtailError
from jobs.tables.warehouse import Warehouse

CHANGE = "KEY=VALUE"


def main() -> None:
    """Parses the command line, solves and prints."""
    given = _arguments()

    def compared(spark: SparkSession, conf: Config, run_id: str) -> None:
        changed = load_config(given.conf, given.set)
        print(what_if(spark, conf, changed, given.as_of, run_id, given.set))

    run(given.conf, "what_if", compared, writes=False)


def what_if(
    spark: SparkSession, conf: Config, changed: Config, as_of: date | None, run_id: str, changes: list[str]
) -> str:
    """The difference in words between the plan in the tables and the one that `changed` would make of the same night.

    Raises LongtailError when the changes touch anything but the plan: only the plan is solved again.
    """
    if changed.model_dump(exclude={"plan"}) != conf.model_dump(exclude={"plan"}):
        raise LongtailError("A change touches keys outside plan.", "Give keys such as plan.floors.cold.share=0.05.")
    if (changed.plan.policy, changed.plan.placement) != (conf.plan.policy, conf.plan.placement):
        raise LongtailError("Policy and placement say which plan is compared.", "Change other keys of plan.")
    check_plan(changed.plan)
    tables = Warehouse(spark, conf.warehouse)
    as_of = as_of or newest_plan(tables)
    # Positions count as they did in the live plan, where the change does not say otherwise.
    learned = learned_plan(tables, conf.plan, as_of).position_weights
    if changed.plan.position_weights == conf.plan.position_weights:
        changed = changed.model_copy(update={"plan": changed.plan.model_copy(update={"position_weights": learned})})
    night = Night(changed, as_of, run_id, spark, tables, Record())
    live = _live(tables, conf, as_of, learned)
    setting = read_setting(night)
    warm, _ = last_prices(night, setting, of_tonight=True)
    planned = planned_night(night, setting, warm)
    prices = price_rows(night, planned.inputs, planned.made)
    other = PlanTables(
        exposure_rows(night, planned.inputs, planned.made),
        item_rows(night, planned.inputs, planned.made),
        prices,
        changed.plan.position_weights,
        spent_on_bids(prices, changed.plan),
    )
    known = tables.read_date(ITEM_FEATURES_TABLE, as_of).select(
        "item_id", "title", F.col("price_mean_90d").alias("price")
    )
    catalogue = known.toPandas().set_index("item_id")
    visits = setting.users.set_index("user_id")["visits"]
    solution = planned.made.solution
    how = f"passes: {solution.passes}" + ("" if solution.converged else ", not converged: the best of them")
    missed = [f"  {one.name} lacks {one.amount:.2f} of {one.asked:.2f}: {one.why}" for one in planned.made.unmet]
    nothing = [f"  {key}: {', '.join(names)}" for key, names in setting.unmatched.items()]
    return "\n".join(
        [
            f"Night of {as_of}, {conf.plan.placement}, what if {', '.join(changes)} ({how}; nothing is written)",
            "",
            difference_in_words(live, other, visits, catalogue),
            *(["", "Floors that cannot be met", *missed] if missed else []),
            *(["", "Names that match no item", *nothing] if nothing else []),
        ]
    )


def _live(tables: Warehouse, conf: Config, as_of: date, weights: tuple[float, ...]) -> PlanTables:
    """The plan in the tables; weights: what its positions count."""
    policy = F.col("policy") == conf.plan.policy
    shown = policy & (F.col("placement") == conf.plan.placement)
    prices = tables.read_date(CONSTRAINT_PRICES, as_of).where(policy).toPandas()
    return PlanTables(
        tables.read_date(EXPOSURE_SCORES, as_of).where(shown).toPandas(),
        tables.read_date(ITEM_EXPOSURE, as_of).where(shown).toPandas(),
        prices,
        weights,
        spent_on_bids(prices, conf.plan),
    )


def _arguments() -> argparse.Namespace:
    made = parser(__doc__)
    add_as_of(made, required=False)
    made.add_argument(
        "--set", action="append", required=True, metavar=CHANGE, help="a key under plan and its value; may be repeated"
    )
    return made.parse_args()


if __name__ == "__main__":
    main()
