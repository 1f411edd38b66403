"""The address of the online Redis, which an environment variable holds because it can contain a password."""

from __future__ import annotations

import os
from importlib.util import find_spec

from jobs.config.online import Online
from jobs.runtime.errors import ConfigurationError
from jobs.runtime.redaction import hide_secrets_of

# Without limits a hanging Redis blocks a reader for ever. Limits in the address itself come later and override these.
_READER_TIMEOUTS = "socket_timeout=2,socket_connect_timeout=2"  # seconds


class Expanded(str):
    """A text with an environment variable, which Feast expands before it parses the YAML of its settings."""


def redis_address(online: Online) -> str:
    """The address, `host:port[,name=value...]`. Raises ConfigurationError where it or the Python package is missing."""
    variable = online.redis_url_variable
    address = os.environ.get(variable, "")
    if not address:
        raise ConfigurationError(
            f"online.store is redis, but the environment variable {variable} is not set.",
            f"Set {variable} to host:port[,password=...], or set online.store to sqlite.",
        )
    hide_secrets_of(address)
    malformed = [part for part in address.split(",") if not {":", "="} & set(part)]
    if malformed or set("'\n\r") & set(address):
        raise ConfigurationError(
            f"The environment variable {variable} is not an address: a part is neither host:port nor name=value, or "
            "it contains a single quote or a line break.",
            f"Set {variable} to host:port[,password=...]; the password can have neither a comma nor a single quote.",
        )
    if find_spec("redis") is None:
        raise ConfigurationError(
            "online.store is redis, but the Python package redis is not installed.",
            'Install "feast[redis]", or set online.store to sqlite.',
        )
    return address


def reader_address(online: Online) -> Expanded:
    """The address for the settings of readers, with limits of time; the reader's own environment holds the variable."""
    return Expanded(f"{_READER_TIMEOUTS},${{{online.redis_url_variable}}}")
