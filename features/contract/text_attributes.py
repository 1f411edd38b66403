"""Attributes of each distinct item text."""

from pyspark.sql.types import ArrayType, StringType, StructField, StructType

from features.contract.table import Column, Table

ATTRIBUTE = StructType([StructField(name, StringType()) for name in ("attribute", "value", "unit", "source")])
TEXT_ATTRIBUTES = Table(
    name="text_attributes",
    meaning="Attributes of each distinct item text: those that the store gives, and what the text says of the others.",
    columns=(
        Column("text_hash", StringType(), "SHA-256 of the text, as in item_features."),
        Column("method", StringType(), "The method of catalogue_values."),
        Column(
            "attributes", ArrayType(ATTRIBUTE),
            "By name: attribute, value, unit of an amount, and source: store (the item has it), value (the text names "
            "one that other items have), common (a common colour or material) or pattern (a number with its unit).",
        ),
    ),
    key=("text_hash",),
)  # fmt: skip
