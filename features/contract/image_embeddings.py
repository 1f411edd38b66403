"""Vector of the picture of each item by each vision model."""

from pyspark.sql.types import ArrayType, FloatType, LongType, StringType, TimestampType

from features.contract.table import Column, Invariant, Table

IMAGE_EMBEDDINGS = Table(
    name="image_embeddings",
    meaning="Vector of the picture of each item by each vision model, or the reason for which it has none.",
    columns=(
        Column("item_id", StringType(), "Identifier of the product."),
        Column("model_version", StringType(), "Version of the vision model."),
        Column("image_uri", StringType(), "Address of the picture, as in items."),
        Column("modified_at", TimestampType(), "Time of change of its file; NULL without a file.", nullable=True),
        Column("length", LongType(), "Bytes of its file; NULL without a file.", nullable=True),
        Column("content_hash", StringType(), "SHA-256 of its file; NULL where it was not read.", nullable=True),
        Column("embedding", ArrayType(FloatType()), "Unit vector; NULL where there is a mask_reason.", nullable=True),
        Column("mask_reason", StringType(), "Why the picture is not used; NULL where it is.", nullable=True),
    ),
    key=("item_id", "model_version"),
    partitioned_by=("model_version",),
    invariants=(Invariant("embedding_or_mask_reason_missing", "(embedding IS NULL) <> (mask_reason IS NULL)"),),
)
