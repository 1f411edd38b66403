"""Nights on real Delta tables, published to a real Feast store on SQLite and read by the client."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from features.contract import EXPOSURE_SCORES, FALLBACK_LISTS, ITEM_POTENTIAL
from features.declarations import ITEM_FEATURES, USER_FEATURES
from jobs.config.configuration import Config
from jobs.config.potential import Potential
from jobs.online.store import read_store
from jobs.publish import main as publish_command
from jobs.publish import publish, what_would_change
from jobs.read_online import read_online
from jobs.register_features import register_features
from jobs.roll_back import roll_back
from jobs.runtime.errors import LongtailError, Refused
from jobs.runtime.lock import only_writer
from jobs.runtime.storage import storage_of
from jobs.serving.client import PublishedNight, UserList
from tests.jobs.online.nights import (
    FIRST,
    NIGHTS,
    SECOND,
    THIRD,
    TTL,
    add_plan_run,
    feast_folder,
    night_of,
    publish_night,
    reader_of,
    reader_yaml,
    rewrite,
    run,
)


def is_complete(shown: UserList) -> bool:
    """Whether Ann's list comes from a single night: every number is that of the night as_of."""
    if not shown.known or shown.as_of is None:
        return False
    k = NIGHTS[shown.as_of]
    return [(item.item_id, item.rank, round(item.score, 9)) for item in shown.items] == [
        ("tea", 1, round(0.05 * k, 9)),
        ("salt", 2, round(0.03 * k, 9)),
    ]


def test_a_night_is_read_for_a_shopper_and_for_items(spark: SparkSession, fresh: Config) -> None:
    record = publish_night(spark, fresh, FIRST, "r1")
    assert record.rows == {
        "user_exposure": 3, "item_exposure": 2, "item_potential": 1, "user_features": 2, "item_features": 2,
    }  # fmt: skip
    assert record.decisions["colour"] == "green"
    assert record.model_version == "7"

    client = reader_of(fresh)
    shown = client.user_list("ann")
    assert is_complete(shown)
    assert (shown.as_of, shown.model_version) == (FIRST, "7")
    tea = shown.items[0]
    assert (tea.relevance, tea.boost, tea.propensity, tea.reason) == (0.04, 0.01, 1.0, "bought its kind")
    # gum is planned for another placement only, nil does not exist.
    assert client.boosts(["salt", "gum", "tea", "nil", "tea"]) == {"salt": 0.0, "tea": 0.01}
    assert client.published() == PublishedNight(FIRST, "r1")

    rows = client.ranking("ann", ["tea", "gum"])
    assert set(rows[0]) >= {f"user_features__{feature.name}" for feature in USER_FEATURES}
    assert set(rows[0]) >= {f"item_features__{feature.name}" for feature in ITEM_FEATURES}
    assert not any("blue" in name or "green" in name for name in rows[0])
    assert (rows[0]["item_features__title"], rows[0]["item_features__price_mean_90d"]) == ("tea 茶", 1.0)
    assert rows[0]["item_features__brand"] == ""
    assert (rows[0]["item_potential__potential_responses"], rows[0]["item_potential__audience_count"]) == (0.5, 2)
    assert client.items(["salt"])[0]["item_potential__potential_responses"] is None  # no audience, so not online
    assert rows[0]["user_features__consent_personalisation"] is False
    assert rows[0]["item_exposure__as_of"] == rows[0]["user_exposure__as_of"] == "2017-12-01"
    assert rows[0]["user_exposure__run_id"] == "plan-2017-12-01"
    assert rows[1]["item_features__title"] is None  # not eligible, so not online

    assert [place.item_id for place in client.user_list("nobody").items] == ["salt"]  # everyone's list

    with pytest.raises(Refused, match=r"the night of 2017-12-01 \(green"):  # there is only one night
        roll_back(fresh, "r")


def test_a_night_without_potential_is_published_without_its_view(spark: SparkSession, fresh: Config) -> None:
    shutil.rmtree(Path(fresh.warehouse) / ITEM_POTENTIAL.name)
    unmeasured = fresh.model_copy(update={"potential": Potential(shoppers=0)})
    record = publish_night(spark, unmeasured, FIRST)
    assert record.rows == {"user_exposure": 3, "item_exposure": 2, "user_features": 2, "item_features": 2}
    client = reader_of(unmeasured)
    assert is_complete(client.user_list("ann"))
    assert not any(name.startswith("item_potential") for name in client.items(["tea"])[0])
    shown = read_online(unmeasured, None, "tea")
    assert [line for line in shown.splitlines() if line and line[0] != " "][1:] == ["item_exposure", "item_features"]


def test_before_the_first_publish_every_shopper_is_unknown(spark: SparkSession, fresh: Config) -> None:
    with pytest.raises(LongtailError, match=r"Run jobs/register_features.py"):
        run(publish, spark, fresh, FIRST)
    run(register_features, spark, fresh, FIRST)
    client = reader_of(fresh)
    assert client.published() is None
    assert not client.user_list("ann").known
    with pytest.raises(Refused, match="nothing is published"):
        roll_back(fresh, "r")


