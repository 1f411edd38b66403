"""The contracts of storage, lock and tables on the store that LONGTAIL_TEST_URI names, by a Spark session of its own.

Not collected by name: tests/cluster/test_contracts.py starts it in a process of its own for each kind of store, with
the settings of the store in PYSPARK_SUBMIT_ARGS.
"""

from __future__ import annotations

import os
import uuid
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from features.contract import PARKED
from features.contract.live_counts import LIVE_ITEM_COUNTS
from jobs.runtime.errors import LongtailError
from jobs.runtime.lock import WRITER, only_writer
from jobs.runtime.storage import storage_of
from jobs.runtime.storage_errors import storage_problem
from jobs.tables.erasure import salt_of
from jobs.tables.warehouse import Warehouse
from tests.jobs.runtime.lease_contract import LeaseContract, dead_holder
from tests.jobs.runtime.remote_session import remote_session
from tests.jobs.runtime.storage_contract import StorageContract

URI = os.environ["LONGTAIL_TEST_URI"]
spark = pytest.fixture(scope="module")(remote_session)


@pytest.fixture
def place(spark: SparkSession) -> str:
    return f"{URI}/{uuid.uuid4().hex}"


class TestStorage(StorageContract):
    pass


class TestLease(LeaseContract):
    pass


def test_tables_are_written_by_the_holder_of_the_lock_only(spark: SparkSession, place: str) -> None:
    files, tables = storage_of(place), Warehouse(spark, place)
    row = ("events", "1", "run 7", date(2017, 12, 1), "item_unknown", "{}", date(2017, 12, 1))
    rows = spark.createDataFrame([row], PARKED.schema)
    with pytest.raises(LongtailError, match="does not hold the writer lock"):
        tables.add(rows, PARKED)
    assert tables.version(PARKED) is None
    with only_writer(files, "nightly, run 7"):
        for version in range(1, 13):  # more than Delta has between two checkpoints
            tables.add(rows, PARKED)
            assert tables.version(PARKED) == version
        with pytest.raises(LongtailError, match="does not hold the stream lock"):
            tables.prepare(LIVE_ITEM_COUNTS)
        dead_holder(files, age_seconds=0, number=5, name=WRITER)
        with pytest.raises(LongtailError, match="was lost"):
            tables.add(rows, PARKED)
    assert Warehouse(spark, place).version(PARKED) == 12
    assert tables.read(PARKED).count() == 12


def test_a_salt_that_is_lost_is_not_replaced(place: str) -> None:
    with pytest.raises(LongtailError, match="without which no forgotten shopper is recognised"):
        salt_of(storage_of(place))


@pytest.mark.skipif(not URI.startswith("s3a:"), reason="only S3A has a stream that caches objects")
def test_the_session_reads_an_object_that_was_replaced(spark: SparkSession, place: str, tmp_path: Path) -> None:
    """A property of conf/spark-cluster.conf: by S3A's default stream the copy would have the first content."""
    files, hadoop = storage_of(place), spark._jvm.org.apache.hadoop
    path, copy = hadoop.fs.Path(f"{place}/file.bin"), tmp_path / "copy.bin"
    system = path.getFileSystem(spark._jsc.hadoopConfiguration())
    files.write("file.bin", "first")
    stream = system.open(path)
    assert bytes(stream.readAllBytes()) == b"first"
    stream.close()
    files.write("file.bin", "the second")
    system.copyToLocalFile(False, path, hadoop.fs.Path(f"file:{copy}"), True)
    assert copy.read_bytes() == b"the second"


@pytest.mark.skipif(not URI.startswith("s3a:"), reason="only object stores have buckets")
def test_a_bucket_that_does_not_exist_is_one_line(spark: SparkSession) -> None:
    with pytest.raises(Exception, match=r".") as caught, only_writer(storage_of("s3a://no-such-bucket/night"), "run 7"):
        pass
    problem = storage_problem(caught.value)
    assert problem is not None
    assert problem.problem == "s3a://no-such-bucket does not exist."
