"""What tables hold, for comparing warehouses: digests of their rows, and the rows of one shopper.

spark-submit table_digests.py WAREHOUSE [--user U] TABLE ... prints one of them as JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

MARK = "tables "
_OF_A_RUN = ("run_id", "ingested_at", "model_version", "source_part")  # what two runs on equal data may differ in


def digests(spark: SparkSession, warehouse: str, versions: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """By table its number of rows, and a sum of hashes of its rows and of each column, whatever order and run.

    versions: by table the version to read; the newest where it is empty
    """
    digest_of = {}
    for table, version in versions.items():
        rows = _rows(spark, warehouse, table, {"versionAsOf": version} if version else {})
        columns = sorted(name for name in rows.columns if name not in _OF_A_RUN)
        sums = {"all columns": _sum_of(*columns), **{name: _sum_of(name) for name in columns}}
        row = rows.agg(F.count("*").alias("rows"), *(total.alias(name) for name, total in sums.items())).collect()[0]
        digest_of[table] = {name: str(value) for name, value in row.asDict().items()}
    return digest_of


def _sum_of(*names: str) -> Column:
    return F.sum(F.xxhash64(F.to_json(F.struct(*names))).cast("decimal(38,0)"))


def rows_of_user(spark: SparkSession, warehouse: str, user: str, tables: Iterable[str]) -> dict[str, int]:
    """By table the number of rows of a shopper."""
    return {table: _rows(spark, warehouse, table, {}).where(F.col("user_id") == user).count() for table in tables}


def _rows(spark: SparkSession, warehouse: str, table: str, options: dict[str, str]) -> DataFrame:
    return spark.read.format("delta").options(**options).load(f"{warehouse}/{table}")


def main() -> None:
    from jobs.runtime.session import spark_session

    arguments = argparse.ArgumentParser()
    arguments.add_argument("warehouse")
    arguments.add_argument("--user")
    arguments.add_argument("tables", nargs="+")
    args = arguments.parse_args()
    spark = spark_session("tables")
    if args.user:
        answer = rows_of_user(spark, args.warehouse, args.user, args.tables)
    else:
        answer = digests(spark, args.warehouse, dict.fromkeys(args.tables, ""))
    print(MARK + json.dumps(answer))


if __name__ == "__main__":
    main()
