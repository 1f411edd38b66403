"""What each review says of its item: its rating, and the chance that its text is negative."""

from pyspark.sql.types import DateType, DoubleType, LongType, StringType

from features.contract.table import SHOPPER_OR_VISITOR, Column, Invariant, Table

REVIEW_SENTIMENT = Table(
    name="review_sentiment",
    meaning="One row a review with a rating or a text: the rating, and the chance that the text is negative.",
    columns=(
        Column("event_id", StringType(), "Identifier of the event of the review."),
        Column("user_id", StringType(), "Identifier of the shopper; NULL while the visitor is unknown.", nullable=True),
        Column("visitor_id", StringType(), "Identifier of the visitor.", nullable=True),
        Column("item_id", StringType(), "Identifier of the product."),
        Column("day", DateType(), "Day of the review, UTC."),
        Column("rating", DoubleType(), "Rating of the review.", nullable=True),
        Column(
            "negative", DoubleType(), "Chance that the text is negative; NULL where no word is known.", nullable=True
        ),
        Column("method", StringType(), "The method of review_terms."),
        Column("review_hash", LongType(), "Hash of the review in events: a corrected review is read again."),
    ),
    key=("event_id",),
    invariants=(SHOPPER_OR_VISITOR, Invariant("negative_out_of_range", "negative >= 0 AND negative <= 1")),
    skipped_by=("day",),
)
