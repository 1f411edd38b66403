"""The shoppers that represent all: a fixed sample by a hash of their ids."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def shopper_sample(shoppers: DataFrame, most: int) -> DataFrame:
    """The `most` rows whose hash of `user_id` is smallest: all rows if there are no more.

    shoppers: one row a shopper. Spark brings up to `most` rows of each partition into one task, so they should be
        narrow: sample ids, then join what is wide.
    """
    return shoppers.orderBy(F.xxhash64("user_id"), "user_id").limit(most)
