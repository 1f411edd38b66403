"""Predicted category of each distinct item text."""

from pyspark.sql.types import DateType, DoubleType, StringType

from features.contract.table import Column, Invariant, Table

TEXT_CATEGORIES = Table(
    name="text_categories",
    meaning="Most likely category of each distinct item text, read without its own, and whether that is likely wrong.",
    columns=(
        Column("text_hash", StringType(), "SHA-256 of the text, as in item_features."),
        Column("method", StringType(), "The method of catalogue_categories."),
        Column("read_on", DateType(), "Night that read the text."),
        Column("category_best", StringType(), "Most likely category; NULL of a text without a word.", nullable=True),
        Column("chance", DoubleType(), "Calibrated chance that category_best is right; 0 of a text without a word."),
        Column(
            "category_instead", StringType(),
            "Where the text's own category is likely wrong: the one that it likely belongs to.", nullable=True,
        ),
        Column("chance_instead", DoubleType(), "Chance of category_instead, not calibrated.", nullable=True),
        Column("chance_own", DoubleType(), "Chance of the text's own category, next to chance_instead.", nullable=True),
    ),
    key=("text_hash",),
    invariants=(
        Invariant("chance_out_of_range", "chance BETWEEN 0 AND 1"),
        Invariant("chance_instead_missing", "category_instead IS NULL OR chance_instead > chance_own"),
    ),
)  # fmt: skip
