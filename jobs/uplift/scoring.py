"""The uplift of every scored pair, predicted on the executors."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from features.contract import RELEVANCE
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from jobs.execution.night import Night
from jobs.runtime.executor_files import ship_folder, shipped_folder
from jobs.runtime.tasks import task_threads
from jobs.uplift.inputs import FEATURE_NAMES, ITEM_COLUMNS, USER_COLUMNS, of_items, of_users, pair_inputs
from jobs.uplift.versions import newest_version
from model.uplift.model import UpliftModel

_PREDICTED = ("organic", "uplift", "uplift_error")


def with_uplift(night: Night, relevance: DataFrame) -> DataFrame:
    """The columns of `relevance`: organic, uplift and uplift_error of the newest uplift model, NULL without one.

    relevance: the columns of the table but these
    """
    newest = newest_version(night) if night.conf.uplift.is_learnt else None
    if newest is None:
        return relevance.withColumns({name: F.lit(None).cast("double") for name in _PREDICTED})
    night.record.decisions["uplift_version"] = newest.version
    if UpliftModel.load(newest.folder).feature_names != FEATURE_NAMES:
        raise ValueError(
            f"Version {newest.version} of the uplift model reads other features than this version of the program. "
            "Train a new one: run jobs/train_uplift.py."
        )
    name = _shipped(night, newest.folder)
    items = night.tables.read_date(ITEM_FEATURES_TABLE, night.as_of).select(
        "item_id", *(F.col(column).alias(of_items(column)) for column in ITEM_COLUMNS)
    )
    users = night.tables.read_date(USER_FEATURES_TABLE, night.as_of).select(
        "user_id", *(F.col(column).alias(of_users(column)) for column in USER_COLUMNS)
    )
    rows = relevance.join(F.broadcast(items), on="item_id", how="left").join(users, on="user_id", how="left")
    columns = RELEVANCE.column_names
    schema = StructType([field for field in RELEVANCE.schema if field.name in columns])
    arrow = to_arrow_schema(schema)
    copied = [column for column in columns if column not in _PREDICTED]
    threads = task_threads(night.spark)

    def predict(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield _predicted(pa.Table.from_batches([batch]), name, copied, arrow, threads)

    return rows.mapInArrow(predict, schema)


def _predicted(rows: pa.Table, name: str, copied: list[str], arrow: pa.Schema, threads: int) -> pa.RecordBatch:
    model, item_ids = _model(name)
    read = ["item_id", "relevance", *map(of_items, ITEM_COLUMNS), *map(of_users, USER_COLUMNS)]
    prediction = model.predict(pair_inputs(rows.select(read).to_pandas(), item_ids), threads)
    values = (prediction.demand, prediction.effect, prediction.error)
    arrays = [rows[column].combine_chunks() for column in copied]
    arrays += [pa.array(value, pa.float64()) for value in values]
    known = dict(zip([*copied, *_PREDICTED], arrays, strict=True))
    table = pa.Table.from_arrays([known[field.name] for field in arrow], names=arrow.names).cast(arrow)
    return table.combine_chunks().to_batches()[0] if len(table) else pa.RecordBatch.from_pylist([], schema=arrow)


def _shipped(night: Night, folder: Path) -> str:
    return ship_folder(night.spark, folder, f"uplift-{uuid.uuid4().hex}")


@lru_cache(maxsize=1)
def _model(name: str) -> tuple[UpliftModel, pd.Index]:
    model = UpliftModel.load(shipped_folder(name))
    return model, pd.Index(model.item_ids)
