"""Embedding of the text of each shopper."""

from pyspark.sql.types import ArrayType, DateType, FloatType, StringType

from features.contract.table import Column, Invariant, Table

USER_EMBEDDINGS = Table(
    name="user_embeddings",
    meaning="Embedding of the text of each shopper.",
    columns=(
        Column("as_of", DateType(), "Night."),
        Column("user_id", StringType(), "Identifier of the shopper."),
        Column("encoder_version", StringType(), "Version of the encoder."),
        Column("embedding", ArrayType(FloatType()), "Unit vector."),
    ),
    key=(
        "as_of",
        "user_id",
        "encoder_version",
    ),
    partitioned_by=(
        "as_of",
        "encoder_version",
    ),
    invariants=(Invariant("embedding_empty", "size(embedding) > 0"),),
)
