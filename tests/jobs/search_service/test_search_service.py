"""The search service on a warehouse of one small night that was written without Spark."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from jobs.config.configuration import Config
from jobs.queries.rows import answered
from jobs.queries.saved import save_order
from jobs.runtime.errors import ConfigurationError, LongtailError
from jobs.runtime.storage import LocalStorage
from jobs.search_service import loading
from jobs.search_service.application import application
from jobs.search_service.live_index import LiveIndex
from jobs.search_service.loading import Loader
from jobs.search_service.night_index import NightIndex
from jobs.search_service.workers import BusyError, Workers
from jobs.serving.client import PublishedNight
from model.search.fusion import FusionSettings
from model.search.graded_pairs import GradedPairs
from model.search.search import Search, SearchSettings, fit_search
from tests.jobs.search_service.small_service import (
    NIGHT,
    Online,
    conf_in,
    eventually,
    vectors,
    without_models,
    write_items,
)

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def no_models(monkeypatch: pytest.MonkeyPatch) -> None:
    without_models(monkeypatch)
    monkeypatch.delenv("LONGTAIL_SEARCH_SECRET", raising=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("search")
    write_items(folder / "warehouse")
    return folder


def app_of(conf: Config, online: Online) -> tuple[FastAPI, LiveIndex]:
    index = LiveIndex(online.published, Loader(conf).load)
    return application(conf, index, online), index  # type: ignore[arg-type]


@pytest.fixture
def online() -> Online:
    return Online()


@pytest.fixture
def client(folder: Path, online: Online) -> TestClient:
    app, index = app_of(conf_in(folder), online)
    index.refresh()
    return TestClient(app, base_url="http://localhost")


def ids(answer: dict[str, Any]) -> list[str]:
    return [item["item_id"] for item in answer["items"]]


def test_the_match_is_the_score_of_the_nights_step_and_boosts_order_it(client: TestClient, folder: Path) -> None:
    night = Loader(conf_in(folder)).load(PublishedNight(NIGHT, "run"))
    queries = pd.DataFrame({"query": ["step ladder"]})
    rows, _ = answered(queries, vectors(["step ladder"]), night.items, night.search, 50)
    answer = client.get("/search", params={"q": " Step LADDERS "}).json()
    assert {item["item_id"]: item["match"] for item in answer["items"]} == dict(
        zip(rows["item_id"], rows["score"], strict=True)
    )
    assert (answer["night"], answer["order"], answer["personal"]) == ("2024-03-08", "sum", False)
    assert "gone" not in ids(answer)
    for item in answer["items"]:
        assert item["score"] == pytest.approx(item["match"] + item["boost"])
    assert [item["score"] for item in answer["items"]] == sorted((i["score"] for i in answer["items"]), reverse=True)
    by_match = TestClient(
        _loaded(conf_in(folder, search_service={"boost": 0}), Online()), base_url="http://localhost"
    ).get("/search", params={"q": "step ladder"})
    assert ids(by_match.json()) == rows["item_id"].tolist()


def _loaded(conf: Config, online: Online) -> FastAPI:
    app, index = app_of(conf, online)
    index.refresh()
    return app


def test_a_learnt_order_is_the_one_that_the_night_saved(tmp_path: Path) -> None:
    write_items(tmp_path / "warehouse")
    conf = conf_in(tmp_path)
    published = PublishedNight(NIGHT, "run")
    index = Loader(conf).load(published).search.index
    texts = ["ladder", "lamp", "step ladder", "mug"]
    grades = np.array([[2, 1, 1, 3], [1, 3, 1, 1], [3, 1, 1, 2], [1, 1, 3, 1]], dtype=float)
    pairs = GradedPairs(texts, vectors(texts), np.repeat(np.arange(4), 4), np.tile(np.arange(4), 4), grades.ravel())
    few = FusionSettings(rounds=5, leaves=3, leaf_rows=1)
    learnt = fit_search(index, pairs, SearchSettings(good=2.0, most=3, grades=few, answers=few))
    files = LocalStorage(conf.warehouse)
    save_order(files, tmp_path / "scratch", NIGHT, learnt, "e")
    night = Loader(conf).load(published)
    assert isinstance(night.search, Search)
    assert (night.order, night.search.most) == ("learnt", 3)
    expected = learnt.results("ladder", vectors(["ladder"])[0], 50)
    matches = night.find("ladder", 50, 50, 0.0, {})
    assert [item.match for item in matches] == expected.grade.tolist()
    # Neither an order of another encoder nor a damaged one serves.
    save_order(files, tmp_path / "scratch", NIGHT, learnt, "other")
    assert Loader(conf).load(published).order == "sum"
    save_order(files, tmp_path / "scratch", NIGHT, learnt, "e")
    (tmp_path / "warehouse" / "search" / str(NIGHT) / "grades.txt").unlink()
    assert Loader(conf).load(published).order == "sum"
    # A night that takes the sum removes what an earlier run learnt; old nights go.
    for days in range(20):
        save_order(files, tmp_path / "scratch", NIGHT + timedelta(days), learnt, "e")
    save_order(files, tmp_path / "scratch", NIGHT + timedelta(19), None, "e")
    nights = files.names("search")
    assert len(nights) == 13
    assert nights[-1] == str(NIGHT + timedelta(18))


def test_only_shoppers_with_consent_get_boosts_of_their_own(client: TestClient, online: Online) -> None:
    def boosts(**params: Any) -> tuple[bool, dict[str, float]]:
        answer = client.get("/search", params={"q": "ladder lamp", **params}).json()
        return answer["personal"], {item["item_id"]: item["boost"] for item in answer["items"]}

    shared = {"best": -0.5, "lamp": 0.0, "mug": 0.0, "tall": 0.25}
    assert boosts() == (False, shared)
    assert boosts(user="ann") == (True, shared | {"lamp": 4.0, "tall": 0.0})
    assert boosts(user="bob") == (False, shared)
    assert boosts(user="carl") == (False, shared)
    online.is_down = True
    assert boosts(user="ann") == (False, shared)


def test_the_tail_alone(client: TestClient) -> None:
    answer = client.get("/search", params={"q": "ladder", "tail_only": True, "count": 1}).json()
    assert ids(answer) == ["tall"]
    everything = client.get("/search", params={"q": "ladder"}).json()
    assert answer["items"][0] in everything["items"]
    assert client.get("/search", params={"q": "!?"}).json()["items"] == []


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/search", "q"), ("/search?q=", "q"), (f"/search?q={'x' * 301}", "q"), ("/search?q=a&count=0", "count"),
        ("/search?q=a&count=none", "count"), (f"/search?q=a&user={'u' * 257}", "user"),
        (f"/items/{'i' * 257}", "item_id"),
    ],
)  # fmt: skip
def test_what_is_too_long_or_missing_is_refused_without_an_echo(client: TestClient, path: str, named: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 422
    assert answer.json() == {"problem": f"The request has no valid value of {named}.", "remedy": "See /openapi.json."}


def test_errors_have_no_stack_trace_and_answers_their_headers(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a secret of ann")

    monkeypatch.setattr(NightIndex, "find", broken)
    answer = client.get("/search?q=lamp")
    assert (answer.status_code, answer.json()["problem"]) == (500, "The request failed (RuntimeError).")
    assert "ann" not in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get("/nothing").status_code == 404
    assert client.get("/health", headers={"Host": "elsewhere.example"}).status_code == 400


def test_an_item_is_explained_by_what_the_desk_says(client: TestClient) -> None:
    answer = client.get("/items/gone").json()
    assert (answer["item_id"], answer["title"], answer["night"]) == ("gone", "Garden gnome", "2024-03-08")
    assert any(sentence.startswith("In tonight's lists: Not in the plan:") for sentence in answer["sentences"])
    assert any(s.startswith("In tonight's lists: 0") for s in client.get("/items/tall").json()["sentences"])
    assert client.get("/items/unheard").status_code == 404


def test_metrics_count_routes_and_hold_no_query(client: TestClient) -> None:
    paths = ("/search?q=lamp&user=ann", "/search?q=!", "/items/mug", "/secret-path")
    assert [client.get(path).status_code for path in paths] == [200, 200, 200, 404]
    text = client.get("/metrics").text
    assert 'longtail_search_requests_total{route="/search",status="200"} 2.0' in text
    assert 'longtail_search_requests_total{route="/items/{item_id}",status="200"} 1.0' in text
    assert 'longtail_search_empty_total{route="/search"} 1.0' in text
    assert "longtail_search_items 4.0" in text
    for word in ("lamp", "ann", "mug", "secret-path"):
        assert word not in text


def test_the_description_names_routes_values_and_problems(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    assert set(described["paths"]) == {"/search", "/answer", "/items/{item_id}", "/health", "/metrics"}
    search = described["paths"]["/search"]["get"]
    assert [value["name"] for value in search["parameters"]] == ["q", "user", "count", "tail_only"]
    assert all(value["schema"].get("description") or value.get("description") for value in search["parameters"])
    for status in ("401", "422", "503", "504"):
        assert search["responses"][status]["content"]["application/json"]["schema"]["$ref"].endswith("/Problem")


def test_callers_need_the_secret_where_there_is_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_SEARCH_SECRET", SECRET)
    client = TestClient(_loaded(conf_in(folder), Online()), base_url="http://localhost")
    assert client.get("/search?q=lamp").status_code == 401
    assert client.get("/search?q=lamp", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/metrics").status_code == 401
    assert client.get("/search?q=lamp", headers={"Authorization": f"Bearer {SECRET}"}).status_code == 200
    assert client.get("/health").status_code == 200


def test_other_machines_reach_it_only_with_hosts_and_a_secret(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="hosts is empty"):
        conf_in(folder, search_service={"host": "0.0.0.0"})
    reached = conf_in(folder, search_service={"host": "0.0.0.0", "hosts": ["search.example"]})
    with pytest.raises(ConfigurationError, match="LONGTAIL_SEARCH_SECRET has 0 characters"):
        app_of(reached, Online())
    monkeypatch.setenv("LONGTAIL_SEARCH_SECRET", SECRET)
    named = TestClient(_loaded(reached, Online()), base_url="http://search.example")
    assert named.get("/health").status_code == 200


def test_a_remote_warehouse_is_refused(folder: Path) -> None:
    conf = conf_in(folder).model_copy(update={"warehouse": "s3a://bucket/longtail"})
    with pytest.raises(ConfigurationError, match="Mount the warehouse"):
        Loader(conf)


def test_the_old_night_serves_until_the_new_one_is_loaded(tmp_path: Path, online: Online) -> None:
    write_items(tmp_path / "warehouse")
    conf = conf_in(tmp_path)
    loader = Loader(conf)
    loading_now, go_on = threading.Event(), threading.Event()

    def load(night: PublishedNight) -> NightIndex:
        if night.as_of != NIGHT:
            loading_now.set()
            assert go_on.wait(60)
        return loader.load(night)

    index = LiveIndex(online.published, load)
    client = TestClient(application(conf, index, online), base_url="http://localhost")  # type: ignore[arg-type]
    assert client.get("/health").status_code == 503
    assert client.get("/search?q=lamp").status_code == 503
    index.refresh()
    write_items(tmp_path / "warehouse", NIGHT + timedelta(1), {"new": ("Floor lamp", "cold", True)})
    online.night = PublishedNight(NIGHT + timedelta(1), "run 2")
    refreshing = threading.Thread(target=index.refresh)
    refreshing.start()
    assert loading_now.wait(60)
    assert client.get("/search?q=lamp").json()["night"] == "2024-03-08"
    go_on.set()
    refreshing.join(60)
    answer = client.get("/search?q=floor lamp").json()
    assert (answer["night"], ids(answer)[0]) == ("2024-03-09", "new")
    # A roll-back makes the earlier night live again.
    online.night = PublishedNight(NIGHT, "run")
    index.refresh()
    assert client.get("/health").json()["night"] == "2024-03-08"


def test_a_night_that_cannot_be_loaded_leaves_the_old_one(folder: Path, online: Online) -> None:
    conf = conf_in(folder)
    loads: list[PublishedNight] = []
    loader = Loader(conf)

    def load(night: PublishedNight) -> NightIndex:
        loads.append(night)
        if night.run_id == "broken":
            raise LongtailError("It is broken.", "Mend it.")
        return loader.load(night)

    online.night = None
    index = LiveIndex(online.published, load)
    index.refresh()
    assert index.problem == "No night is published yet."
    online.night = PublishedNight(NIGHT, "run")
    index.refresh()
    index.refresh()
    assert len(loads) == 1
    online.night = PublishedNight(NIGHT, "broken")
    index.refresh()
    index.refresh()
    assert len(loads) == 2
    assert index.current is not None
    assert index.current.run_id == "run"
    client = TestClient(application(conf, index, online), base_url="http://localhost")  # type: ignore[arg-type]
    assert client.get("/health").json()["problem"] == "The night of 2024-03-08 could not be loaded."
    assert "longtail_search_behind 1.0" in client.get("/metrics").text
    assert client.get("/search?q=lamp").status_code == 200


def test_a_night_without_model_or_vectors_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_items(tmp_path / "warehouse")
    loader = Loader(conf_in(tmp_path))
    with pytest.raises(LongtailError, match="No eligible item of 2024-03-10 has a vector by e"):
        loader.load(PublishedNight(NIGHT + timedelta(2), "run"))
    nothing = type("Store", (), {"champion": lambda self, as_of: None})()
    monkeypatch.setattr(loading, "ModelStore", lambda *_: nothing)
    with pytest.raises(LongtailError, match="No champion was trained for 2024-03-08"):
        Loader(conf_in(tmp_path)).load(PublishedNight(NIGHT, "run"))


def test_slow_requests_and_those_beyond_the_bound_are_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, online: Online
) -> None:
    free = threading.Event()

    def slow(*_: Any, **__: Any) -> list[Any]:
        assert free.wait(60)
        return []

    monkeypatch.setattr(NightIndex, "find", slow)
    settings = {"timeout_seconds": 0.05, "threads": 1, "waiting": 0}
    client = TestClient(_loaded(conf_in(folder, search_service=settings), online), base_url="http://localhost")
    assert client.get("/search?q=lamp").status_code == 504
    refused = client.get("/search?q=lamp")  # the first one still has the only thread
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    free.set()


def test_work_that_waited_too_long_is_not_begun() -> None:
    free, begun = threading.Event(), list[int]()

    async def both(workers: Workers) -> None:
        first = asyncio.create_task(workers.result(lambda: free.wait(60)))
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            await workers.result(lambda: begun.append(1))
        with pytest.raises(TimeoutError):
            await first
        free.set()
        assert await asyncio.to_thread(eventually, lambda: workers._pending == 0)
        with pytest.raises(BusyError):
            await Workers(1, -1, 1.0).result(lambda: None)

    asyncio.run(both(Workers(1, 1, 0.05)))
    assert not begun


@pytest.fixture
def running(folder: Path, online: Online) -> Iterator[TestClient]:
    app, _ = app_of(conf_in(folder, search_service={"refresh_seconds": 0.01}), online)
    with TestClient(app, base_url="http://localhost") as client:
        yield client


def test_the_application_loads_the_night_and_stays_up_to_date(running: TestClient, online: Online) -> None:
    assert eventually(lambda: running.get("/health").json()["run_id"] == "run")
    online.night = PublishedNight(NIGHT, "again")
    assert eventually(lambda: running.get("/health").json()["run_id"] == "again")
