"""Embedding of each distinct item text by each encoder version."""

from pyspark.sql.types import ArrayType, FloatType, StringType

from features.contract.table import Column, Invariant, Table

TEXT_EMBEDDINGS = Table(
    name="text_embeddings",
    meaning="Embedding of each distinct item text by each encoder version.",
    columns=(
        Column("text_hash", StringType(), "SHA-256 of the text."),
        Column("encoder_version", StringType(), "Version of the encoder."),
        Column("embedding", ArrayType(FloatType()), "Unit vector."),
    ),
    key=(
        "text_hash",
        "encoder_version",
    ),
    partitioned_by=("encoder_version",),
    invariants=(Invariant("embedding_empty", "size(embedding) > 0"),),
)
