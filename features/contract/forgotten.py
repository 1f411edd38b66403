"""Whom the store asked to forget."""

from pyspark.sql.types import StringType

from features.contract.table import Column, Table

FORGOTTEN = Table(
    name="forgotten",
    meaning="Whom the store asked to forget: nothing that it delivers of them is taken in again.",
    columns=(Column("user_hash", StringType(), "SHA-256 of the warehouse's salt and the shopper's identifier."),),
    key=("user_hash",),
)
