"""Shoppers whom the store asked to forget."""

from pyspark.sql.types import StringType

from features.contract.table import Column, Table

FORGOTTEN = Table(
    name="forgotten",
    meaning="Shoppers whom the store asked to forget: their rows are filtered from every later delivery.",
    columns=(Column("user_hash", StringType(), "SHA-256 of the warehouse's salt and the shopper's identifier."),),
    key=("user_hash",),
)
