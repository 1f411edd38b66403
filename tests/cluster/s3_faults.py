"""An S3 server that throttles or answers slowly while commands write, by a Spark session of its own.

Not collected by name: test_s3_faults.py starts it in a process of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial

import pytest
from pyspark.sql import SparkSession

from features.contract import EVENTS
from jobs import roll_back
from jobs.config.configuration import Config, load_config
from jobs.execution.command import main_of, run_without_spark
from jobs.ingest import ingest
from jobs.runtime.lock import only_writer
from jobs.runtime.session import spark_session
from jobs.runtime.storage import storage_of
from jobs.tables.warehouse import Warehouse
from tests.cluster.faulty_proxy import Fault, Proxy, faulty_proxy
from tests.cluster.file_shop import FileShop
from tests.cluster.object_stores import KEYS, Store, moto
from tests.cluster.submission import SIZES, template
from tests.jobs.online.frames import publish_frames
from tests.jobs.online.redis_server import VARIABLE, running_redis

ONLINE = f"""
online: {{store: redis, redis_url_variable: {VARIABLE}, registry_ttl_seconds: 1}}
mlflow: {{tracking_uri: 'http://mlflow.example'}}
"""
SETTINGS = {
    "spark.hadoop.fs.s3a.connection.request.timeout": "15s",  # the least that S3A takes
    "spark.hadoop.fs.s3a.retry.limit": "1",
}
COMMITS_OF_EVENTS = r"PUT .*/events/_delta_log/\d+\.json"
SECONDS_UNTIL_A_LOCK_IS_LOST = 90  # of a lease of 120: a later commit could pass that of another driver
REGISTRY = r"PUT .*/feast/registry\.db"
Result = tuple[int, str]


@dataclass(frozen=True)
class Shop:
    """A warehouse on S3 with a published night, and files of events that nights ingest."""

    spark: SparkSession
    proxy: Proxy
    files: FileShop
    conf: Config

    def events(self) -> set[str]:
        """The events that readers see."""
        return {row.event_id for row in Warehouse(self.spark, self.conf.warehouse).read(EVENTS).collect()}

    def version(self) -> int | None:
        return Warehouse(self.spark, self.conf.warehouse).version(EVENTS)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Proxy]]:
    with moto(tmp_path_factory.mktemp("moto")) as store, faulty_proxy(str(store.endpoint)) as proxy:
        yield store, proxy


@pytest.fixture(scope="module")
def spark(server: tuple[Store, Proxy], tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    store, proxy = server
    settings = template(store.kind) | SIZES | store.spark | SETTINGS
    settings["spark.hadoop.fs.s3a.endpoint"] = proxy.endpoint
    properties = tmp_path_factory.mktemp("spark") / "spark.conf"
    properties.write_text("".join(f"{key} {value}\n" for key, value in settings.items()), encoding="utf-8")
    os.environ |= store.environment | {"AWS_ENDPOINT_URL_S3": proxy.endpoint}
    os.environ["PYSPARK_SUBMIT_ARGS"] = f"--master local[2] --properties-file {properties} pyspark-shell"
    session = spark_session("faults")
    yield session
    session.stop()


@pytest.fixture(scope="module")
def of_module(
    spark: SparkSession, server: tuple[Store, Proxy], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    store, proxy = server
    files = FileShop(tmp_path_factory.mktemp("files") / "shop", f"{store.uri}/shop", ONLINE)
    with running_redis(tmp_path_factory.mktemp("redis")) as redis:
        os.environ[VARIABLE] = redis.url
        conf = load_config(files.path)
        with only_writer(storage_of(conf.warehouse), "test"):
            for night in (1, 2):
                publish_frames(conf, night)
        yield Shop(spark, proxy, files, conf)


@pytest.fixture
def shop(of_module: Shop) -> Iterator[Shop]:
    yield of_module
    of_module.proxy.faults.clear()


@pytest.fixture
def ended(capsys: pytest.CaptureFixture[str], shop: Shop) -> Callable[[Callable[[], None]], Result]:
    """Runs a command; returns its exit code and the last line that it wrote, after which no fault is left."""

    def run(command: Callable[[], None]) -> Result:
        with pytest.raises(SystemExit) as exited:
            command()
        shop.proxy.faults.clear()
        output = capsys.readouterr()
        assert KEYS["AWS_SECRET_ACCESS_KEY"] not in output.out + output.err
        assert "Traceback" not in output.err
        return int(str(exited.value.code)), (output.err.splitlines() or [""])[-1]

    return run


def night(shop: Shop, day: int) -> Callable[[], None]:
    return partial(main_of, ingest, ["--conf", str(shop.files.path), "--as-of", f"2024-03-{day:02}"])


def return_to_the_previous_night(shop: Shop) -> None:
    run_without_spark(str(shop.files.path), "roll_back", roll_back.roll_back)


def test_a_night_survives_short_throttling_and_slow_answers(
    shop: Shop, ended: Callable[[Callable[[], None]], Result]
) -> None:
    faults = [
        Fault(COMMITS_OF_EVENTS, times=1, delay_seconds=5),
        Fault(COMMITS_OF_EVENTS, times=3, throttles=True),
        Fault(r"PUT .*/lock/writer/", times=1, throttles=True, applied=True),
        Fault(r"PUT .*/items/_delta_log/\d+\.json", times=1, throttles=True, applied=True),
        Fault(r"(GET|HEAD) ", times=6, throttles=True),
    ]
    shop.proxy.faults += faults
    for day in (1, 2, 3):
        shop.files.deliver(day)
    code, line = ended(night(shop, 4))
    assert code == 0, line
    assert [len(fault.met_at) for fault in faults] == [1, 3, 1, 1, 6]
    assert shop.events() == {"e1", "e2", "e3"}


def test_lasting_throttling_of_a_commit_is_one_line_and_readers_see_nothing_of_it(
    shop: Shop, ended: Callable[[Callable[[], None]], Result]
) -> None:
    before, seen = shop.version(), shop.events()
    shop.files.deliver(4)
    fault = Fault(COMMITS_OF_EVENTS, throttles=True)
    shop.proxy.faults.append(fault)
    code, line = ended(night(shop, 5))
    assert code == 1
    assert line.startswith("ingest: The storage of shop/events/_delta_log/")
    assert "throttles requests. The last night stays live; run it again when the store answers." in line
    assert fault.met_at[-1] - fault.met_at[0] < SECONDS_UNTIL_A_LOCK_IS_LOST
    assert (shop.version(), shop.events()) == (before, seen)
    assert shop.files.live(shop.conf) == date(2017, 12, 2)
    code, line = ended(night(shop, 5))
    assert code == 0, line
    assert shop.events() == {*seen, "e4"}


def test_a_store_that_stops_to_answer_is_one_line(shop: Shop, ended: Callable[[Callable[[], None]], Result]) -> None:
    before = shop.version()
    shop.files.deliver(5)
    shop.proxy.faults.append(Fault(r"GET .*/events/", delay_seconds=20))
    code, line = ended(night(shop, 6))
    assert code == 1
    assert line.startswith("ingest: s3a://longtail does not answer, or not in time. Check its address and the network.")
    assert shop.version() == before
    assert shop.files.live(shop.conf) == date(2017, 12, 2)


def test_a_throttled_registry_is_one_line_and_the_live_night_stays(
    shop: Shop, ended: Callable[[Callable[[], None]], Result]
) -> None:
    shop.proxy.faults.append(Fault(REGISTRY, throttles=True))
    code, line = ended(partial(return_to_the_previous_night, shop))
    assert code == 1
    assert line.startswith("roll_back: The registry s3://longtail/shop/feast/registry.db cannot be written: S3 answers")
    assert line.endswith("Run it again when S3 serves.")
    assert shop.files.live(shop.conf) == date(2017, 12, 2)
    shop.proxy.faults.append(Fault(REGISTRY, times=2, throttles=True))
    code, line = ended(partial(return_to_the_previous_night, shop))
    assert code == 0, line
    assert shop.files.live(shop.conf) == date(2017, 12, 1)
