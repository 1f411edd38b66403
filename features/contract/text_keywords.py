"""Keywords of each distinct item text."""

from pyspark.sql.types import ArrayType, DoubleType, StringType

from features.contract.table import Column, Invariant, Table

TEXT_KEYWORDS = Table(
    name="text_keywords",
    meaning="Keywords of each distinct item text.",
    columns=(
        Column("text_hash", StringType(), "SHA-256 of the text, as in item_features."),
        Column("method", StringType(), "The method of catalogue_terms."),
        Column("keywords", ArrayType(StringType(), False), "Phrases of title and description, the best first."),
        Column("weights", ArrayType(DoubleType(), False), "Their weights."),
    ),
    key=("text_hash",),
    invariants=(Invariant("weights_differ_in_number", "size(keywords) = size(weights)"),),
)
