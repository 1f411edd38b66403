"""Shows what was decided for one shopper or one product, and why, or why not."""

from __future__ import annotations

from datetime import date

import numpy as np
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from features.contract import EXPOSURE_SCORES, ITEM_EXPOSURE
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from jobs.experiments.arms import arm_nights, planned_in, runs
from jobs.report.lists import page_in_words, shopper_pages
from jobs.report.newest import newest_plan
from jobs.report.why_not import why_not_planned, why_not_shown
from jobs.runtime.command import add_as_of, parser, run
from jobs.runtime.config import Config
from jobs.runtime.errors import LongtailError
from jobs.runtime.night import Night, Record
from jobs.tables.warehouse import Warehouse


def main() -> None:
    """Parses the command line and prints the page."""
    made = parser(__doc__)
    add_as_of(made, required=False)
    whom = made.add_mutually_exclusive_group(required=True)
    whom.add_argument("--user", metavar="U", help="the list of a shopper")
    whom.add_argument("--item", metavar="I", help="the exposure of a product")
    given = made.parse_args()

    def show(spark: SparkSession, conf: Config, run_id: str) -> None:
        tables = Warehouse(spark, conf.warehouse)
        night = Night(conf, given.as_of or newest_plan(tables), run_id, spark, tables, Record())
        print(_user(tables, conf, night.as_of, given.user) if given.user else _item(night, given.item))

    run(given.conf, "show", show, writes=False)


def _user(tables: Warehouse, conf: Config, as_of: date, user: str) -> str:
    known = tables.read_date(USER_FEATURES_TABLE, as_of).where(F.col("user_id") == user).first()
    if known is None:
        raise LongtailError(f"No shopper {user} was known on {as_of}.", "Look the id up in the table users.")
    night = Night(conf, as_of, "", tables.spark, tables, Record())
    arm = str(planned_in(conf, [user], np.array([known.consent_personalisation]))[0]) if runs(night) else ""
    policy = arm_nights(night)[arm].conf.plan.policy
    page = shopper_pages(tables, as_of, policy, [user], last=15)[0]
    of_arm = f", arm {arm} of the test {conf.experiment.name}" if arm else ""
    return f"Night of {as_of}, {conf.plan.placement}{of_arm}\n{page_in_words(page)}"


def _item(night: Night, item: str) -> str:
    tables, conf, as_of = night.tables, night.conf, night.as_of

    def of(frame: DataFrame) -> DataFrame:
        return frame.where(F.col("item_id") == item)

    facts = of(tables.read_date(ITEM_FEATURES_TABLE, as_of)).first()
    if facts is None:
        raise LongtailError(f"No product {item} was known on {as_of}.", "Look the id up in the table items.")
    head = f"Night of {as_of}: {facts.title} ({item}), {facts.category}, segment {facts.segment or 'none'}, bought "
    head += f"{facts.purchases_count_28d} times in 28 days"
    policy = F.col("policy") == conf.plan.policy
    given = of(tables.read_date(ITEM_EXPOSURE, as_of)).where(policy).first()
    if given is None:
        return f"{head}\nNot in the plan: {why_not_planned(night, item)}."
    lists = of(tables.read_date(EXPOSURE_SCORES, as_of)).where(policy)
    shown = lists.count()
    lines = [
        head,
        f"boost {given.boost:+.5f}, expected exposures {given.allocated:.2f}, floor {given.floor:.2f}, "
        f"cap {given.cap:.2f}, binding: {given.binding}",
        f"in {shown} lists",
    ]
    # What an entry displaced differs from list to list.
    reason = F.regexp_replace("reason", "; in place of .*", "").alias("reason")
    for row in lists.groupBy(reason).count().orderBy(F.desc("count")).limit(5).collect():
        lines.append(f"  {row['count']:>5}  {row.reason}")
    if not shown:
        lines.append(f"Not shown to anyone: {why_not_shown(night, item)}.")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
