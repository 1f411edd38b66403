"""Where and when a product was put before shoppers."""

from pyspark.sql.types import DateType, StringType

from features.contract.table import Column, Invariant, Table

PROMOTIONS = Table(
    name="promotions",
    meaning="Where and when a product was put before shoppers.",
    columns=(
        Column("item_id", StringType(), "Identifier of the product."),
        Column("store_id", StringType(), "Store."),
        Column("placement", StringType(), "Display and mailer location."),
        Column("valid_from", DateType(), "First day."),
        Column("valid_to", DateType(), "Day after the last.", nullable=True),
        Column(
            "source_part", StringType(), "File of the source that it came from, where there are several.", nullable=True
        ),
    ),
    key=(
        "item_id",
        "store_id",
        "placement",
        "valid_from",
    ),
    invariants=(
        Invariant("valid_to_after_valid_from", "valid_to > valid_from"),
        Invariant("valid_from_absurd", "valid_from >= DATE'2000-01-01' AND valid_from < DATE'2100-01-01'"),
    ),
    skipped_by=("valid_from",),
)
