"""What has been taken in of a source that comes in parts."""

from pyspark.sql.types import BooleanType, DateType, StringType

from features.contract.table import Column, Table

SOURCE_PARTS = Table(
    name="source_parts",
    meaning="Files of the source that have been taken in.",
    columns=(
        Column("input", StringType(), "Name of the input in the configuration."),
        Column("part", StringType(), "Place of the file."),
        Column("fingerprint", StringType(), "Length and time of change, or what else tells one content from another."),
        Column("as_of", DateType(), "Night that took this content in."),
        Column(
            "taken_until", DateType(), "Night before it that took in what is earlier in this content.", nullable=True
        ),
        Column("has_later", BooleanType(), "Whether rows of later than that night wait in it."),
    ),
    key=("input", "part"),
)
