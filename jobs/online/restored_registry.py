"""Marks the nights of a restored registry as doubtful."""

from __future__ import annotations

from feast.protos.feast.core.Registry_pb2 import Registry

from jobs.online.catalogue import OURS
from jobs.online.colours import colours_of
from jobs.runtime import clock


def doubt_colours(registry: Registry) -> None:
    """Changes the registry so that its idle colour holds no night and its live colour is in doubt.

    The copy names the nights of the time of the back-up, which later publishes have overwritten. So marked, no
    roll-back can serve a partial night, and the next two publishes send all values instead of the changed ones.
    """
    for service in registry.feature_services:
        tags = dict(service.spec.tags)
        if OURS.items() <= tags.items():
            service.spec.tags.clear()
            service.spec.tags.update(OURS | colours_of(tags).doubted(clock.now()).to_tags())
