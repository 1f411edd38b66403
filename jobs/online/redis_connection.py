"""The connection to Redis as plain values: the driver sends it to the Python workers, which connect by it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from redis import Redis
from redis.cluster import ClusterNode, RedisCluster


@dataclass(frozen=True)
class RedisConnection:
    """Nodes and parameters, the password among them: never printed.

    It travels inside the pickled task, which Spark neither logs nor shows. In spark.executorEnv it would be part of the
    session's configuration, which the web page and the event log of Spark show.
    """

    nodes: list[dict[str, str]] = field(repr=False)
    parameters: dict[str, Any] = field(repr=False)
    is_cluster: bool = False

    def connect(self) -> Any:
        """A client of its own."""
        if self.is_cluster:
            return RedisCluster(startup_nodes=[ClusterNode(**node) for node in self.nodes], **self.parameters)
        return Redis(host=self.nodes[0]["host"], port=int(self.nodes[0]["port"]), **self.parameters)
