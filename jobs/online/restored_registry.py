"""What a copy of the registry may still say when it comes back."""

from __future__ import annotations

from pathlib import Path

from feast.protos.feast.core.Registry_pb2 import Registry

from jobs.online.catalogue import OURS
from jobs.online.colours import colours_of
from jobs.runtime import clock


def doubt_colours(registry: Path) -> None:
    """Changes the file: its idle colour holds no whole night, and that of the live one is in doubt.

    The copy tells which night each colour held when it was made, and publishes have written over them since. So nobody
    rolls back to what may be half a night, and the next two publishes write all their values, not what differs.
    """
    content = Registry()
    content.ParseFromString(registry.read_bytes())
    for service in content.feature_services:
        tags = dict(service.spec.tags)
        if OURS.items() <= tags.items():
            service.spec.tags.clear()
            service.spec.tags.update(OURS | colours_of(tags).doubted(clock.now()).to_tags())
    registry.write_bytes(content.SerializeToString())
