"""Spark types as Feast types."""

from __future__ import annotations

import pytest
from feast.types import Array, Bool, Float32, Float64, Int32, Int64, String, UnixTimestamp
from pyspark.sql.types import (
    ArrayType,
    BinaryType,
    BooleanType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    MapType,
    ShortType,
    StringType,
    TimestampType,
)

from jobs.online.field_types import FeastType, feast_type
from jobs.runtime.errors import LongtailError


@pytest.mark.parametrize(
    ("spark_type", "expected"),
    [
        (StringType(), String),
        (BooleanType(), Bool),
        (IntegerType(), Int32),
        (LongType(), Int64),
        (FloatType(), Float32),
        (DoubleType(), Float64),
        (TimestampType(), UnixTimestamp),
        (ArrayType(StringType()), Array(String)),
        (ArrayType(DoubleType(), False), Array(Float64)),
    ],
)
def test_types_that_can_be_served(spark_type: DataType, expected: FeastType) -> None:
    assert feast_type("x", spark_type) == expected


@pytest.mark.parametrize(
    ("spark_type", "name"),
    [
        (DecimalType(18, 4), "decimal"),
        (DateType(), "date"),
        (ShortType(), "smallint"),
        (BinaryType(), "binary"),
        (MapType(StringType(), StringType()), "map<string,string>"),
        (ArrayType(DateType()), "array<date>"),
        (ArrayType(ArrayType(LongType())), "array<array<bigint>>"),
    ],
)
def test_other_types_raise_naming_feature_and_type(spark_type: DataType, name: str) -> None:
    with pytest.raises(LongtailError, match=rf"feature spend_sum_28d has the type {name}"):
        feast_type("spend_sum_28d", spark_type)
