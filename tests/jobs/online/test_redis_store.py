"""Redis as the store of a night: Feast's own bytes, no stale values, wherever a write is stopped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from feast import FeatureStore
from feast.repo_config import RepoConfig

from jobs.config.configuration import Config
from jobs.online import redis_marks, redis_writing
from jobs.online.audit import audit
from jobs.online.catalogue import build_catalogue
from jobs.online.colours import COLOURS
from jobs.online.driver_rows import DriverRows
from jobs.online.erasure import erase_online
from jobs.online.registration import registered_colours
from jobs.online.settings import writer_settings
from jobs.online.store import open_store
from jobs.online.view_rows import WriteTask, Written
from jobs.online.views import online_views
from jobs.online.writing import replace_rows
from jobs.publish import bring_live
from jobs.runtime.errors import LongtailError
from jobs.serving.client import PublishedNight, StorefrontClient
from tests.jobs.online.frames import bring_frames_live, local_rows, publish_frames, rows_of
from tests.jobs.online.nights import reader_of, reader_yaml
from tests.jobs.online.redis_server import PASSWORD, VARIABLE, Server, redis_config, running_redis
from tests.jobs.online.test_sqlite_store import ROWS, VIEW, rows_of_view

pytestmark = [pytest.mark.slow, pytest.mark.promise]

MARKS = "longtail:longtail:everything_blue"
BUCKET_OF_ALL = f"{MARKS}:1:0"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with running_redis(tmp_path) as started:
        monkeypatch.setenv(VARIABLE, started.url)
        yield started


@pytest.fixture
def conf(server: Server, tmp_path: Path) -> Config:
    return redis_config(tmp_path)


def hashes(server: Server) -> dict[bytes, dict[bytes, bytes]]:
    """The entities' hashes, which Feast reads, without our hashes of marks."""
    client: Any = server.client()
    return {key: client.hgetall(key) for key in client.scan_iter() if not key.startswith(b"longtail:")}


def everything(conf: Config) -> tuple[FeatureStore, Any]:
    catalogue = build_catalogue([VIEW])
    store = open_store(conf)
    store.apply([*catalogue.entities.values(), *catalogue.coloured.values()])
    return store, catalogue.coloured["everything", "blue"]


def test_fields_equal_those_of_feasts_own_writer(conf: Config, server: Server, tmp_path: Path) -> None:
    store, coloured = everything(conf)
    replace_rows(store, VIEW, coloured, rows_of_view(ROWS), date(2017, 12, 1))
    ours = hashes(server)
    server.client().flushall()

    settings = writer_settings(conf)
    settings["online_store"]["type"] = "redis"
    theirs = FeatureStore(config=RepoConfig(**settings))
    theirs.write_to_online_store(coloured.name, ROWS.assign(as_of=datetime(2017, 12, 1, tzinfo=UTC)))
    assert len(ours) == 3
    assert ours == hashes(server)


def test_a_second_write_replaces_the_first_and_leaves_other_views_alone(conf: Config, server: Server) -> None:
    store, coloured = everything(conf)
    green = build_catalogue([VIEW]).coloured["everything", "green"]
    replace_rows(store, VIEW, coloured, rows_of_view(ROWS), date(2017, 12, 1))
    replace_rows(store, VIEW, green, rows_of_view(ROWS), date(2017, 12, 1))
    # The same night again, with one value corrected and two entities gone.
    replace_rows(store, VIEW, coloured, rows_of_view(ROWS.iloc[:1].assign(price=[7.5])), date(2017, 12, 1))
    online = store.get_online_features(["everything_blue:price"], {"item_id": ["2", "10"]}).to_dict()
    assert online["price"] == [7.5, None]
    online = store.get_online_features(["everything_green:price"], {"item_id": ["2", "10"]}).to_dict()
    assert online["price"] == [0.1, 0.0]
    replace_rows(store, VIEW, green, rows_of_view(ROWS.iloc[:0]), date(2017, 12, 1))
    assert len(hashes(server)) == 1  # an entity without fields is deleted


