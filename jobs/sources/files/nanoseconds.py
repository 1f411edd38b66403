"""Times in nanoseconds in Parquet, as pandas and pyarrow write them; Spark reads microseconds."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructField, StructType

from jobs.sources.files.parquet_schema import parquet_fields
from jobs.tables.sql import sql_identifier

_INSTANT = "nanoseconds_are_instants"


def nanosecond_columns(spark: SparkSession, path: str) -> dict[str, bool]:
    """The top-level columns of a file with times in nanoseconds, and whether these are instants (in UTC)."""
    fields = {str(field.getName()): str(field.getLogicalTypeAnnotation()) for field in parquet_fields(spark, path)}
    return {name: kind.endswith("true)") for name, kind in fields.items() if kind.startswith("TIMESTAMP(NANOS")}


def with_nanoseconds(head: StructType, found: dict[str, bool]) -> StructType:
    """The columns, with those of `nanosecond_columns`, which the head has as bigint, marked."""
    return StructType(
        [
            StructField(field.name, field.dataType, field.nullable, {_INSTANT: found[field.name]})
            if field.name in found
            else field
            for field in head.fields
        ]
    )


def with_instants(rows: DataFrame, head: StructType) -> DataFrame:
    """The rows with the marked columns as TIMESTAMP, or TIMESTAMP_NTZ if they are not instants, to the microsecond."""
    for field in head.fields:
        if _INSTANT in field.metadata:
            column = sql_identifier(field.name)
            time = F.expr(f"timestamp_micros(({column} - pmod({column}, 1000)) div 1000)")
            kind = "timestamp" if field.metadata[_INSTANT] else "timestamp_ntz"
            rows = rows.withColumn(field.name, time.cast(kind))
    return rows
