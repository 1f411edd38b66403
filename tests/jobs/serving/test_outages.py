"""What counts as an outage, what the client answers in one, and what it reports of it."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ReadTimeoutError
from feast.errors import FeatureServiceNotFoundException
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import DataError as RedisDataError
from redis.exceptions import TimeoutError as RedisTimeoutError

from jobs.config.configuration import Config
from jobs.serving.client import BOOST, LIST, StorefrontClient, StorefrontUnavailable, UserList
from tests.jobs.online.frames import publish_frames, published_in
from tests.jobs.online.nights import reader_of


@pytest.fixture
def conf(tmp_path: Path) -> Config:
    return published_in(tmp_path)


WRONG: list[Callable[[Any], object]] = [
    lambda client: client.user_list(1234),
    lambda client: client.user_list(np.int64(1234)),
    lambda client: client.user_list(b"ann"),
    lambda client: client.user_list("ann", segment=3),
    lambda client: client.user_list("ann", already_shown="77"),
    lambda client: client.user_list("ann", already_shown=[77]),
    lambda client: client.session_list(1234, []),
    lambda client: client.session_list("ann", "77"),
    lambda client: client.session_list("ann", [77]),
    lambda client: client.session_list("ann", None),
    lambda client: client.session_list("ann", [], segment=3),
    lambda client: client.session_list("ann", [], already_shown=[77]),
    lambda client: client.boosts([1, 2]),
    lambda client: client.boosts(["tea", None]),
    lambda client: client.boosts(["tea", float("nan")]),
    lambda client: client.boosts("tea"),
    lambda client: client.boosts(None),
    lambda client: client.reranked({1: 0.5}),
    lambda client: client.live_factors([1]),
    lambda client: client.exposure_events(UserList("ann", False, None, None, ()), "r-1", "shelf", visitor_id=1),
    lambda client: client.user(None),
    lambda client: client.items([None]),
    lambda client: client.ranking(7, ["tea"]),
    lambda client: client.ranking("ann", [7]),
]


@pytest.mark.parametrize("call", WRONG)
def test_a_wrong_call_is_its_callers_error_and_no_one_elses(conf: Config, call: Callable[[Any], object]) -> None:
    client = reader_of(conf, failures_to_open=1, open_seconds=60)
    with pytest.raises(TypeError):
        call(client)
    assert client.boosts(["tea"]) == {"tea": 1.0}
    assert client.stats().breaker_opened == 0


def test_an_error_names_no_shopper(conf: Config) -> None:
    with pytest.raises(TypeError, match=r"^user_id is of type int; give a text"):
        reader_of(conf).user_list(1234)  # type: ignore[arg-type]


@pytest.mark.parametrize("no_id", [None, ""])
def test_a_visitor_without_an_id_gets_the_segments_or_everyones_list(conf: Config, no_id: str | None) -> None:
    publish_frames(conf, 2, users=("segment:new", "segment:everyone"))
    client = reader_of(conf)
    everyones = client.user_list(no_id)
    assert (everyones.user_id, everyones.source, everyones.known) == ("", "everyone", False)
    assert client.user_list(no_id, "new").source == "segment"
    assert client.exposure_events(everyones, "r-1", "tail_shelf") == []  # an event names a shopper or a visitor
    rows = client.exposure_events(everyones, "r-1", "tail_shelf", visitor_id="v-1")
    assert [(row["user_id"], row["visitor_id"], row["position"]) for row in rows] == [
        (None, "v-1", 1), (None, "v-1", 2),
    ]  # fmt: skip


def failing_with(client: StorefrontClient, error: Exception, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Makes every read fail; returns the services that are asked from now on."""
    asked: list[str] = []

    def failing(service: str, keys: object) -> None:
        asked.append(service)
        raise error

    monkeypatch.setattr(client._reading, "read", failing)
    return asked


