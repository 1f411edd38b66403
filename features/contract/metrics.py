"""Figures of a night."""

from pyspark.sql.types import DateType, DoubleType, LongType, MapType, StringType

from features.contract.table import Column, Table

METRICS = Table(
    name="metrics",
    meaning="Figures of a night.",
    columns=(
        Column("as_of", DateType(), "Night."),
        Column("name", StringType(), "Name of the figure."),
        Column("segment", StringType(), "Part of the store that it is about; all for the whole."),
        Column("value", DoubleType(), "Value."),
        Column("source_versions", MapType(StringType(), LongType()), "Table versions that it came from."),
    ),
    key=(
        "as_of",
        "name",
        "segment",
    ),
    partitioned_by=("as_of",),
)
