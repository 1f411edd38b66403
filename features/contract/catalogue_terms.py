"""Weights of the words of the catalogue, by which keywords are chosen."""

from pyspark.sql.types import DoubleType, LongType, StringType

from features.contract.table import Column, Invariant, Table

CATALOGUE_TERMS = Table(
    name="catalogue_terms",
    meaning="Weights of the words of the catalogue, and the cohesion of pairs of them, of one method.",
    columns=(
        Column("method", StringType(), "Version of the computation, and night and number of the texts counted."),
        Column("term", StringType(), "Word in its base form; two words with a space; empty in the row of all texts."),
        Column(
            "texts", LongType(), "Texts with the word, or with the two words in a row; of the empty term, all texts."
        ),
        Column("weight", DoubleType(), "Weight of a word, from 0; cohesion of two words, from -1 to 1."),
    ),
    key=("method", "term"),
    invariants=(Invariant("texts_below_one", "texts >= 1"), Invariant("weight_below_minus_one", "weight >= -1")),
)
