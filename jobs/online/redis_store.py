"""Feast's Redis store, made fit for a night at once: a view is replaced in bulk, and nothing old stays in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from feast import FeatureView
from feast.infra.online_stores.helpers import _mmh3
from feast.infra.online_stores.redis import RedisOnlineStore, RedisOnlineStoreConfig, _versioned_fv_name
from feast.repo_config import RepoConfig
from google.protobuf.timestamp_pb2 import Timestamp  # type: ignore[import-untyped]
from redis import Redis

from jobs.online.encoding import EncodedColumn

BATCH = 2_000  # entities sent before their answers are read


class NightRedisOnlineStoreConfig(RedisOnlineStoreConfig):
    """The configuration that Feast looks up beside the class."""

    type: Literal["jobs.online.redis_store.NightRedisOnlineStore"] = "jobs.online.redis_store.NightRedisOnlineStore"


class NightRedisOnlineStore(RedisOnlineStore):
    """Reads are Feast's own, and the fields of an entity are byte for byte what Feast writes.

    Beside them a set a view remembers which entities it holds (`longtail:<project>:<view>`). An entity enters the set
    before its fields are written, so that the set never misses one, wherever a write is stopped.
    """

    def replace_rows(
        self,
        config: RepoConfig,
        view: FeatureView,
        keys: Sequence[bytes],
        columns: Mapping[str, EncodedColumn],
        event_time: datetime,
    ) -> None:
        """Writes all rows, then takes the view's fields from entities that are not among them."""
        client: Any = self._get_client(config.online_store)
        name, project = _versioned_fv_name(view, config), config.project.encode()
        held = _held(config, name)
        stamp = Timestamp()
        stamp.FromDatetime(event_time)
        fields = [f"_ts:{name}".encode(), *(_mmh3(f"{name}:{column}") for column in columns)]
        values = [column.values for column in columns.values()]
        first = _argument(fields[0]) + _argument(stamp.SerializeToString())
        heads = [_argument(field) for field in fields[1:]]
        start = b"*%d\r\n$4\r\nHSET\r\n" % (2 + 2 * len(fields))
        for begin in range(0, len(keys), BATCH):
            batch = range(begin, min(begin + BATCH, len(keys)))
            client.sadd(held, *(keys[row] for row in batch))
            commands = [
                b"".join(
                    [start, _argument(keys[row] + project), first]
                    + [part for head, of in zip(heads, values, strict=True) for part in (head, _argument(of[row]))]
                )
                for row in batch
            ]
            _send(client, commands)
        self._take_away(client, held, project, set(keys), fields)

    def erase(self, config: RepoConfig, view: FeatureView, key: bytes) -> None:
        """Takes the view's fields from the entity; Redis forgets an entity without fields."""
        client: Any = self._get_client(config.online_store)
        name = _versioned_fv_name(view, config)
        fields = [f"_ts:{name}".encode(), *(_mmh3(f"{name}:{field.name}") for field in view.features)]
        client.hdel(key + config.project.encode(), *fields)
        client.srem(_held(config, name), key)

    def entities_held(self, config: RepoConfig, view: FeatureView) -> int:
        client: Any = self._get_client(config.online_store)
        return int(client.scard(_held(config, _versioned_fv_name(view, config))))

    @staticmethod
    def _take_away(client: Any, held: bytes, project: bytes, keep: set[bytes], fields: list[bytes]) -> None:
        gone = [key for key in client.sscan_iter(held, count=10_000) if key not in keep]
        for begin in range(0, len(gone), BATCH):
            batch = gone[begin : begin + BATCH]
            with client.pipeline(transaction=False) as pipe:
                for key in batch:
                    pipe.hdel(key + project, *fields)
                pipe.execute()
            client.srem(held, *batch)


def _held(config: RepoConfig, view: str) -> bytes:
    return f"longtail:{config.project}:{view}".encode()


def _argument(value: bytes) -> bytes:
    """A bulk string of Redis' protocol (RESP)."""
    return b"$%d\r\n%b\r\n" % (len(value), value)


def _send(client: Any, commands: list[bytes]) -> None:
    """Sends packed commands at once and reads every answer; the client's own packing costs most of a publish."""
    if not isinstance(client, Redis):  # a cluster decides by key where a command goes
        with client.pipeline(transaction=False) as pipe:
            for command in commands:
                pipe.execute_command(*_parsed(command))
            pipe.execute()
        return
    pool = client.connection_pool
    connection = pool.get_connection()
    try:
        connection.send_packed_command(commands)
        problems = [answer for answer in (_answer(connection) for _ in commands) if isinstance(answer, Exception)]
    except BaseException:
        connection.disconnect()  # answers that nobody read must not meet the next command
        raise
    finally:
        pool.release(connection)
    if problems:
        raise problems[0]


def _answer(connection: Any) -> Any:
    from redis.exceptions import ResponseError

    try:
        return connection.read_response()
    except ResponseError as error:
        return error


def _parsed(command: bytes) -> Iterator[bytes]:
    """The arguments of a packed command."""
    place = command.index(b"\r\n") + 2
    while place < len(command):
        end = command.index(b"\r\n", place)
        length = int(command[place + 1 : end])
        yield command[end + 2 : end + 2 + length]
        place = end + 2 + length + 2
