"""The marks of a view in Redis: by entity a digest of each value, in buckets of some thousand entities."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import Any

# A hash of all shoppers would be one key of gigabytes, on one node, and one command would block the server for seconds.
BUCKET_ENTITIES = 4_096
SCANNED = 10_000  # keys in one step of a scan
_TOLERATED = 4  # buckets four times as full, or as empty, are kept: another number of them means to write everything


@dataclass(frozen=True)
class Marks:
    """Names of the keys: `longtail:<project>:<view>` describes the marks, `…:<buckets>:<bucket>` is one bucket's hash.

    The description has the number of buckets, whether no entity outside them can hold the view (`swept`), and the
    writer that may change them. The number is part of a bucket's key: another number assigns entities to other buckets.
    """

    base: bytes

    def key(self, bucket: int, buckets: int) -> bytes:
        """The hash of a bucket: mark by serialised entity key."""
        return b"%b:%d:%d" % (self.base, buckets, bucket)

    def keys(self, buckets: int) -> list[bytes]:
        """The hashes of all buckets."""
        return [self.key(bucket, buckets) for bucket in range(buckets)]

    def buckets(self, client: Any) -> int | None:
        """Number of buckets in Redis; None where there are none, or marks of an older layout in one hash."""
        number = client.hget(self.base, b"buckets")
        return None if number is None else int(number)

    def held(self, client: Any) -> int:
        """Number of entities in all buckets."""
        with client.pipeline(transaction=False) as pipe:
            for key in self.keys(self.buckets(client) or 0):
                pipe.hlen(key)
            return sum(pipe.execute())

    def drop_others(self, client: Any, buckets: int) -> None:
        """Deletes the hashes of other numbers of buckets, which remain where Redis has lost the description."""
        keep = b"%b:%d:" % (self.base, buckets)
        of_buckets = re.compile(re.escape(self.base) + rb":\d+:\d+")
        for key in client.scan_iter(match=escaped(self.base) + b":*", count=SCANNED, _type="HASH"):
            if of_buckets.fullmatch(key) and not key.startswith(keep):
                client.unlink(key)

    def begin(self, client: Any, entities: int, writer: bytes) -> int:
        """Makes `writer` the one that may write and returns the number of buckets for so many entities.

        Marks of another layout or in another number of buckets are dropped, so that everything is written.
        """
        present = self.buckets(client)
        buckets = buckets_for(entities, present)
        if buckets != present:
            client.unlink(self.base, *(self.keys(present) if present else ()))
            client.hset(self.base, mapping={b"buckets": buckets, b"swept": 0})
        client.hset(self.base, b"writer", writer)
        return buckets

    def swept(self, client: Any) -> bool:
        """Whether no entity outside the buckets can hold the view."""
        return bool(client.hget(self.base, b"swept") == b"1")

    def set_swept(self, client: Any, swept: bool) -> None:
        """Records whether an entity outside the buckets can hold the view."""
        client.hset(self.base, b"swept", int(swept))


def buckets_for(entities: int, present: int | None) -> int:
    """One bucket for BUCKET_ENTITIES entities, or the present number while that is about right."""
    wanted = max(1, -(-entities // BUCKET_ENTITIES))
    if present and present <= _TOLERATED * wanted and wanted <= _TOLERATED * present:
        return present
    return wanted


def bucket_of(entity_id: bytes, buckets: int) -> int:
    """The bucket of an entity, as Spark computes it: crc32(id) % buckets."""
    return zlib.crc32(entity_id) % buckets


def escaped(name: bytes) -> bytes:
    """The name as a SCAN pattern that matches only itself."""
    return re.sub(rb"([*?\[\]^\\])", rb"\\\1", name)