def test_the_next_night_is_live_and_a_roll_back_flips_back(
    spark: SparkSession, published: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    client = reader_of(published)
    assert client.user_list("ann").as_of == SECOND
    assert is_complete(client.user_list("ann"))
    roll_back(published, "r")
    assert capsys.readouterr().out == (
        "Live now: the night of 2017-12-01 (green, run run-2017-12-01). "
        "It was: the night of 2017-12-02 (blue, run run-2017-12-02).\n"
    )
    assert is_complete(client.user_list("ann"))
    assert client.user_list("ann").as_of == FIRST
    assert client.boosts(["tea"]) == {"tea": 0.01}
    # After the roll-back the newer date can be published again, over its own colour.
    assert publish_night(spark, published, SECOND).decisions["colour"] == "blue"
    assert client.user_list("ann").as_of == SECOND


def test_an_older_date_is_refused_and_the_same_date_replaces(spark: SparkSession, published: Config) -> None:
    with pytest.raises(Refused, match="2017-12-02 is live") as refusal:
        publish_night(spark, published, FIRST)
    assert refusal.value.exit_code == 3
    rewrite(spark, published, EXPOSURE_SCORES, "as_of = '2017-12-02' AND user_id = 'ann'", reason="'corrected'")
    publish_night(spark, published, SECOND, "r2")
    client = reader_of(published)
    assert [item.reason for item in client.user_list("ann").items] == ["corrected", "corrected"]
    assert client.published() == PublishedNight(SECOND, "r2")


@contextmanager
def corrupting(conf: Config, table: str, feature: str) -> Iterator[None]:
    """A trigger in the database that writes a wrong value of one feature into one table."""
    with sqlite3.connect(feast_folder(conf) / "online.db") as database:
        database.execute(
            f"CREATE TRIGGER corrupt AFTER INSERT ON \"longtail_{table}\" WHEN new.feature_name = '{feature}' "
            f"BEGIN UPDATE \"longtail_{table}\" SET value = x'29000000000000f03f' "  # double_val: 1.0
            "WHERE entity_key = new.entity_key AND feature_name = new.feature_name; END"
        )
    yield
    with sqlite3.connect(feast_folder(conf) / "online.db") as database:
        database.execute("DROP TRIGGER corrupt")


def test_a_wrong_value_online_stops_the_flip(spark: SparkSession, published: Config) -> None:
    with (
        corrupting(published, "item_exposure_green", "boost"),
        pytest.raises(LongtailError, match=r"item_exposure_green failed: boost is read as 1.0, Delta holds 0.0"),
    ):
        publish_night(spark, published, THIRD)
    assert reader_of(published).user_list("ann").as_of == SECOND
    with pytest.raises(Refused):  # the idle colour is not complete
        roll_back(published, "r")
    publish_night(spark, published, THIRD)
    assert is_complete(reader_of(published).user_list("ann"))
    assert reader_of(published).user_list("ann").as_of == THIRD


def test_a_shopper_without_a_list_tonight_is_not_read_from_an_older_night(
    spark: SparkSession, published: Config
) -> None:
    spark.sql(f"DELETE FROM delta.`{published.warehouse}/exposure_scores` WHERE as_of = '{THIRD}' AND user_id = 'ben'")
    publish_night(spark, published, THIRD)  # over the colour in which the first night has a list for ben
    assert reader_of(published).user_list("ann").as_of == THIRD
    assert not reader_of(published).user_list("ben").known


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("DELETE FROM {0}/item_exposure` WHERE as_of = '2017-12-03'", "item_exposure has no rows for 2017-12-03"),
        ("UPDATE {0}/exposure_scores` SET placement = 'x'", "nothing to publish as user_exposure for 2017-12-03"),
        ("UPDATE {0}/exposure_scores` SET model_version = '8' WHERE user_id = 'ben'", "several model versions: 7, 8"),
        (
            "INSERT INTO {0}/user_features` SELECT * FROM {0}/user_features`",
            "user_features .* contain a duplicate user_id",
        ),
        ("DELETE FROM {0}/fallback_lists` WHERE as_of = '2017-12-03'", "fallback_lists has no rows for 2017-12-03"),
        ("UPDATE {0}/fallback_lists` SET shopper_segment = 'new'", "fallback_lists has no list for everyone"),
        ("DELETE FROM {0}/item_potential` WHERE as_of = '2017-12-03'", "item_potential has no rows for 2017-12-03"),
        # Planned again by a run that was killed after the first of the four tables.
        ("UPDATE {0}/exposure_scores` SET run_id = 'killed'", "come from run killed, fallback_lists from plan-2017"),
        (
            "UPDATE {0}/exposure_scores` SET run_id = 'killed' WHERE user_id = 'ann'",
            "come from several runs: killed, plan-",
        ),
        ("DELETE FROM {0}/runs`", "written by run plan-2017-12-03, whose plan_exposure did not complete"),
        ("UPDATE {0}/runs` SET status = 'failed'", "run plan-2017-12-03, whose plan_exposure did not complete"),
        ("UPDATE {0}/runs` SET as_of = '2017-12-02'", "whose plan_exposure did not complete"),
    ],
)
def test_a_night_that_is_incomplete_in_delta_is_not_published(
    spark: SparkSession, published: Config, damage: str, message: str
) -> None:
    spark.sql(damage.format("delta.`" + published.warehouse))
    with pytest.raises(LongtailError, match=message):
        publish_night(spark, published, THIRD)
    roll_back(published, "r")  # the other colour is still complete
    assert is_complete(reader_of(published).user_list("ann"))


