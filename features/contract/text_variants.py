"""Variant group of each distinct item text."""

from pyspark.sql.types import StringType

from features.contract.table import Column, Table

TEXT_VARIANTS = Table(
    name="text_variants",
    meaning="Group of each distinct item text with those that differ from it by size, colour or flavour alone.",
    columns=(
        Column("text_hash", StringType(), "SHA-256 of the text, as in item_features."),
        Column("method", StringType(), "Version of the computation."),
        Column("block", StringType(), "Hash of what the texts of the group have in common; empty without a title."),
        Column("variant_group", StringType(), "First 16 digits of the text_hash of the first text of the group."),
    ),
    key=("text_hash",),
)
