"""Where and when a product was promoted."""

from pyspark.sql.types import DateType, StringType

from features.contract.table import Column, Invariant, Table

PROMOTIONS = Table(
    name="promotions",
    meaning="Where and when a product was promoted.",
    columns=(
        Column("item_id", StringType(), "Identifier of the product."),
        Column("store_id", StringType(), "Store."),
        Column("placement", StringType(), "Location in the store or in the mailer."),
        Column("valid_from", DateType(), "First day."),
        Column("valid_to", DateType(), "Day after the last.", nullable=True),
        Column(
            "source_part",
            StringType(),
            "File of the source that the promotion came from, if the source has several.",
            nullable=True,
        ),
    ),
    key=(
        "item_id",
        "store_id",
        "placement",
        "valid_from",
    ),
    invariants=(
        Invariant("valid_to_not_after_valid_from", "valid_to > valid_from"),
        Invariant("valid_from_absurd", "valid_from >= DATE'2000-01-01' AND valid_from < DATE'2100-01-01'"),
    ),
    skipped_by=("valid_from",),
)
