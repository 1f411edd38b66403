"""The address of the online Redis, which an environment variable holds because it can contain a password."""

from __future__ import annotations

import json
import math
import os
import re
from importlib.util import find_spec

from jobs.config.online import Online
from jobs.runtime.errors import ConfigurationError
from jobs.runtime.redaction import hide, hide_secrets_of

# Without limits a hanging Redis blocks a reader for ever. Limits in the address itself come later and override these.
_READER_TIMEOUTS = "socket_timeout=2,socket_connect_timeout=2"  # seconds

_SERVER = re.compile(r"(?P<host>[A-Za-z0-9._-]+):(?P<port>[0-9]{1,5})")
_SECRETS = ("password", "ssl_password")
_TEXTS = (
    "username", *_SECRETS, "client_name", "ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile",
    "ssl_cert_reqs", "ssl_ciphers",
)  # fmt: skip
_NUMBERS = ("db", "socket_timeout", "socket_connect_timeout", "health_check_interval", "max_connections")
_SWITCHES = ("ssl", "ssl_check_hostname", "socket_keepalive", "retry_on_timeout")
_NAMES = (*_TEXTS, *_NUMBERS, *_SWITCHES)


class Expanded(str):
    """A text with an environment variable, which Feast expands before it parses the YAML of its settings."""


def redis_address(online: Online) -> str:
    """The address, `host:port[,name=value...]`, every part of which Feast reads as it was written.

    Feast, which reads it for the jobs and for every ranking service, takes a value that is JSON for that value:
    password=1e5 is the number 100000.0 and password=null none at all. Such a text is refused; in double quotes it is
    the text that JSON says. No message shows a part of the address.

    Raises ConfigurationError where the address is missing or of another form, or the Python package is missing.
    """
    variable = online.redis_url_variable
    address = os.environ.get(variable, "")
    if not address:
        raise ConfigurationError(
            f"online.store is redis, but the environment variable {variable} is not set.",
            f"Set {variable} to host:port[,password=...], or set online.store to sqlite.",
        )
    hide_secrets_of(address)
    problem = _problem(address)
    if problem:
        raise ConfigurationError(
            f"The environment variable {variable} is not an address: {problem}.",
            f"Set {variable} to host:port[,name=value...], with {', '.join(_NAMES)} as names; a comma or a single "
            "quote in a password is \\u002c or \\u0027 within double quotes.",
        )
    if find_spec("redis") is None:
        raise ConfigurationError(
            "online.store is redis, but the Python package redis is not installed.",
            'Install "feast[redis]", or set online.store to sqlite.',
        )
    return address


def server_of(address: str) -> str:
    """The `host:port` of an address, which holds no secret."""
    return next(part for part in address.split(",") if _SERVER.fullmatch(part))


def reader_address(online: Online) -> Expanded:
    """The address for the settings of readers, with limits of time; the reader's own environment holds the variable."""
    return Expanded(f"{_READER_TIMEOUTS},${{{online.redis_url_variable}}}")


def _problem(address: str) -> str | None:
    """What is wrong with an address, in words that hold nothing of it but names of known parameters."""
    if "://" in address:
        return "it is a URL"
    if set("'\n\r") & set(address):
        return "it contains a single quote or a line break"
    servers = 0
    for number, part in enumerate(address.split(","), start=1):
        name, sign, value = part.partition("=")
        if not sign:
            server = _SERVER.fullmatch(part)
            if server is None or not 0 < int(server["port"]) < 65536:
                return f"part {number} is neither host:port nor name=value"
            servers += 1
        elif name not in _NAMES:  # it may be a piece of a password
            return f"part {number} has none of the names below"
        else:
            problem = _problem_of_value(name, value)
            if problem:
                return problem
    return None if servers == 1 else f"it names {servers or 'no'} servers instead of one"


def _problem_of_value(name: str, text: str) -> str | None:
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        value = text
    if name in _SWITCHES:
        return None if isinstance(value, bool) else f"{name} is neither true nor false"
    if name in _NUMBERS:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < math.inf
        return None if is_number and (name != "db" or isinstance(value, int)) else f"{name} is not a number"
    if name in _SECRETS:
        hide(str(value))
    if value == "":
        return f"{name} is empty"
    # A positive whole number is sent by its digits, and zero as no value.
    is_digits = isinstance(value, int) and not isinstance(value, bool) and value > 0 and str(value) == text
    if isinstance(value, str) or is_digits:
        return None
    return f"{name} would be read as JSON and no longer be the same text; put it in double quotes"