def test_the_next_write_completes_a_stopped_one(conf: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    store, coloured = everything(conf)
    many = pd.concat([ROWS.assign(item_id=[f"{n}-{place}" for n in range(3)]) for place in range(20)])
    monkeypatch.setattr(redis_writing, "BATCH", 10)
    send, sent = redis_writing.answers, []

    def stopping(client: Any, commands: list[bytes]) -> list[Any]:
        sent.append(len(commands))
        if len(sent) == 3:
            raise KeyboardInterrupt
        return send(client, commands)

    with monkeypatch.context() as stopped:
        stopped.setattr(redis_writing, "answers", stopping)
        with pytest.raises(KeyboardInterrupt):
            replace_rows(store, VIEW, coloured, rows_of_view(many), date(2017, 12, 1))
    # The rerun has other rows; nothing of the stopped write remains.
    replace_rows(store, VIEW, coloured, rows_of_view(ROWS), date(2017, 12, 1))
    assert str(audit(store, VIEW, coloured, rows_of_view(ROWS), 100, 1)) == "all 3"
    online = store.get_online_features(["everything_blue:price"], {"item_id": many["item_id"].tolist()}).to_dict()
    assert set(online["price"]) == {None}


def test_equal_values_of_a_complete_view_are_not_sent(conf: Config, server: Server) -> None:
    store, coloured = everything(conf)
    values = len(VIEW.fields)
    assert replace_rows(store, VIEW, coloured, rows_of_view(ROWS), date(2017, 12, 1)) == 3 * values
    #        item  change from the previous night
    #        2     price
    #        10    none
    #        1     gone
    #        new   all
    tonight = pd.concat([ROWS.iloc[:2].assign(price=[7.5, ROWS.price[1]]), ROWS.iloc[2:].assign(item_id=["new"])])
    assert (
        replace_rows(store, VIEW, coloured, rows_of_view(tonight), date(2017, 12, 3), changed_only=True)
        == 1 + 0 + values
    )
    before = hashes(server)
    assert replace_rows(store, VIEW, coloured, rows_of_view(tonight), date(2017, 12, 3)) == 3 * values
    assert before == hashes(server)  # changed or not, every row has the time of the night
    server.client().flushall()
    replace_rows(store, VIEW, coloured, rows_of_view(tonight), date(2017, 12, 3))
    assert before == hashes(server)  # nothing remains of the removed item


@pytest.mark.parametrize(
    "lost", ["an entity", "some fields of it", "a bucket of marks", "their description", "marks of an older layout"]
)
def test_values_that_redis_has_lost_are_sent_again(conf: Config, server: Server, lost: str) -> None:
    store, coloured = everything(conf)
    replace_rows(store, VIEW, coloured, rows_of_view(ROWS), date(2017, 12, 1))
    client: Any = server.client()
    entity = next(iter(hashes(server)))
    if lost == "an entity":
        client.delete(entity)
    elif lost == "some fields of it":
        client.hdel(entity, *client.hkeys(entity)[:5], "_ts:everything_blue")
    elif lost == "a bucket of marks":
        client.delete(BUCKET_OF_ALL)
    else:
        client.delete(MARKS)
        if lost == "marks of an older layout":
            client.hset(MARKS, mapping=client.hgetall(BUCKET_OF_ALL))
            client.delete(BUCKET_OF_ALL)
    sent = replace_rows(store, VIEW, coloured, rows_of_view(ROWS), date(2017, 12, 2), changed_only=True)
    # The bucket alone describes what Redis holds: without its description only the sweep is needed.
    rewritten = {"a bucket of marks": 3, "their description": 0, "marks of an older layout": 3}
    assert sent == len(VIEW.fields) * rewritten.get(lost, 1)
    assert client.hgetall(MARKS).keys() == {b"buckets", b"swept", b"writer"}
    assert client.hget(MARKS, "swept") == b"1"
    assert str(audit(store, VIEW, coloured, rows_of_view(ROWS), 100, 1)) == "all 3"
    assert len(hashes(server)) == 3


@pytest.mark.parametrize("lost", [BUCKET_OF_ALL, MARKS])
def test_removed_entities_are_deleted_even_if_the_marks_are_lost(conf: Config, server: Server, lost: str) -> None:
    store, coloured = everything(conf)
    green = build_catalogue([VIEW]).coloured["everything", "green"]
    for view in (coloured, green):
        replace_rows(store, VIEW, view, rows_of_view(ROWS), date(2017, 12, 1))
    client: Any = server.client()
    client.delete(lost)
    client.hset(b"othertongue", b"_ts:everything_blue", b"of another project")
    replace_rows(store, VIEW, coloured, rows_of_view(ROWS.iloc[:1]), date(2017, 12, 2), changed_only=True)
    items = {"item_id": ROWS["item_id"].tolist()}
    assert store.get_online_features(["everything_blue:price"], items).to_dict()["price"] == [0.1, None, None]
    assert None not in store.get_online_features(["everything_green:price"], items).to_dict()["price"][:2]
    assert client.hgetall(b"othertongue") == {b"_ts:everything_blue": b"of another project"}


def test_the_number_of_buckets_follows_the_entities(
    conf: Config, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not at once: everything is written again when it changes."""
    monkeypatch.setattr(redis_marks, "BUCKET_ENTITIES", 1)
    store, coloured = everything(conf)
    many = pd.concat([ROWS.assign(item_id=[f"{n}-{place}" for n in range(3)]) for place in range(6)])

    def write(rows: pd.DataFrame) -> int:
        return replace_rows(store, VIEW, coloured, rows_of_view(rows), date(2017, 12, 1), changed_only=True)

    def buckets() -> set[bytes]:
        client: Any = server.client()
        return {key.split(b":")[3] for key in client.scan_iter(match=f"{MARKS}:*")}

    assert (write(ROWS), buckets()) == (3 * len(VIEW.fields), {b"3"})
    assert (write(many), buckets()) == (18 * len(VIEW.fields), {b"18"})
    assert len(hashes(server)) == 18  # the first three have left
    assert (write(many.iloc[:5]), buckets()) == (0, {b"18"})
    assert len(hashes(server)) == 5
    assert str(audit(store, VIEW, coloured, rows_of_view(many.iloc[:5]), 100, 1)) == "all 5"
    assert [redis_marks.buckets_for(n, None) for n in (0, 1, 2, 9)] == [1, 1, 2, 9]
    assert [redis_marks.buckets_for(n, 8) for n in (1, 2, 32, 33)] == [1, 8, 8, 33]


def test_a_second_attempt_at_rows_writes_the_same(conf: Config, server: Server) -> None:
    """As Spark makes it after a lost executor, or while a slow attempt is still running."""
    store, coloured = everything(conf)
    replace_rows(store, VIEW, coloured, rows_of_view(ROWS), date(2017, 12, 1))
    expected = hashes(server)
    server.client().flushall()

    class Twice(DriverRows):
        def written_by(self, task: WriteTask, buckets: int) -> list[Written]:
            DriverRows(self.join_key, self.table.slice(0, 2)).written_by(task, buckets)
            written = super().written_by(task, buckets)
            assert super().written_by(task, buckets) == written
            return written

    replace_rows(store, VIEW, coloured, Twice(VIEW.join_key, rows_of_view(ROWS).table), date(2017, 12, 1))
    assert hashes(server) == expected
    assert str(audit(store, VIEW, coloured, rows_of_view(ROWS), 100, 1)) == "all 3"


def test_a_leftover_of_a_killed_publish_does_not_write_into_the_next(conf: Config, server: Server) -> None:
    store, coloured = everything(conf)

    class Overtaken(DriverRows):
        def written_by(self, task: WriteTask, buckets: int) -> list[Written]:
            replace_rows(store, VIEW, coloured, rows_of_view(ROWS), date(2017, 12, 2))
            return super().written_by(task, buckets)

    old = rows_of_view(ROWS.assign(price=[1.0, 2.0, 3.0]))
    with pytest.raises(LongtailError, match="Another publish writes everything_blue"):
        replace_rows(store, VIEW, coloured, Overtaken(VIEW.join_key, old.table), date(2017, 12, 1))
    assert str(audit(store, VIEW, coloured, rows_of_view(ROWS), 100, 1)) == "all 3"


def test_marks_of_other_features_are_ignored(conf: Config) -> None:
    store, coloured = everything(conf)
    replace_rows(store, VIEW, coloured, rows_of_view(ROWS), date(2017, 12, 1))
    fewer = store.get_feature_view(coloured.name)
    fewer.features = [field for field in fewer.features if field.name != "price"]
    sent = replace_rows(store, VIEW, fewer, rows_of_view(ROWS), date(2017, 12, 2), changed_only=True)
    assert sent == 3 * len(fewer.features)


def test_a_night_on_redis_is_read_by_the_client_and_corrected(conf: Config) -> None:
    publish_frames(conf, 1)
    client = reader_of(conf)
    assert client.user_list("ann").items[0].score == 1.0
    for night in (2, 3):
        bring_frames_live(conf, night)
    assert client.user_list("ann").items[0].score == 3.0
    # The third night again with corrected rows, written over the second: equal values are not sent.
    catalogue, store = build_catalogue(online_views(conf)), open_store(conf)
    frames = {view.name: rows_of(view, 3) for view in catalogue.views}
    lists = frames["user_exposure"]
    ann = lists["user_id"] == "ann"
    lists.loc[ann, "scores"] = pd.Series([[7.0, 7.0]], index=lists.index[ann])
    rows = {view.name: local_rows(view, frames[view.name]) for view in catalogue.views}
    bring_live(conf, date(2017, 12, 3), "corrected", catalogue, store, registered_colours(store), rows)
    assert client.user_list("ann").items[0].score == 7.0
    assert client.user_list("ben").items[0].score == 3.0
    assert client.published() == PublishedNight(date(2017, 12, 3), "corrected")


def test_a_forgotten_shopper_is_in_no_key_and_no_value(conf: Config, server: Server) -> None:
    gone, stays = "SHOPPER-777", "SHOPPER-888"
    for night in (1, 2):  # one in each colour
        publish_frames(conf, night, users=(gone, stays))
    before = contents(server)
    assert gone.encode() in before
    views = online_views(conf)
    of_shoppers = [view.name for view in views if view.entity == "user"]
    erased = erase_online(open_store(conf), views, gone)
    assert sorted(erased) == sorted(f"{name}_{colour}" for name in of_shoppers for colour in COLOURS)
    after = contents(server)
    assert gone.encode() not in after
    assert after.count(stays.encode()) == before.count(stays.encode()) > 0
    assert erase_online(open_store(conf), views, gone) == erased  # a second run after a crash completes


def test_a_forgotten_shopper_leaves_no_value_of_an_undeclared_feature(conf: Config, server: Server) -> None:
    publish_frames(conf, 1, users=("SHOPPER-777",))
    client: Any = server.client()
    [key] = [key for key in client.scan_iter() if b"SHOPPER-777" in key]
    client.hset(key, b"of a feature dropped since", b"1")
    client.hset("longtail:longtail:a_view_dropped_since", key.removesuffix(b"longtail"), b"")
    erase_online(open_store(conf), online_views(conf), "SHOPPER-777")
    assert b"SHOPPER-777" not in contents(server)


def test_an_unreachable_redis_stops_an_erasure_before_the_tables(conf: Config, server: Server) -> None:
    publish_frames(conf, 1, users=("SHOPPER-777",))
    store, views = open_store(conf), online_views(conf)
    server.kill()
    with pytest.raises(LongtailError, match="Redis cannot be reached") as error:
        erase_online(store, views, "SHOPPER-777")
    assert "Nothing was erased from the tables yet; run forget again" in str(error.value)


def contents(server: Server) -> bytes:
    """Every key and every value that the server holds."""
    client: Any = server.client()
    read = {b"hash": client.hgetall, b"set": client.smembers, b"string": client.get}
    return b"\n".join(key + b" " + repr(read[client.type(key)](key)).encode() for key in client.scan_iter())


@pytest.mark.parametrize("failure", ["it dies", "its memory is full"])
def test_a_redis_that_fails_during_a_publish_stops_it_before_the_flip(
    conf: Config, server: Server, monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    for night in (1, 2):
        publish_frames(conf, night)
    before = registered_colours(open_store(conf))
    send, sent = redis_writing.answers, []

    def failing(client: Any, commands: list[bytes]) -> list[Any]:
        sent.append(len(commands))
        if len(sent) == 3 and failure == "it dies":
            server.kill()
        elif len(sent) == 3:
            client.config_set("maxmemory", 1)
        return send(client, commands)

    monkeypatch.setattr(redis_writing, "answers", failing)
    problem = {"it dies": "Redis cannot be reached", "its memory is full": "Redis has no memory left"}[failure]
    with pytest.raises(LongtailError, match=rf"{problem} .* run publish again") as error:
        bring_frames_live(conf, 3)
    assert PASSWORD not in str(error.value)
    after = registered_colours(open_store(conf))
    assert (after.live, after.live_night) == (before.live, before.live_night)
    assert (before.idle_night is None, after.idle_night) == (False, None)  # no roll-back serves a partial night
    if failure == "its memory is full":
        assert reader_of(conf).user_list("ann").items[0].score == 2.0
        server.client().config_set("maxmemory", 0)
        bring_frames_live(conf, 3)
        assert reader_of(conf).user_list("ann").items[0].score == 3.0


def test_a_night_is_published_through_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_redis(tmp_path, tls=True) as server:
        monkeypatch.setenv(VARIABLE, server.url)
        conf = redis_config(tmp_path)
        publish_frames(conf, 1)
        assert StorefrontClient(reader_yaml(conf), timeout_seconds=None).user_list("ann").items[0].score == 1.0
        monkeypatch.setenv(VARIABLE, server.url.partition(",ssl")[0])
        with pytest.raises(LongtailError, match="Redis cannot be reached"):
            publish_frames(conf, 2)


def test_the_error_for_a_wrong_password_does_not_show_it(
    conf: Config, monkeypatch: pytest.MonkeyPatch, server: Server
) -> None:
    monkeypatch.setenv(VARIABLE, f"127.0.0.1:{server.port},password=wrong-one")
    with pytest.raises(LongtailError, match="refuses the user or the password") as error:
        publish_frames(conf, 1)
    assert "wrong-one" not in str(error.value)
    assert "wrong-one" not in reader_yaml(conf).read_text()
