"""Whether online store and registry answer: asked when a night starts, since it publishes hours later."""

from __future__ import annotations

from contextlib import closing

from jobs.config.configuration import Config
from jobs.config.online import Online
from jobs.online.redis_address import redis_address, server_of
from jobs.online.registry_place import registry_place
from jobs.online.store_failures import store_failures
from jobs.runtime.errors import ConfigurationError, LongtailError

_LIMITS = {"socket_timeout": 10, "socket_connect_timeout": 10}  # seconds


def check_online(conf: Config) -> None:
    """Asks the online store to take a value, and reads the registry; both take seconds, answered or not.

    Raises ConfigurationError that names what does not answer, or refuses, with its remedy.
    """
    try:
        if conf.online.store == "redis":
            _check_redis(conf.online)
        registry_place(conf).read()
    except LongtailError as error:
        raise ConfigurationError(error.problem, error.remedy) from error


def _check_redis(online: Online) -> None:
    """Writes a key that expires at once: a replica or a full server answers reads and refuses a publish."""
    address = redis_address(online)
    # These packages are needed with a Redis store alone.
    from feast.infra.online_stores.redis import RedisOnlineStore
    from redis.backoff import ConstantBackoff
    from redis.retry import Retry

    from jobs.online.redis_connection import RedisConnection

    nodes, parameters = RedisOnlineStore._parse_connection_string(address)
    connection = RedisConnection(nodes, parameters | _LIMITS | {"retry": Retry(ConstantBackoff(1), 1)})
    action = f"Writing to the Redis at {server_of(address)}, which {online.redis_url_variable} names,"
    with store_failures(action, "No step has run."), closing(connection.connect()) as client:
        client.set(f"longtail:{online.project}:start", b"", px=1)
