"""The client for ranking services: its answers, and that it needs only Feast."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import jobs.serving.client
import jobs.serving.client.reading
from features.contract import EVENTS, fallback_lists
from jobs.config.configuration import Config
from jobs.serving.client import (
    OnStale,
    PublishedNight,
    RankedItem,
    StorefrontClient,
    StorefrontUnavailable,
    UserList,
)
from tests.jobs.online.frames import publish_frames, published_in
from tests.jobs.online.nights import reader_of, reader_yaml


@pytest.fixture
def conf(tmp_path: Path) -> Config:
    return published_in(tmp_path)


def test_a_list_with_everything_that_ranking_needs(conf: Config) -> None:
    shown = reader_of(conf).user_list("ann")
    place = RankedItem(rank=1, item_id="1", score=1.0, relevance=1.0, boost=1.0, propensity=1.0, reason="1")
    assert shown.items[0] == place
    assert [item.rank for item in shown.items] == [1, 2]
    assert (shown.known, shown.as_of, shown.model_version) == (True, date(2017, 12, 1), "1")


def test_unknown_shoppers_and_items(conf: Config) -> None:
    client = reader_of(conf)
    assert client.user_list("cleo") == UserList("cleo", False, None, None, ())
    assert client.boosts(["nil", "tea"]) == {"tea": 1.0}
    assert client.boosts([]) == {}
    assert client.items([]) == client.ranking("ann", []) == []
    rows = client.ranking("cleo", ["tea", "nil"])
    assert [row["item_id"] for row in rows] == ["tea", "nil"]
    assert [row["item_exposure__boost"] for row in rows] == [1.0, None]
    assert {row["user_exposure__item_ids"] for row in rows} == {None}


def test_a_client_that_stays_open_follows_the_flip(conf: Config) -> None:
    client = reader_of(conf)
    assert client.user_list("ann").as_of == date(2017, 12, 1)
    publish_frames(conf, 2)
    assert client.user_list("ann").as_of == date(2017, 12, 2)
    assert client.user("ann")["user_features__visit_days_28d"] == 2
    assert client.published() == PublishedNight(date(2017, 12, 2), "r2")


def test_a_wrong_path_raises_instead_of_answering_without_lists(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        StorefrontClient(tmp_path / "reader.yaml")


def test_a_shopper_gets_the_personal_list_else_the_segments_else_everyones(conf: Config) -> None:
    publish_frames(conf, 2, users=("segment:new", "segment:everyone"))
    client = reader_of(conf)
    lists = [client.user_list(user, segment) for user, segment in (("ann", "new"), ("cleo", "new"), ("cleo", "old"))]
    assert [(shown.source, shown.known, len(shown.items)) for shown in lists] == [
        ("personal", True, 2), ("segment", False, 2), ("everyone", False, 2),
    ]  # fmt: skip
    assert {shown.user_id for shown in lists[1:]} == {"cleo"}


def test_withdrawn_and_shown_items_are_left_out(conf: Config) -> None:
    withdrawn: set[str] = set()
    client = reader_of(conf, is_withdrawn=withdrawn.__contains__)
    # The list of the frames holds item "1" twice.
    assert client.user_list("ann", already_shown=["1"]).items == ()
    assert client.reranked({"tea": 0.1, "nil": 0.5}) == [("tea", 1.1), ("nil", 0.5)]
    withdrawn |= {"1", "tea"}
    assert client.user_list("ann").items == ()
    assert client.boosts(["tea", "salt"]) == {"salt": 1.0}
    assert client.reranked({"tea": 0.9, "nil": 0.5}) == [("nil", 0.5)]


def test_an_old_night_is_served_with_a_warning_or_left_out(conf: Config, caplog: pytest.LogCaptureFixture) -> None:
    def client(on_stale: OnStale, today: date) -> StorefrontClient:
        return reader_of(conf, on_stale=on_stale, max_age_days=2, today=lambda: today)

    fresh, old = date(2017, 12, 3), date(2017, 12, 4)
    assert len(client("fall_back", fresh).user_list("ann").items) == 2
    stale = client("fall_back", old).user_list("ann")
    assert (stale.source, stale.items, stale.as_of) == ("stale", (), date(2017, 12, 1))
    assert caplog.messages == ["answers come from the night of 2017-12-01, older than 2 days"]
    caplog.clear()
    warning = client("warn", old)
    assert [len(warning.user_list("ann").items) for _ in range(3)] == [2, 2, 2]
    assert caplog.messages == ["answers come from the night of 2017-12-01, older than 2 days"]
    assert len(client("serve", old).user_list("ann").items) == 2


def test_no_answer_is_older_than_allowed(conf: Config) -> None:
    today = [date(2017, 12, 3)]
    client = reader_of(conf, on_stale="fall_back", today=lambda: today[0])
    assert (client.boosts(["tea"]), client.boosts(["tea"]).as_of) == ({"tea": 1.0}, date(2017, 12, 1))
    assert client.reranked({"tea": 0.1, "nil": 0.5}) == [("tea", 1.1), ("nil", 0.5)]
    fresh = [client.user("ann"), *client.items(["tea"]), *client.ranking("ann", ["tea"])]
    assert not any(None in row.values() for row in fresh)

    today[0] = date(2017, 12, 4)
    assert (client.boosts(["tea"]), client.boosts(["tea"]).as_of) == ({}, date(2017, 12, 1))
    assert client.reranked({"tea": 0.1, "nil": 0.5}) == [("nil", 0.5), ("tea", 0.1)]
    keys = {"user_id": "ann", "item_id": "tea"}
    dates = {"user_exposure__as_of": "2017-12-01", "item_exposure__as_of": "2017-12-01"}
    for row in [client.user("ann"), *client.items(["tea"]), *client.ranking("ann", ["tea"])]:
        assert {name: value for name, value in row.items() if value is not None} == {
            name: value for name, value in (keys | dates).items() if name in row
        }


def test_remembered_lists_grow_old_too(conf: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_frames(conf, 1, users=("segment:new", "segment:everyone"))
    today = [date(2017, 12, 3)]
    client = reader_of(conf, on_stale="fall_back", today=lambda: today[0], failures_to_open=100)
    for user, segment in (("ann", "new"), ("cleo", "new")):
        client.user_list(user, segment)
    publish_frames(conf, 3, users=("segment:everyone",))
    client._reading.store.refresh_registry()
    client.user_list("dora", "new")  # everyone's, of the newer night

    def failing(name: str, keys: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr(client._reading, "read", failing)

    def answer(user: str, segment: str | None) -> tuple[str, bool, int, date | None]:
        shown = client.user_list(user, segment)
        assert (shown.user_id, shown.from_memory) == (user, True)
        return shown.source, shown.known, len(shown.items), shown.as_of

    first, third = date(2017, 12, 1), date(2017, 12, 3)
    assert answer("ann", "new") == ("personal", True, 2, first)
    assert answer("eve", "new") == ("segment", False, 2, first)
    assert answer("eve", None) == ("everyone", False, 2, third)
    today[0] = date(2017, 12, 4)  # the first night is too old now
    assert answer("ann", "new") == ("everyone", False, 2, third)
    today[0] = date(2017, 12, 6)
    assert answer("ann", "new") == ("stale", True, 0, first)


def test_a_client_that_reads_for_months_does_not_grow(conf: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs.serving.client.reading, "MOST_CACHED", 3)
    client = reader_of(conf)
    cached = []
    for _ in range(12):  # every refresh of the registry adds an entry to Feast's cache
        client._reading.store.registry.refresh(client._reading.store.project)
        assert client.user_list("ann").items
        cached.append(len(client._reading.store._feature_service_cache))
    assert 1 < max(cached) <= 4


def test_a_personal_list_that_is_gone_does_not_come_back_from_memory(
    conf: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_frames(conf, 2, users=("gone", "segment:everyone"))
    client = reader_of(conf, on_stale="serve", remembered=1)
    assert client.user_list("gone").source == "personal"
    publish_frames(conf, 3, users=("segment:everyone",))
    client._reading.store.refresh_registry()
    assert client.user_list("gone").source == "everyone"

    def failing(name: str, keys: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr(client._reading, "read", failing)
    assert (client.user_list("gone").source, client.user_list("gone").from_memory) == ("everyone", True)


def test_everyones_list_is_remembered_beyond_the_limit(conf: Config) -> None:
    publish_frames(conf, 2, users=("segment:everyone",))
    client = reader_of(conf, remembered=0)
    for user in ("cleo", "ann", "cleo"):
        assert client.user_list(user).items
    assert list(client._memory._lists) == ["segment:everyone"]


def test_a_store_that_is_down_is_answered_from_memory_and_tried_again_later(
    conf: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_frames(conf, 2, users=("segment:everyone",))
    client = StorefrontClient(reader_yaml(conf), timeout_seconds=10.0, failures_to_open=2, open_seconds=0.5)
    with monkeypatch.context() as down:
        down.setattr(client._reading, "read", lambda name, keys: time.sleep(1))
        with pytest.raises(StorefrontUnavailable, match="no list is remembered"):
            client.with_limits(timeout_seconds=0.2).user_list("ann")
    client.user_list("ann")
    client.user_list("cleo")
    calls: list[str] = []

    def failing(name: str, keys: object) -> None:
        calls.append(name)
        raise OSError("no route")

    with monkeypatch.context() as down:
        down.setattr(client._reading, "read", failing)
        answers = [client.user_list(user) for user in ("ann", "cleo", "dora", "ann", "ben")]
        # Two reads failed, then the circuit breaker is open.
        assert len(calls) == 2
        assert all(answer.from_memory for answer in answers)
        assert [answer.source for answer in answers] == ["personal", "everyone", "everyone", "personal", "everyone"]
        assert answers[2].user_id == "dora"
        with pytest.raises(StorefrontUnavailable, match="circuit breaker is open"):
            client.boosts(["tea"])
        assert client.reranked({"tea": 0.1, "salt": 0.2}) == [("salt", 0.2), ("tea", 0.1)]
        time.sleep(0.6)
        client.user_list("ann")  # one trial read, which fails
        client.user_list("ann")
        assert len(calls) == 3
    time.sleep(0.6)
    assert not client.user_list("ben").from_memory
    assert client.user_list("ben").source == "personal"


def test_exposure_events_are_rows_of_the_contract(conf: Config) -> None:
    shown = reader_of(conf).user_list("ann")
    at = datetime(2017, 12, 1, 8, tzinfo=UTC)
    events = StorefrontClient.exposure_events(shown, "r-1", "tail_shelf", at=at)
    assert [event["position"] for event in events] == [1, 2]
    first = events[0]
    assert (first["user_id"], first["item_id"], first["request_id"]) == ("ann", "1", "r-1")
    assert (first["propensity"], first["policy"], first["event_time"]) == (1.0, "1", at)
    assert (first["list_as_of"], first["list_run_id"]) == (shown.as_of, shown.run_id)
    assert shown.as_of
    assert shown.run_id
    last = StorefrontClient.exposure_events(shown, "r-1", "tail_shelf", shown.items[1:], at)[0]
    assert (last["position"], last["list_rank"]) == (1, 2)  # the storefront left the first item out
    assert len({event["event_id"] for event in events}) == 2
    # An exposure logged twice is one event: its id follows from request, placement, position and item.
    assert events == StorefrontClient.exposure_events(shown, "r-1", "tail_shelf", at=at)
    columns = {column.name for column in EVENTS.columns}
    assert set(first) <= columns - {"visitor_id"}
    of_visitor = StorefrontClient.exposure_events(shown, "r-1", "tail_shelf", at=at, visitor_id="v-1")
    assert of_visitor == [{**event, "visitor_id": "v-1"} for event in events]
    added_by_ingest = {"ingested_at", "event_date"}
    assert set(EVENTS.required) - added_by_ingest <= set(first)


def test_everyones_segment_is_that_of_the_contract() -> None:
    assert jobs.serving.client.EVERYONE == fallback_lists.EVERYONE


ALONE = """
import sys
from pathlib import Path
sys.modules |= dict.fromkeys(("jobs", "features", "model", "pyspark", "mlflow", "torch"))  # their import fails
from client import StorefrontClient
client = StorefrontClient(Path(sys.argv[1]), timeout_seconds=None)
print(client.user_list("ann").as_of, client.boosts(["tea"]), client.published().run_id)
"""


def test_a_copy_of_the_folder_reads_with_feast_alone(conf: Config, tmp_path: Path) -> None:
    shutil.copytree(Path(jobs.serving.client.__file__).parent, tmp_path / "client")
    command = [sys.executable, "-c", ALONE, str(reader_yaml(conf))]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.stdout.strip() == "2017-12-01 {'tea': 1.0} r1", answer.stderr
