"""The categories that the classifier of the catalogue knows."""

from pyspark.sql.types import DoubleType, LongType, StringType

from features.contract.table import Column, Invariant, Table

CATALOGUE_CATEGORIES = Table(
    name="catalogue_categories",
    meaning="Categories that the classifier of the texts knows, with what it learnt them from.",
    columns=(
        Column("method", StringType(), "Version of the computation, and night and number of the texts learnt from."),
        Column("category", StringType(), "Path of the category as the store writes it; empty in the row of all texts."),
        Column("texts", LongType(), "Distinct texts of products with the category; of the empty one, of all products."),
        Column(
            "bar", DoubleType(),
            "Mean chance of the category among its texts, by models that did not learn from them; 2 in the empty row.",
        ),
    ),
    key=("method", "category"),
    invariants=(Invariant("texts_below_one", "texts >= 1"), Invariant("bar_negative", "bar >= 0")),
)  # fmt: skip
