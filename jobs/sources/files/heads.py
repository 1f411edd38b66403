"""The columns of files whose schema Spark does not infer."""

from __future__ import annotations

from collections.abc import Callable, Collection

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import ArrayType, DataType, StructField, StructType

from jobs.runtime.errors import Refused
from jobs.sources.files.nanoseconds import nanosecond_columns, with_nanoseconds
from jobs.sources.files.parquet_schema import readable_columns

Load = Callable[[SparkSession], DataFrame]


def head_of_json(spark: SparkSession, load: Load, path: str, mapped: Collection[str]) -> StructType:
    """The fields of JSON files that `load` reads; of those that differ in case only, the one in `mapped` or the first.

    Raises Refused if two that differ in case only are mapped, and for a key that stands twice in one object.
    """
    try:
        return load(spark).schema
    except AnalysisException as error:
        if error.getCondition() != "COLUMN_ALREADY_EXISTS":
            raise
    try:
        head = load(_session(spark, "spark.sql.caseSensitive")).schema
    except AnalysisException as error:
        if error.getCondition() != "COLUMN_ALREADY_EXISTS":
            raise
        name = (error.getMessageParameters() or {}).get("columnName", "")
        raise Refused(
            f"An object in the files of {path} has the key {name} twice.",
            "Correct the export: which of the two counts is unknown. Nothing was written.",
        ) from error
    return _without_clashes(head, path, mapped, can_choose=True)


def head_of_parquet(spark: SparkSession, load: Load, path: str, mapped: Collection[str]) -> StructType:
    """The columns of a Parquet file; those with times in nanoseconds are marked, see `with_instants`.

    Columns of a type that Spark does not read, such as half-precision numbers, are left out. Raises Refused if one of
    them is mapped, or if a mapped column's name differs from another one's in case only, since Spark reads neither.
    """
    try:
        return load(spark).schema
    except AnalysisException as error:
        if error.getCondition() == "COLUMN_ALREADY_EXISTS":
            head = load(_session(spark, "spark.sql.caseSensitive")).schema
        elif (error.getCondition() or "").startswith("PARQUET_TYPE"):
            session = _session(spark, "spark.sql.legacy.parquet.nanosAsLong", "spark.sql.caseSensitive")
            columns, unread = readable_columns(session, path)
            illegal = sorted(set(unread) & set(mapped))
            if illegal:
                raise Refused(
                    f"Spark cannot read the column {illegal[0]} of {path}: its type is {unread[illegal[0]]}.",
                    "Write it as text, number or timestamp, or do not map it; nothing was written.",
                ) from error
            head = with_nanoseconds(columns, nanosecond_columns(spark, path))
        else:
            raise
    return _without_clashes(head, path, mapped, can_choose=False)


def _session(spark: SparkSession, *switched_on: str) -> SparkSession:
    session = spark.newSession()
    for key in ("spark.sql.legacy.javaCharsets", *switched_on):
        session.conf.set(key, "true")
    return session


def _without_clashes(head: StructType, path: str, mapped: Collection[str], can_choose: bool) -> StructType:
    """The columns whose names differ by more than case, and one of the others each if the reader `can_choose`."""
    alike: dict[str, list[StructField]] = {}
    for field in head.fields:
        alike.setdefault(field.name.lower(), []).append(field)
    distinct = []
    for fields in alike.values():
        used = [field for field in fields if field.name in mapped]
        if len(fields) > 1 and len(used) > (1 if can_choose else 0):
            names = " and ".join(field.name for field in fields)
            raise Refused(
                f"The files of {path} have the columns {names}, which differ in case only.",
                "Rename one of them in the export, or do not map it; nothing was written.",
            )
        if len(fields) == 1 or can_choose:
            chosen = (used or fields)[0]
            kind = _nested(chosen.dataType, path, can_choose)
            distinct.append(StructField(chosen.name, kind, chosen.nullable, chosen.metadata))
    return StructType(distinct)


def _nested(kind: DataType, path: str, can_choose: bool) -> DataType:
    if isinstance(kind, ArrayType):
        return ArrayType(_nested(kind.elementType, path, can_choose), kind.containsNull)
    return _without_clashes(kind, path, (), can_choose) if isinstance(kind, StructType) else kind
