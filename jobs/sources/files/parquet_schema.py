"""The schema in the footer of a Parquet file."""

from __future__ import annotations

import json
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql.types import StructField, StructType


def parquet_fields(spark: SparkSession, path: str) -> list[Any]:
    """The top-level fields of a file, as objects of Parquet's Java library (org.apache.parquet.schema.Type)."""
    jvm: Any = spark._jvm
    hadoop, conf = jvm.org.apache.parquet.hadoop, spark.sparkContext._jsc.hadoopConfiguration()
    reader = hadoop.ParquetFileReader.open(
        hadoop.util.HadoopInputFile.fromPath(jvm.org.apache.hadoop.fs.Path(path), conf)
    )
    try:
        return list(reader.getFooter().getFileMetaData().getSchema().getFields())
    finally:
        reader.close()


def readable_columns(session: SparkSession, path: str) -> tuple[StructType, dict[str, str]]:
    """The columns that Spark reads under the settings of the session, and the types of the others by their name."""
    jvm: Any = session._jvm
    java_session: Any = session._jsparkSession
    parquet = jvm.org.apache.spark.sql.execution.datasources.parquet
    converter = parquet.ParquetToSparkSchemaConverter(java_session.sessionState().conf())
    columns: list[StructField] = []
    unread: dict[str, str] = {}
    for field in parquet_fields(session, path):
        fields = jvm.java.util.ArrayList()
        fields.add(field)
        try:
            converted = converter.convert(jvm.org.apache.parquet.schema.MessageType("file", fields))
        except (PySparkException, Py4JJavaError):
            unread[str(field.getName())] = " ".join(str(field).split())
            continue
        columns += [StructField.fromJson(column) for column in json.loads(converted.json())["fields"]]
    return StructType(columns), unread
