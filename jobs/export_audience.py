"""Exports the shoppers who would most likely respond to some items, for a mail or push tool."""

from __future__ import annotations

import re
from datetime import date

import pandas as pd
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from features.contract import AUDIENCES, RELEVANCE
from features.declarations import USER_FEATURES_TABLE
from jobs.config.configuration import Config
from jobs.config.plan import ItemGroup
from jobs.execution.command import add_as_of, parser, run
from jobs.execution.night import Night, Record
from jobs.planning.candidates.frequency import without_frequent
from jobs.planning.candidates.pairs import counted_response
from jobs.planning.columns import check_column, item_rows_of
from jobs.planning.rules.groups import belongs
from jobs.report.newest_night import newest_plan
from jobs.report.page.numbers import amount
from jobs.runtime.csv_text import csv_lines, disarmed
from jobs.runtime.errors import LongtailError
from jobs.runtime.storage import storage_of
from jobs.tables.sql import sql_equals
from jobs.tables.warehouse import Warehouse

FIELDS = ("user_id", "item_id", "title", "relevance")
_NAME = re.compile(r"[\w.-]{1,64}", re.ASCII)  # it names a folder of the table


def export_audience(night: Night, name: str, items: pd.DataFrame, most: int) -> pd.DataFrame:
    """The shoppers with consent who would most likely respond to one of the items, each with the best of them.

    Reads relevance and user_features of the night; replaces the audience of this name in audiences. A pair below
    plan.relevance_bar, or exposed as often as plan.frequency allows, counts for nothing. Shoppers are ranked by what
    the plan counts a view for: the chance of the response, the part of it that the view causes (plan.objective), or
    several chances times their values (relevance.values).

    items: item_id, title
    most: shoppers at most; so many rows reach the driver
    Returns user_id, item_id, title, relevance, the best shopper first. Raises LongtailError if there is none.
    """
    best = _best_pairs(night, items["item_id"])
    order = Window.orderBy(F.desc("counted"), "user_id")
    chosen = best.orderBy(F.desc("counted"), "user_id").limit(most).withColumn("rank", F.row_number().over(order))
    written = {"as_of": night.as_of, "audience": name, "policy": night.conf.plan.scored_as, "run_id": night.run_id}
    rows = chosen.withColumns({column: F.lit(value) for column, value in written.items()}).persist()
    try:
        audience = rows.select("user_id", "item_id", "relevance", "rank").toPandas().sort_values("rank")
        if audience.empty:
            raise LongtailError(
                f"No shopper with consent has one of these {len(items)} items among the candidates of {night.as_of}.",
                "Name items of a larger group, or look at plan.relevance_bar and plan.frequency.",
            )
        night.tables.replace_date(rows, AUDIENCES, night.as_of, sql_equals(audience=name))
    finally:
        rows.unpersist()
    return audience.merge(items[["item_id", "title"]], on="item_id", how="left")[list(FIELDS)]


def _best_pairs(night: Night, item_ids: pd.Series) -> DataFrame:
    """user_id, item_id, relevance, counted: of each shopper the pair that counts for most."""
    plan = night.conf.plan
    pairs = night.tables.read_date(RELEVANCE, night.as_of).where(
        (F.col("policy") == plan.scored_as) & (F.col("relevance") >= plan.relevance_bar)
    )
    pairs = pairs.select("user_id", "item_id", "relevance", counted_response(night.conf).alias("counted"))
    wanted = night.spark.createDataFrame(pd.DataFrame({"item_id": item_ids}))
    users = night.tables.read_date(USER_FEATURES_TABLE, night.as_of).where("consent_personalisation").select("user_id")
    pairs = pairs.join(F.broadcast(wanted), on="item_id", how="left_semi").join(users, on="user_id", how="left_semi")
    place = Window.partitionBy("user_id").orderBy(F.desc("counted"), "item_id")
    ranked = without_frequent(night, pairs).withColumn("place", F.row_number().over(place))
    return ranked.where("place = 1").select("user_id", "item_id", "relevance", "counted")


def eligible_items(night: Night, ids: list[str], group: ItemGroup | None) -> pd.DataFrame:
    """item_id, title of the items that may be shown, those named and those of a group.

    Raises LongtailError for an id that the night does not know, and where none of them may be shown.
    """
    columns = ("item_id", "title", *([group.column] if group else []))
    rows = item_rows_of(night.tables, night.as_of, tuple(dict.fromkeys(columns)), night.conf.plan).toPandas()
    unknown = sorted(set(ids) - set(rows["item_id"]))
    if unknown:
        raise LongtailError(
            f"The night of {night.as_of} has no item {', '.join(unknown[:5])}.", "Look the id up in the table items."
        )
    named = rows["item_id"].isin(ids)
    chosen = rows[named | belongs(group, rows[group.column])] if group else rows[named]
    eligible = chosen[chosen["is_eligible"].astype(bool)]
    if eligible.empty:
        words = f"{group.column}={group.equals}" if group else ", ".join(ids[:5])
        cause = f"none of its {len(chosen)} items may be shown" if len(chosen) else "no item has this value"
        raise LongtailError(f"{words}: {cause} on {night.as_of}.", "Look at is_eligible in item_features.")
    return eligible[["item_id", "title"]]


def as_csv(audience: pd.DataFrame) -> str:
    """The audience as CSV. A title that a spreadsheet would take for a formula gets an apostrophe before it."""
    rows = (
        (row.user_id, row.item_id, disarmed(row.title) if isinstance(row.title, str) else "", f"{row.relevance:.6f}")
        for row in audience.itertuples(index=False)
    )
    return csv_lines([FIELDS, *rows])


def main() -> None:
    """Parses the command line, exports, and prints the first shoppers' items."""
    arguments = parser(__doc__)
    add_as_of(arguments, required=False)
    arguments.add_argument("--name", required=True, help="of the audience: letters, digits, . _ and -")
    arguments.add_argument("--item", action="append", default=[], metavar="I", help="an item; may be repeated")
    arguments.add_argument("--where", metavar="COLUMN=VALUE", help="items by a text column, as plan.floors names one")
    arguments.add_argument("--most", type=int, default=10_000, metavar="N", help="shoppers (default: 10000)")
    arguments.add_argument("--csv", required=True, metavar="FILE", help="path or URI of the file")
    args = arguments.parse_args()
    column, equals, value = (args.where or "").partition("=")
    if not (args.item or args.where):
        arguments.error("give --item, --where or both")
    if args.where and not equals:
        arguments.error("write --where as column=value, such as category=Tea")
    if args.most < 1:
        arguments.error("--most is at least 1")
    if not _NAME.fullmatch(args.name):
        arguments.error("--name has up to 64 letters, digits, dots, underscores and hyphens")
    group = ItemGroup(column=column, equals=value) if args.where else None

    def export(spark: SparkSession, conf: Config, run_id: str) -> None:
        if group:
            check_column("--where", group.column, "text")
        tables = Warehouse(spark, conf.warehouse)
        as_of: date = args.as_of or newest_plan(tables)
        night = Night(conf, as_of, run_id, spark, tables, Record())
        items = eligible_items(night, args.item, group)
        audience = export_audience(night, args.name, items, args.most)
        folder, _, file = args.csv.rpartition("/")
        files = storage_of(folder or ".")
        files.write(file, as_csv(audience), private=True)
        print(
            f"{amount(len(audience))} shoppers for {amount(audience['item_id'].nunique())} of {amount(len(items))} "
            f"items, night of {as_of}: {files.shown(file)}"
        )

    run(args.conf, "export_audience", export)


if __name__ == "__main__":
    main()