def test_a_night_is_published_once_planning_it_again_completes(spark: SparkSession, published: Config) -> None:
    for table in (EXPOSURE_SCORES, FALLBACK_LISTS):
        rewrite(spark, published, table, "as_of = '2017-12-03'", run_id="'again'")
    tables = night_of(spark, published, THIRD).tables
    add_plan_run(spark, tables, THIRD, "again", "failed")
    with pytest.raises(LongtailError, match="did not complete"):
        publish_night(spark, published, THIRD)
    add_plan_run(spark, tables, THIRD, "again")
    publish_night(spark, published, THIRD)
    assert reader_of(published).user("ann")["user_exposure__run_id"] == "again"


def test_a_dry_run_prints_the_differences_and_writes_nothing(spark: SparkSession, published: Config) -> None:
    reader_yaml(published).unlink()
    changed = published.model_copy(update={"online": published.online.model_copy(update={"registry_ttl_seconds": 7})})
    folder = feast_folder(published)

    def contents() -> dict[str, bytes]:  # without SQLite's files, which readers may clean up
        return {file.name: file.read_bytes() for file in folder.iterdir() if not file.name.startswith("online.db")}

    before = contents()
    changes = what_would_change(night_of(spark, changed, THIRD))
    assert "Publishing 2017-12-03 over the night of 2017-12-02 would change" in changes
    assert "user_exposure: 3 entities, live 3" in changes
    assert contents() == before


def test_a_publish_waits_for_another_writer_of_the_warehouse(
    spark: SparkSession, published: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command itself, in a thread, while the lock is held here."""
    conf_path = Path(published.warehouse).parent / "conf.yaml"
    monkeypatch.setattr(sys, "argv", ["publish", "--conf", str(conf_path), "--as-of", str(THIRD)])
    codes: list[object] = []

    def publishing() -> None:
        try:
            publish_command()
        except SystemExit as ended:
            codes.append(ended.code)

    thread = threading.Thread(target=publishing)
    with only_writer(storage_of(published.warehouse), "another publish"):
        thread.start()
        thread.join(1.0)
        assert (codes, thread.is_alive()) == ([], True)
        assert reader_of(published).user_list("ann").as_of == SECOND
    thread.join(120)
    assert codes == [0]
    assert reader_of(published).user_list("ann").as_of == THIRD


@pytest.mark.slow
@pytest.mark.promise
def test_readers_see_neither_a_mix_of_nights_nor_an_error_during_publishes(
    spark: SparkSession, published: Config
) -> None:
    seen: list[date | None] = []
    wrong: list[object] = []
    stop = threading.Event()

    def read() -> None:
        client = reader_of(published)
        while not stop.is_set():
            try:
                shown = client.user_list("ann")
                row = client.ranking("ann", ["tea"])[0]
                k = NIGHTS[date.fromisoformat(row["user_exposure__as_of"])]
                together = {row["item_features__price_mean_90d"], row["item_exposure__allocated"], k}
                if not is_complete(shown) or len(together) != 1 or None in row.values():
                    wrong.append((shown, row))
                seen.append(shown.as_of)
            except Exception as error:
                wrong.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    time.sleep(TTL)
    roll_back(published, "r")
    publish_night(spark, published, THIRD)  # over the second night, live until just now
    publish_night(spark, published, THIRD)
    time.sleep(TTL + 0.5)
    stop.set()
    for reader in readers:
        reader.join()
    assert wrong == []
    assert list(dict.fromkeys(seen)) == [SECOND, FIRST, THIRD]


def test_feast_reads_the_history_of_a_view(spark: SparkSession, published: Config) -> None:
    """The catalogue's sources name the Delta tables: Feast's own point-in-time join finds the night."""
    rows = spark.createDataFrame([("ann", "tea")], "user_id string, item_id string")
    rows = rows.selectExpr("*", "timestamp'2017-12-02 12:00:00' AS event_timestamp").toPandas()
    names = [
        "user_exposure_green:item_ids",
        "item_exposure_green:allocated",
        "user_features_green:visit_days_28d",
        "item_features_green:price_mean_90d",
    ]
    [row] = read_store(published).get_historical_features(rows, names).to_df().to_dict("records")
    spark.conf.unset("spark.sql.parser.quotedRegexColumnNames")  # Feast leaves it on, in the session of all tests
    assert list(row["item_ids"]) == ["tea", "salt"]
    assert (row["allocated"], row["visit_days_28d"], row["price_mean_90d"]) == (2.0, 2, 2.0)
