"""Commands to Redis, packed here and sent in bulk: the client's own packing takes most of a publish."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from redis import Redis
from redis.exceptions import ResponseError


def argument(value: bytes) -> bytes:
    """A bulk string of Redis' protocol (RESP)."""
    return b"$%d\r\n%b\r\n" % (len(value), value)


def command(name: bytes, arguments: Sequence[bytes]) -> bytes:
    """A command of packed arguments."""
    return b"*%d\r\n%b%b" % (1 + len(arguments), argument(name), b"".join(arguments))


def answers(client: Any, commands: Sequence[bytes]) -> list[Any]:
    """Sends packed commands in order and returns every answer. Raises the first error among them."""
    if not isinstance(client, Redis):  # a cluster routes each command by its key
        with client.pipeline(transaction=False) as pipe:
            for packed in commands:
                pipe.execute_command(*_parsed(packed))
            routed: list[Any] = pipe.execute()
        return routed
    pool = client.connection_pool
    connection = pool.get_connection()
    try:
        connection.send_packed_command(commands)
        received = [_answer(connection) for _ in commands]
    except BaseException:
        connection.disconnect()  # the next command must not read the remaining answers
        raise
    finally:
        pool.release(connection)
    _raise_first(received)
    return received


def _raise_first(received: Iterable[Any]) -> None:
    error = next((answer for answer in received if isinstance(answer, Exception)), None)
    if error is not None:
        raise error


def _answer(connection: Any) -> Any:
    try:
        return connection.read_response()
    except ResponseError as error:
        return error


def _parsed(packed: bytes) -> Iterator[bytes]:
    """The arguments of a packed command."""
    place = packed.index(b"\r\n") + 2
    while place < len(packed):
        end = packed.index(b"\r\n", place)
        length = int(packed[place + 1 : end])
        yield packed[end + 2 : end + 2 + length]
        place = end + 2 + length + 2
