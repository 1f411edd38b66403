"""Values of attributes that texts are searched for."""

from pyspark.sql.types import BooleanType, LongType, StringType

from features.contract.table import Column, Invariant, Table

CATALOGUE_VALUES = Table(
    name="catalogue_values",
    meaning="Phrases that name a value of an attribute: of the store's own attributes, or a common colour or material.",
    columns=(
        Column("method", StringType(), "Version of the computation, and night and number of the texts learnt from."),
        Column("attribute", StringType(), "Name of the attribute; empty in the row of all texts."),
        Column("phrase", StringType(), "Words that name the value, in lower case."),
        Column("value", StringType(), "The value as the store writes it most often."),
        Column("is_common", BooleanType(), "Whether it is a common colour or material, not a value of the store."),
        Column("texts", LongType(), "Of the row of all texts their number; else 0."),
    ),
    key=("method", "attribute", "is_common", "phrase"),
    invariants=(Invariant("texts_negative", "texts >= 0"),),
)
