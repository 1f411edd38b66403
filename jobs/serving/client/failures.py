"""Which errors mean that the store is down."""

from __future__ import annotations

from feast.errors import S3RegistryBucketForbiddenAccess, S3RegistryBucketNotExist
from google.protobuf.message import DecodeError

# Packages whose errors are the store's. By name, so that none of them has to be installed.
_STORE_PACKAGES = frozenset({"redis", "sqlite3", "botocore"})
# Errors of these packages that mean a wrong call or setting, not a store that is down.
_MISUSE = frozenset({"DataError", "InterfaceError", "ProgrammingError", "ParamValidationError"})
# OSError includes TimeoutError and ConnectionError; DecodeError is a value or registry that was damaged in the store.
_STORE_ERRORS = (OSError, DecodeError, S3RegistryBucketForbiddenAccess, S3RegistryBucketNotExist)


class StorefrontUnavailable(RuntimeError):  # noqa: N818 - the name states the condition
    """The store failed or timed out, and no answer is remembered."""


def is_store_failure(error: Exception) -> bool:
    """Whether the store, the network or a time limit failed; a wrong argument or a missing field is not a failure."""
    kinds = type(error).__mro__
    of_store = any(kind.__module__.partition(".")[0] in _STORE_PACKAGES for kind in kinds)
    return isinstance(error, _STORE_ERRORS) or (of_store and _MISUSE.isdisjoint(kind.__name__ for kind in kinds))


def is_time_out(error: Exception) -> bool:
    """Whether a limit of time failed: the client's own, the socket's or that of a client of the store."""
    return any(kind.__name__.endswith("TimeoutError") for kind in type(error).__mro__)
