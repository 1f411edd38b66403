"""Weights of the words of reviews, which say how likely a review is negative."""

from pyspark.sql.types import DoubleType, FloatType, LongType, StringType

from features.contract.table import Column, Invariant, Table

REVIEW_TERMS = Table(
    name="review_terms",
    meaning="Weights of the terms of reviews, by which the chance is computed that a text is negative, of one method.",
    columns=(
        Column("method", StringType(), "Version of the computation, and night and number of the reviews learnt from."),
        Column("term", LongType(), "64-bit hash of a word, of two words in a row, or of one to four characters."),
        Column("inverse_frequency", FloatType(), "log((1 + reviews) / (1 + reviews with the term)) + 1."),
        Column("weight", FloatType(), "Log-odds of negative for each unit of the term."),
        Column("intercept", DoubleType(), "Log-odds of a text without any term; the same in all rows."),
        Column("middle", DoubleType(), "Log-odds of the share of bad reviews learnt from; the same in all rows."),
        Column("reviews", LongType(), "Reviews with rating and text that there were; the same in all rows."),
    ),
    key=("method", "term"),
    invariants=(
        Invariant("weight_not_finite", "abs(weight) < 1e15"),
        Invariant("inverse_frequency_negative", "inverse_frequency >= 0"),
    ),
)
