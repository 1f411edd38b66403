"""Spark types as Feast types."""

from __future__ import annotations

from typing import Any, TypeAlias

from feast import types as feast_types
from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DataType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    StringType,
    TimestampType,
)

from jobs.runtime.errors import LongtailError

FeastType: TypeAlias = Any  # Feast's own alias is a union built at run time, which type checkers refuse

_SCALARS: dict[type[DataType], FeastType] = {
    StringType: feast_types.String,
    BooleanType: feast_types.Bool,
    IntegerType: feast_types.Int32,
    LongType: feast_types.Int64,
    FloatType: feast_types.Float32,
    DoubleType: feast_types.Float64,
    TimestampType: feast_types.UnixTimestamp,
}


def feast_type(feature: str, spark_type: DataType) -> FeastType:
    """The Feast type of a scalar or of an array of scalars.

    Raises LongtailError naming feature and type where there is none: Feast itself would silently serve NULL.
    """
    if isinstance(spark_type, ArrayType) and type(spark_type.elementType) in _SCALARS:
        return feast_types.Array(_SCALARS[type(spark_type.elementType)])
    if type(spark_type) in _SCALARS:
        return _SCALARS[type(spark_type)]
    known = ", ".join(kind().simpleString() for kind in _SCALARS)
    raise LongtailError(
        f"The feature {feature} has the type {spark_type.simpleString()}, which cannot be served online.",
        f"Declare it as one of {known}, or as an array of one of them.",
    )