@pytest.mark.parametrize(
    "error",
    [
        KeyError("user_exposure__item_ids"),
        ValueError("no type"),
        AttributeError("val"),
        sqlite3.ProgrammingError("Incorrect number of bindings supplied"),
        RedisDataError("Invalid input of type"),
    ],
)
def test_a_missing_field_or_a_wrong_value_is_no_outage(
    conf: Config, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    client = reader_of(conf, failures_to_open=1, open_seconds=60)
    client.user_list("ann")
    with monkeypatch.context() as wrong:
        failing_with(client, error, wrong)
        for _ in range(2):
            with pytest.raises(type(error)):
                client.user_list("ann")
    assert not client.user_list("ann").from_memory
    assert (client.stats().services[LIST].errors, client.stats().breaker_opened) == (2, 0)


@pytest.mark.parametrize(
    ("error", "counted"),
    [
        (OSError("no route"), "failed"),
        (ConnectionResetError(), "failed"),
        (sqlite3.OperationalError("disk I/O error"), "failed"),
        (RedisConnectionError("refused"), "failed"),
        (ReadTimeoutError(endpoint_url="s3"), "timed_out"),
        (RedisTimeoutError("Timeout reading from socket"), "timed_out"),
        (TimeoutError(), "timed_out"),
    ],
)
def test_failures_of_the_store_open_the_breaker(
    conf: Config, monkeypatch: pytest.MonkeyPatch, error: Exception, counted: str
) -> None:
    client = reader_of(conf, failures_to_open=2, open_seconds=60)
    asked = failing_with(client, error, monkeypatch)
    for _ in range(3):
        with pytest.raises(StorefrontUnavailable):
            client.boosts(["tea"])
    of_boosts = client.stats().services[BOOST]
    assert (getattr(of_boosts, counted), of_boosts.refused, len(asked)) == (2, 1, 2)
    assert client.stats().breaker_is_open


def test_the_live_night_is_unavailable_in_an_outage(conf: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    client = reader_of(conf, failures_to_open=1)

    def failing(*_: object, **__: object) -> None:
        raise RedisConnectionError("refused")

    monkeypatch.setattr(client._reading.store, "get_feature_service", failing)
    with pytest.raises(StorefrontUnavailable):
        client.published()
    assert client.stats().breaker_is_open


def test_opening_and_closing_are_logged_and_counted_once(
    conf: Config, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = reader_of(conf, on_stale="serve", failures_to_open=2, open_seconds=0.2)
    with monkeypatch.context() as down, caplog.at_level(logging.INFO, "longtail.storefront"):
        failing_with(client, OSError("host-with-secret:6379"), down)
        for _ in range(4):
            client.reranked({"tea": 0.1})
        time.sleep(0.3)
        client.reranked({"tea": 0.1})  # a trial, which fails
    time.sleep(0.3)
    client.boosts(["tea"])
    client.boosts(["tea"])
    assert caplog.messages[0] == (
        "circuit breaker opened: 2 calls in a row failed, the last with OSError; next trial in 0.2 s"
    )
    assert caplog.messages[1].startswith("circuit breaker closed: the store answers again after ")
    assert len(caplog.messages) == 2
    stats = client.stats()
    assert (stats.breaker_opened, stats.breaker_closed, stats.breaker_is_open) == (1, 1, False)
    of_boosts = stats.services[BOOST]
    assert (of_boosts.failed, of_boosts.refused, of_boosts.answered) == (3, 2, 2)


def test_a_trial_that_says_nothing_of_the_store_is_repeated_at_once(
    conf: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = reader_of(conf, failures_to_open=1, open_seconds=0.2)
    with monkeypatch.context() as down:
        failing_with(client, OSError(), down)
        with pytest.raises(StorefrontUnavailable):
            client.boosts(["tea"])
    time.sleep(0.3)
    with monkeypatch.context() as wrong:
        failing_with(client, KeyError("boost"), wrong)
        with pytest.raises(KeyError):
            client.boosts(["tea"])
    assert client.boosts(["tea"]) == {"tea": 1.0}
    assert not client.stats().breaker_is_open


def test_boosts_come_from_memory_in_an_outage(conf: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    withdrawn: set[str] = set()
    today = [date(2017, 12, 3)]
    client = reader_of(
        conf, on_stale="fall_back", today=lambda: today[0], failures_to_open=100, is_withdrawn=withdrawn.__contains__
    )
    client.boosts(["tea", "salt", "nil"])
    publish_frames(conf, 2)
    client._reading.store.refresh_registry()
    assert (client.boosts(["tea"]), client.boosts(["tea"]).from_memory) == ({"tea": 2.0}, False)
    failing_with(client, OSError(), monkeypatch)

    def remembered(*items: str) -> tuple[dict[str, float], date | None]:
        answer = client.boosts(list(items))
        assert answer.from_memory
        return dict(answer), answer.as_of

    first, second = date(2017, 12, 1), date(2017, 12, 2)
    assert remembered("tea") == ({"tea": 2.0}, second)
    assert remembered("tea", "unseen") == ({"tea": 2.0}, second)
    # An answer is of one night: that of most items, the newer one of two.
    assert remembered("tea", "salt") == ({"tea": 2.0}, second)
    assert remembered("tea", "salt", "nil") == ({"salt": 1.0}, first)
    assert client.reranked({"tea": 0.1, "unseen": 0.5}) == [("tea", 2.1), ("unseen", 0.5)]
    with pytest.raises(StorefrontUnavailable):
        client.boosts(["unseen"])
    today[0] = date(2017, 12, 4)  # the first night is too old now
    assert remembered("tea", "salt", "nil") == ({"tea": 2.0}, second)
    assert remembered("salt") == ({}, first)
    withdrawn.add("tea")
    assert remembered("tea") == ({}, second)
    assert client.stats().services[BOOST].from_memory == 8


def test_only_the_last_boosts_are_remembered(conf: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    client = reader_of(conf, on_stale="serve", remembered_boosts=1)
    client.boosts(["tea", "salt"])
    failing_with(client, OSError(), monkeypatch)
    assert client.boosts(["tea", "salt"]) == {"salt": 1.0}


def test_a_failed_call_is_tried_again_within_its_time(conf: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    client = reader_of(conf, on_stale="serve", retries=2, failures_to_open=1)
    read, tries = client._reading.read, iter([OSError("reset"), OSError("reset")])

    def twice_failing(service: str, keys: Any) -> object:
        error = next(tries, None)
        if error is not None:
            raise error
        return read(service, keys)

    monkeypatch.setattr(client._reading, "read", twice_failing)
    assert client.boosts(["tea"]) == {"tea": 1.0}
    of_boosts = client.stats().services[BOOST]
    assert (of_boosts.answered, of_boosts.retries, of_boosts.failed) == (1, 2, 0)
    asked = failing_with(client, KeyError("boost"), monkeypatch)
    with pytest.raises(KeyError):
        client.boosts(["tea"])
    assert len(asked) == 1  # trying again helps against failures of the store only


def test_the_tries_of_a_call_share_its_time(conf: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    client = reader_of(conf, failures_to_open=1)
    hasty = client.with_limits(timeout_seconds=0.3, retries=5)
    tries: list[float] = []

    def slow(service: str, keys: object) -> None:
        tries.append(time.monotonic())
        time.sleep(0.2)
        raise OSError

    monkeypatch.setattr(client._reading, "read", slow)
    started = time.monotonic()
    with pytest.raises(StorefrontUnavailable, match="TimeoutError"):
        hasty.boosts(["tea"])
    assert time.monotonic() - started < 0.5
    assert len(tries) == 2
    assert client.stats().services[BOOST].timed_out == 1
    with pytest.raises(StorefrontUnavailable, match="circuit breaker is open"):
        client.boosts(["tea"])  # breaker and statistics are those of one store


@pytest.mark.parametrize(("timeout_seconds", "retries"), [(0.0, 0), (-1.0, 0), (1.0, -1)])
def test_limits_that_allow_nothing_are_refused(conf: Config, timeout_seconds: float, retries: int) -> None:
    with pytest.raises(ValueError, match=r"timeout_seconds|retries"):
        reader_of(conf).with_limits(timeout_seconds, retries)


def test_latencies_are_quantiles_of_the_calls(conf: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    client = reader_of(conf, on_stale="serve")
    assert client.stats().services == {}
    for _ in range(3):
        client.boosts(["tea"])
    for seconds in range(1, 98):
        client._reading.calls.count(BOOST, "answered", float(seconds))
    of_boosts = client.stats().services[BOOST]
    assert (of_boosts.answered, of_boosts.median_ms, of_boosts.p95_ms, of_boosts.p99_ms) == (
        100, 47_000.0, 92_000.0, 96_000.0,
    )  # fmt: skip


def test_nothing_published_is_no_outage(conf: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    client = reader_of(conf, failures_to_open=1)
    failing_with(client, FeatureServiceNotFoundException(LIST, "longtail"), monkeypatch)
    with pytest.raises(FeatureServiceNotFoundException):
        client.user_list("ann")
    of_lists = client.stats().services[LIST]
    assert (of_lists.unpublished, of_lists.errors, client.stats().breaker_is_open) == (1, 0, False)


def test_a_visitor_gets_no_shoppers_list_from_memory(conf: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    client = reader_of(conf, on_stale="serve", failures_to_open=100)
    assert client.user_list(None) == UserList("", False, None, None, ())
    client.user_list("ann")
    failing_with(client, OSError(), monkeypatch)
    with pytest.raises(StorefrontUnavailable, match="no list is remembered"):
        client.user_list(None)
