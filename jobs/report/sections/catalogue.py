"""What the catalogue lacks: texts, pictures, prices, and products that differ too little."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StringType

from features.contract import ITEMS
from features.point_in_time import versions_at
from jobs.report.night_tables import Reading
from jobs.report.page.numbers import amount, percent
from jobs.report.page.parts import Bar, Bars, Section, Table, Term
from model.text.scripts import UNSPACED

MOST = 10
_OPTIONAL = {
    "description": "no description", "category": "no category", "brand": "no brand", "price": "no price",
    "picture": "no picture",
}  # fmt: skip
_ONE_WORD = "a title of one word or none"
# Where a script has no spaces, two characters may be several words.
_SEVERAL_WORDS = rf"(?U)\S\s+\S|[{UNSPACED}]{{2}}"
_GROUP = Term("products", "Eligible products whose texts differ by size, colour or flavour alone, or not at all.")
_TEXTS = Term("different texts", "Products of one text differ by price and picture alone.")


def catalogue(reading: Reading) -> Section:
    """The share of eligible items without a value, by value, and the largest groups of variants."""
    items = _items(reading).persist()
    title = F.trim(F.col("title"))
    lacking = {label: F.count_if(_is_absent(items, name)) for name, label in _OPTIONAL.items()}
    lacking[_ONE_WORD] = F.count_if(~title.rlike(_SEVERAL_WORDS))
    row = items.agg(F.count("*").alias("all"), *(count.alias(label) for label, count in lacking.items())).first()
    assert row is not None
    eligible = int(row["all"])
    bars = tuple(
        Bar(label, count / max(eligible, 1), f"{amount(count)} of {amount(eligible)}")
        for label, count in sorted(((label, row[label]) for label in lacking), key=lambda entry: -entry[1])
    )
    blocks = (Bars("Eligible products with", bars, ("items", "item_features")), _groups(items))
    items.unpersist()
    described = eligible - row[_OPTIONAL["description"]]
    lead = f"{percent(described / eligible) if eligible else 'None'} of {amount(eligible)} products have a description."
    return Section("catalogue", "What the catalogue lacks", lead, blocks)


def _items(reading: Reading) -> DataFrame:
    """The versions of the eligible items as of the night, with text_hash and variant_group."""
    eligible = reading.catalogue.where("is_eligible").select("item_id", "text_hash", "variant_group")
    versions = versions_at(reading.tables.read(ITEMS), [reading.as_of], "item_id")
    # An address, or the vector that a store delivers instead.
    vector = F.when(F.col("image_embedding").isNotNull(), F.lit("vector"))
    versions = versions.withColumn("picture", F.coalesce(F.nullif(F.trim("image_uri"), F.lit("")), vector))
    return versions.select("item_id", "title", *_OPTIONAL).join(eligible, on="item_id", how="inner")


def _is_absent(items: DataFrame, name: str) -> Column:
    column = F.col(name)
    if isinstance(items.schema[name].dataType, StringType):
        return F.coalesce(F.trim(column), F.lit("")) == ""
    return column.isNull()


def _groups(items: DataFrame) -> Table:
    in_group = items.where("variant_group <> ''").groupBy("variant_group")
    groups = in_group.agg(
        F.count("*").alias("items"), F.countDistinct("text_hash").alias("texts"), F.min("title").alias("title")
    )
    rows = groups.where("items > 1").orderBy(F.desc("items"), "variant_group").limit(MOST).collect()
    several = groups.where("items > 1").agg(F.count("*").alias("groups"), F.sum("items").alias("items")).first()
    note = ""
    if several is not None and several["groups"]:
        note = (
            f"{amount(several['items'])} products are in {amount(several['groups'])} groups of two or more. A rule of "
            "plan.list_rules on variant_group shows one of a group in a list."
        )
    columns = ("for example", _GROUP, _TEXTS)
    cells = tuple((row["title"], amount(row["items"]), amount(row["texts"])) for row in rows)
    return Table(
        "The largest groups of variants and doubles",
        columns,
        cells,
        ("items", "item_features"),
        frozenset(columns[1:]),
        note,
    )
