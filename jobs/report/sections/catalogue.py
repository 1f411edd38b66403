"""What the catalogue lacks: texts, pictures, prices, categories and attributes; products that differ too little."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StringType

from features.contract import ITEMS, TEXT_ATTRIBUTES, TEXT_CATEGORIES
from features.point_in_time import versions_at
from jobs.language.sentences import phrase, say
from jobs.report.night_tables import Reading
from jobs.report.page.numbers import amount, percent
from jobs.report.page.parts import Bar, Bars, Block, Section, Table, Term, term
from model.text.scripts import UNSPACED

MOST = 10
_OPTIONAL = {
    "description": phrase("no description"), "category": phrase("no category"), "brand": phrase("no brand"),
    "price": phrase("no price"), "picture": phrase("no picture"),
}  # fmt: skip
_ONE_WORD = phrase("a title of one word or none")
# Where a script has no spaces, two characters may be several words.
_SEVERAL_WORDS = rf"(?U)\S\s+\S|[{UNSPACED}]{{2}}"


def catalogue(reading: Reading) -> Section:
    """The share of eligible items without a value, by value, and the largest groups of variants; with
    catalogue.categories and catalogue.attributes what the texts say in their place.
    """
    items = _items(reading).persist()
    title = F.trim(F.col("title"))
    lacking = {label: F.count_if(_is_absent(items, name)) for name, label in _OPTIONAL.items()}
    lacking[_ONE_WORD] = F.count_if(~title.rlike(_SEVERAL_WORDS))
    row = items.agg(F.count("*").alias("all"), *(count.alias(label) for label, count in lacking.items())).first()
    assert row is not None
    eligible = int(row["all"])
    bars = tuple(
        Bar(
            say(label),
            count / max(eligible, 1),
            say("{count} of {all}", count=amount(count), all=amount(eligible)),
        )
        for label, count in sorted(((label, row[label]) for label in lacking), key=lambda entry: -entry[1])
    )
    blocks: list[Block] = [Bars(say("Eligible products with"), bars, ("items", "item_features")), _groups(items)]
    if reading.conf.catalogue.categories:
        texts = reading.tables.read(TEXT_CATEGORIES)
        blocks += [_predicted(items, reading.conf.catalogue.category_bar), _likely_wrong(items, texts)]
    if reading.conf.catalogue.attributes:
        blocks.append(_attributes(items, reading.tables.read(TEXT_ATTRIBUTES), eligible))
    items.unpersist()
    described = eligible - row[_OPTIONAL["description"]]
    lead = say(
        "{share} of {all} products have a description.",
        share=percent(described / eligible) if eligible else say("None"),
        all=amount(eligible),
    )
    return Section("catalogue", say("What the catalogue lacks"), lead, tuple(blocks))


def _items(reading: Reading) -> DataFrame:
    """The versions of the eligible items as of the night, with what was found in their texts."""
    columns = ("item_id", "text_hash", "variant_group", "category_predicted", "category_chance")
    eligible = reading.catalogue.where("is_eligible").select(*columns)
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
        note = say(
            "{products} products are in {groups} groups of two or more. A rule of plan.list_rules on variant_group "
            "shows one of a group in a list.",
            products=amount(several["items"]),
            groups=amount(several["groups"]),
        )
    columns = (
        say("for example"),
        term("products", "Eligible products whose texts differ by size, colour or flavour alone, or not at all."),
        term("different texts", "Products of one text differ by price and picture alone."),
    )
    cells = tuple((row["title"], amount(row["items"]), amount(row["texts"])) for row in rows)
    return Table(
        say("The largest groups of variants and doubles"),
        columns,
        cells,
        ("items", "item_features"),
        frozenset(columns[1:]),
        note,
    )


def _predicted(items: DataFrame, bar: float) -> Table:
    """Items without a category that got one."""
    without, is_predicted = items.where(_is_absent(items, "category")), F.col("category_predicted") != ""
    counts = without.agg(F.count("*").alias("all"), F.count_if(is_predicted).alias("predicted")).first()
    assert counts is not None
    best = without.where(is_predicted).orderBy(F.desc("category_chance"), "item_id").limit(MOST)
    cells = tuple(
        (row["title"] or row["item_id"], row["category_predicted"], percent(row["category_chance"]))
        for row in best.collect()
    )
    note = say(
        "Of {all} products without a category {predicted} got one; of the others no category has a chance of {bar}. "
        "The column category of items stays empty.",
        all=amount(counts["all"]),
        predicted=amount(counts["predicted"]),
        bar=percent(bar),
    )
    chance = term("chance", "How often the most likely category is right in texts with this chance.")
    columns = (say("product"), _likely_category(), chance)
    sources = ("items", "item_features")
    return Table(say("Products without a category"), columns, cells, sources, frozenset(columns[2:]), note)


def _likely_category() -> Term:
    return term(
        "likely category", "The category that the text of the product says, by the texts of the other products."
    )


def _likely_wrong(items: DataFrame, texts: DataFrame) -> Table:
    """Items whose category is likely wrong, the most likely first."""
    wrong = items.join(texts.where(F.col("category_instead").isNotNull()), on="text_hash", how="inner").persist()
    count = wrong.count()
    first = wrong.orderBy(F.desc(F.col("chance_instead") - F.col("chance_own")), "item_id").limit(MOST)
    cells = tuple(
        (
            row["title"] or row["item_id"], row["category"], row["category_instead"], percent(row["chance_instead"]),
            percent(row["chance_own"]),
        )
        for row in first.collect()
    )  # fmt: skip
    wrong.unpersist()
    columns = (
        say("product"), say("its category"), _likely_category(), term("chance", "Of the likely category."),
        term("chance of its own", "The chance of the category that the store gives, next to that of the likely one."),
    )  # fmt: skip
    note = (
        say(
            "Products in all: {count}. Their text says another category more clearly than the texts of that category "
            "do on average. Correct them in the store's own catalogue.",
            count=amount(count),
        )
        if count
        else say("No product is likely in a wrong category.")
    )
    sources, title = ("items", "item_features", "text_categories"), say("Products that are likely in a wrong category")
    return Table(title, columns, cells, sources, frozenset(columns[3:]), note)


def _attributes(items: DataFrame, texts: DataFrame, eligible: int) -> Table:
    """By attribute: how many items have it from the store, and how many from the text."""
    entries = texts.select("text_hash", F.explode("attributes").alias("entry"))
    entries = entries.select("text_hash", "entry.attribute", (F.col("entry.source") == "store").alias("is_given"))
    counts = (
        items.join(entries, on="text_hash", how="inner")
        .groupBy("attribute")
        .agg(F.count_if("is_given").alias("given"), F.count_if(~F.col("is_given")).alias("named"))
        .orderBy(F.desc(F.col("given") + F.col("named")), "attribute")
        .limit(MOST)
    )
    cells = tuple(
        (
            say(row["attribute"]), amount(row["given"]), amount(row["named"]),
            percent((row["given"] + row["named"]) / max(eligible, 1)),
        )
        for row in counts.collect()
    )  # fmt: skip
    columns = (
        say("attribute"),
        term("the store gives it", "Eligible products of which the store itself gives the attribute."),
        term("the text names it", "Eligible products without it whose title or description names it."),
        say("of all products"),
    )
    sources = ("items", "item_features", "text_attributes")
    return Table(say("Attributes of the products"), columns, cells, sources, frozenset(columns[1:]))
