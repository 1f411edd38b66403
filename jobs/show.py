"""Shows what was decided for one shopper or one product, and why, or why not."""

from __future__ import annotations

import numpy as np
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from features.contract import EXPOSURE_SCORES, ITEM_EXPOSURE, ITEM_POTENTIAL
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from jobs.config.configuration import Config
from jobs.execution.command import add_as_of, parser, run
from jobs.execution.night import Night, Record
from jobs.experiments.arms import arm_nights, planned_in, runs
from jobs.relevance.explanation import explain_pair
from jobs.report.item_in_words import exposure_in_words, potential_in_words
from jobs.report.lists import page_in_words, shopper_pages
from jobs.report.newest_night import newest_plan
from jobs.report.page.numbers import amount, percent
from jobs.report.pair import pair_in_words, value_in_words
from jobs.report.why_not import why_not_planned, why_not_shown
from jobs.runtime.errors import LongtailError
from jobs.saved_rules.merging import rules_of_night
from jobs.tables.warehouse import Warehouse
from model.exposure.reasons import DISPLACED


def main() -> None:
    """Parses the command line and prints what it asks for."""
    arguments = parser(__doc__)
    add_as_of(arguments, required=False)
    arguments.add_argument("--user", metavar="U", help="the list of this shopper, with the reason of each product")
    arguments.add_argument("--item", metavar="I", help="the exposure of this product, or why it is in no list")
    arguments.epilog = f"With --user and --item: why this shopper has a chance for this product.\n\n{arguments.epilog}"
    args = arguments.parse_args()
    if not (args.user or args.item):
        arguments.error("give --user, --item or both")

    def show(spark: SparkSession, conf: Config, run_id: str) -> None:
        tables = Warehouse(spark, conf.warehouse)
        as_of = args.as_of or newest_plan(tables)
        night = Night(rules_of_night(spark, conf, as_of).conf, as_of, run_id, spark, tables, Record())
        if args.user and args.item:
            print(chance_in_words(night, args.user, args.item))
        else:
            print(shopper_in_words(night, args.user) if args.user else item_in_words(night, args.item))

    run(args.conf, "show", show, writes=False)


def shopper_in_words(night: Night, user: str) -> str:
    """A shopper's list with chances and reasons, and what the shopper bought last.

    Raises LongtailError when the night did not know the shopper.
    """
    tables, conf, as_of = night.tables, night.conf, night.as_of
    known = _known_shopper(night, user)
    arm = str(planned_in(conf, [user], np.array([known.consent_personalisation]))[0]) if runs(night) else ""
    policy = arm_nights(night)[arm].conf.plan.policy
    page = shopper_pages(tables, as_of, policy, [user], last=15)[0]
    of_arm = f", arm {arm} of the test {conf.experiment.name}" if arm else ""
    return f"Night of {as_of}, {conf.plan.placement}{of_arm}\n{page_in_words(page, conf)}"


def item_in_words(night: Night, item: str) -> str:
    """What the night's plan gives a product and why, or why no shopper is shown it; by arm where a test runs.

    Raises LongtailError when the night did not know the product.
    """
    conf, as_of = night.conf, night.as_of
    facts = _known_product(night, item)
    head = f"Night of {as_of}: {facts.title} ({item}), {facts.category}, segment {facts.segment or 'none'}, purchases "
    head += f"in 28 days: {amount(facts.purchases_count_28d)}"
    lines = [head, *_potential(night, item)]
    for arm, of_arm in arm_nights(night).items():
        if arm:
            lines.append(f"Arm {arm} of the test {conf.experiment.name}")
        lines += _in_plan(of_arm, item)
    return "\n".join(lines)


def chance_in_words(night: Night, user: str, item: str) -> str:
    """The complete sum of the log-odds that a shopper's relevance of a product is made of.

    With `relevance.values` first the sum of chances times values that the plan counts, then the log-odds of each.
    Raises LongtailError when the night did not know one of them, or did not score them together.
    """
    _known_shopper(night, user)
    facts, relevance = _known_product(night, item), night.conf.relevance
    pairs = explain_pair(night, user, item)
    parts = [] if relevance.values is None else [value_in_words(relevance, pairs)]
    parts += [
        f"a chance of {percent(pair.chance)} of {relevance.of_response(response).meaning}\n"
        f"{pair_in_words(pair, response)}"
        for response, pair in pairs.items()
    ]
    return f"Night of {night.as_of}: shopper {user} and {facts.title} ({item}), " + "\n\n".join(parts)


def _known_shopper(night: Night, user: str) -> Row:
    known = night.tables.read_date(USER_FEATURES_TABLE, night.as_of).where(F.col("user_id") == user).first()
    if known is None:
        raise LongtailError(f"No shopper {user} was known on {night.as_of}.", "Look the id up in the table users.")
    return known


def _known_product(night: Night, item: str) -> Row:
    facts = night.tables.read_date(ITEM_FEATURES_TABLE, night.as_of).where(F.col("item_id") == item).first()
    if facts is None:
        raise LongtailError(f"No product {item} was known on {night.as_of}.", "Look the id up in the table items.")
    return facts


def _potential(night: Night, item: str) -> list[str]:
    """What the product could bring if its best audience saw it; nothing where the night did not measure it."""
    of_item = (
        (F.col("as_of") == F.lit(night.as_of))
        & (F.col("policy") == night.conf.plan.scored_as)
        & (F.col("item_id") == item)
    )
    row = night.tables.read_or_empty(ITEM_POTENTIAL).where(of_item).first()
    if row is None:
        return []
    return [potential_in_words(row.asDict(), night.conf.potential.shoppers)]


def _in_plan(night: Night, item: str) -> list[str]:
    """What the plan of the night, or of one arm of it, gives an item of item_features."""
    of_item = (F.col("policy") == night.conf.plan.policy) & (F.col("item_id") == item)
    planned = night.tables.read_date(ITEM_EXPOSURE, night.as_of).where(of_item).first()
    if planned is None:
        return [f"Not in the plan: {why_not_planned(night, item)}."]
    lists = night.tables.read_date(EXPOSURE_SCORES, night.as_of).where(of_item)
    shown = lists.count()
    lines = [exposure_in_words(planned.asDict(), night.conf), f"in {amount(shown)} lists"]
    # Without the displaced item, which differs from list to list, so that equal reasons are counted together.
    reason = F.regexp_replace("reason", DISPLACED, "").alias("reason")
    for row in lists.groupBy(reason).count().orderBy(F.desc("count"), "reason").limit(5).collect():
        lines.append(f"  {amount(row['count']):>5}  {row.reason}")
    if not shown:
        lines.append(f"Not shown to any shopper: {why_not_shown(night, item)}.")
    return lines


if __name__ == "__main__":
    main()
