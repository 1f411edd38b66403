"""Files of the source that have been ingested."""

from pyspark.sql.types import BooleanType, DateType, StringType

from features.contract.table import Column, Table

SOURCE_PARTS = Table(
    name="source_parts",
    meaning="Files of the source that have been ingested.",
    columns=(
        Column("input", StringType(), "Name of the input in the configuration."),
        Column("part", StringType(), "Path of the file."),
        Column(
            "fingerprint", StringType(), "Length and time of change, or another mark that differs between contents."
        ),
        Column("as_of", DateType(), "Night that ingested this content."),
        Column("taken_until", DateType(), "Earlier night that ingested the rows before its date.", nullable=True),
        Column("has_later", BooleanType(), "Whether the file has rows of that night's date or later, which wait."),
    ),
    key=("input", "part"),
)
