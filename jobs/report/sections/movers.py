"""Products that rose or fell since the previous night; on the first night, those with the most exposure."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.language.sentences import say
from jobs.report.night_figures import day_words
from jobs.report.night_tables import Reading
from jobs.report.page.numbers import amount
from jobs.report.page.parts import Block, Section, Table

MOST = 10
_SOURCES = ("item_exposure", "item_features")


def movers(reading: Reading) -> Section:
    """The products whose planned exposure rose and fell most."""
    if reading.previous_night is None:
        blocks: tuple[Block, ...] = (_greatest(reading),)
        lead = say("The first night has no risers; these have the most exposure.")
    else:
        blocks = (_moved(reading, rising=True), _moved(reading, rising=False))
        day = day_words(reading.previous_night)
        lead = say("Planned exposures of a product, compared with {day}.", day=day)
    return Section("movers", say("Products that rose"), lead, blocks)


def _greatest(reading: Reading) -> Table:
    rows = (
        reading.item_exposure(reading.as_of)
        .orderBy(F.desc("allocated"), "item_id")
        .limit(MOST)
        .join(_known(reading), on="item_id", how="left")
        .orderBy(F.desc("allocated"), "item_id")
        .toPandas()
    )
    cells = tuple(
        (row["title"], row["item_id"], say(row["segment"]), amount(row["allocated"]), amount(row["sold"]))
        for row in rows.to_dict("records")
    )
    columns = (say("product"), say("item"), say("segment"), say("exposures"), say("sold in 7 days"))
    return Table(say("Most exposure"), columns, cells, _SOURCES, frozenset(columns[3:]))


def _moved(reading: Reading, *, rising: bool) -> Table:
    assert reading.previous_night is not None
    previous = reading.item_exposure(reading.previous_night).select("item_id", F.col("allocated").alias("before"))
    moved = (
        reading.item_exposure(reading.as_of)
        .select("item_id", "segment", "allocated")
        .join(previous, on="item_id", how="left")
        .withColumn("before", F.coalesce("before", F.lit(0.0)))
        .withColumn("by", F.col("allocated") - F.col("before"))
    )
    order = (F.desc("by") if rising else F.asc("by"), F.asc("item_id"))
    rows = (
        moved.where("by > 0" if rising else "by < 0")
        .orderBy(*order)
        .limit(MOST)
        .join(_known(reading), on="item_id", how="left")
        .orderBy(*order)
        .toPandas()
    )
    cells = tuple(
        (
            row["title"], row["item_id"], say(row["segment"]), amount(row["before"]), amount(row["allocated"]),
            amount(row["sold"]),
        )
        for row in rows.to_dict("records")
    )  # fmt: skip
    columns = (
        say("product"), say("item"), say("segment"), say("exposures before"), say("tonight"), say("sold in 7 days"),
    )  # fmt: skip
    title = say("Rose most") if rising else say("Fell most")
    note = "" if cells else say("No product moved.")
    return Table(title, columns, cells, _SOURCES, frozenset(columns[3:]), note)


def _known(reading: Reading) -> DataFrame:
    return reading.catalogue.select("item_id", "title", F.col("purchases_count_7d").alias("sold"))
