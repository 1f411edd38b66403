"""The sample of shoppers that represents all."""

from __future__ import annotations

from pyspark.sql import SparkSession

from features.shopper_sample import shopper_sample


def test_a_sample_is_the_same_whatever_the_partitions_and_grows_with_its_size(spark: SparkSession) -> None:
    shoppers = spark.createDataFrame([(f"u{n:03}",) for n in range(200)], "user_id string")

    def sample(partitions: int, most: int) -> set[str]:
        return {row.user_id for row in shopper_sample(shoppers.repartition(partitions), most).collect()}

    small = sample(1, 20)
    assert len(small) == 20
    assert sample(7, 20) == small
    assert small < sample(3, 50)
    assert sample(3, 200) == sample(3, 1_000) == {f"u{n:03}" for n in range(200)}
