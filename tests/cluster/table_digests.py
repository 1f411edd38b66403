"""What tables hold, for comparing warehouses: digests of their rows, and the rows of one shopper.

spark-submit table_digests.py WAREHOUSE [--user U] TABLE ... prints one of them as JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

MARK = "tables "
_OF_A_RUN = ("run_id", "ingested_at", "model_version", "source_part")  # what two runs on equal data may differ in


def digests(spark: SparkSession, warehouse: str, versions: Mapping[str, str]) -> dict[str, str]:
    """By table its number of rows and a sum of hashes of its rows, whatever their order and their run.

    versions: by table the version to read; the newest where it is empty
    """
    digest_of = {}
    for table, version in versions.items():
        rows = _rows(spark, warehouse, table, {"versionAsOf": version} if version else {})
        values = F.to_json(F.struct(*(name for name in sorted(rows.columns) if name not in _OF_A_RUN)))
        total = F.sum(F.xxhash64(values).cast("decimal(38,0)"))
        row = rows.agg(F.count("*"), total).collect()[0]
        digest_of[table] = f"{row[0]} rows, {row[1]}"
    return digest_of


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
