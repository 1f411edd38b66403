"""Shows what was decided for one shopper or one product, and why, or why not."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from features.contract import CANDIDATES, EXPOSURE_SCORES, ITEM_EXPOSURE, RELEVANCE
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from jobs.report.lists import page_in_words, shopper_pages
from jobs.runtime.command import add_as_of, parser, run
from jobs.runtime.config import Config
from jobs.runtime.errors import LongtailError
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
        as_of = given.as_of or _newest(tables)
        print(_user(tables, conf, as_of, given.user) if given.user else _item(tables, conf, as_of, given.item))

    run(given.conf, "show", show, writes=False)


def _newest(tables: Warehouse) -> date:
    newest = tables.read(EXPOSURE_SCORES).agg(F.max("as_of").alias("as_of")).first()
    if newest is None or newest.as_of is None:
        raise LongtailError("No night has been planned.", "Run make nightly first.")
    return newest.as_of


def _user(tables: Warehouse, conf: Config, as_of: date, user: str) -> str:
    known = tables.read_date(USER_FEATURES_TABLE, as_of).where(F.col("user_id") == user)
    if known.isEmpty():
        raise LongtailError(f"No shopper {user} was known on {as_of}.", "Look the id up in the table users.")
    page = shopper_pages(tables, as_of, conf.plan.policy, [user], last=15)[0]
    return f"Night of {as_of}, {conf.plan.placement}\n{page_in_words(page)}"


def _item(tables: Warehouse, conf: Config, as_of: date, item: str) -> str:
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
        return f"{head}\nNot in the plan: {_why_not_planned(facts, conf)}."
    lists = of(tables.read_date(EXPOSURE_SCORES, as_of)).where(policy)
    shown = lists.count()
    lines = [
        head,
        f"boost {given.boost:+.5f}, expected exposures {given.allocated:.2f}, floor {given.floor:.2f}, "
        f"cap {given.cap:.2f}, binding: {given.binding}",
        f"in {shown} lists",
    ]
    for row in lists.groupBy("reason").count().orderBy(F.desc("count")).limit(5).collect():
        lines.append(f"  {row['count']:>5}  {row.reason}")
    if not shown:
        lines.append(f"Not shown to anyone: {_why_not_shown(tables, conf, as_of, item)}.")
    return "\n".join(lines)


def _why_not_planned(facts: Row, conf: Config) -> str:
    if not facts.is_eligible:
        return "it was not listed, or out of stock"
    return f"its segment is none of {', '.join(conf.plan.segments)}"


def _why_not_shown(tables: Warehouse, conf: Config, as_of: date, item: str) -> str:
    policy = F.col("policy") == conf.plan.policy
    scored = tables.read_date(RELEVANCE, as_of).where(policy)
    own = scored.where(F.col("item_id") == item)
    best = own.agg(F.count("*").alias("pairs"), F.max("relevance").alias("best")).first()
    assert best is not None
    if not best.pairs:
        nearest = tables.read_date(CANDIDATES, as_of).where(F.col("item_id") == item).isEmpty()
        beaten = f"no shopper has it among the first {conf.candidates.per_user} candidates"
        return beaten if nearest else "its candidates did not enter the plan"
    last = tables.read_date(EXPOSURE_SCORES, as_of).where(policy & (F.col("propensity") == 1.0))
    bars = last.groupBy("user_id").agg(F.min("score").alias("bar"))
    gap = own.join(bars, on="user_id", how="inner").agg(F.min(F.col("bar") - F.col("relevance")).alias("gap")).first()
    short = f"; the nearest list is {gap.gap:.5f} away" if gap is not None and gap.gap is not None else ""
    return f"a candidate for {best.pairs} shoppers with a relevance of at most {best.best:.5f}{short}"


if __name__ == "__main__":
    main()
