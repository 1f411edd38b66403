"""What of a text, a URL or a configuration must not reach a log, a page, an alert or a person: its secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

HIDDEN = "***"
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")  # an environment variable in a value of the configuration

_LEAST_CHARACTERS = 8  # of a value that is hidden wherever it occurs
_LONG_WORDS = (
    r"(?:passw(?:or)?d|passphrase|secret|token|credentials?|(?:api|access|account|private)[._-]?key)(?:[._-]?key)?"
)
_SHORT_WORDS = r"(?:pwd|sas|sig|signature)"  # names only as complete words, since they occur within others
# Of options more than of texts, since an option that is hidden without need costs little.
_SECRET_OPTION = re.compile(rf"(?i){_LONG_WORDS}|(?<![a-z]){_SHORT_WORDS}(?![a-z])|(?<![a-z])key(?![a-z])|jaas|auth")
# A secret is in the group `secret`; what stands before it stays.
_PASSWORD_OF_URL = re.compile(r"(?i)(?P<before>\b[a-z][a-z0-9+.-]*://[^\s/@:'\"]*:)(?P<secret>[^\s/'\"]*)(?=@)")
_TOKEN_OF_URL = re.compile(r"(?i)(?P<before>\bhttps?://)(?P<secret>[^\s/@:'\"]+)(?=@)")
_PASSWORD_OF_ORACLE = re.compile(r"(?i)(?P<before>\bjdbc:oracle:[a-z0-9]+:[^\s/@]*/)(?P<secret>[^\s@]+)(?=@)")
_AUTHORISATION = re.compile(r"(?i)(?P<before>authorization\\?[\"']?\s*[:=]\s*\\?[\"']?\w+\s+)(?P<secret>[^\s,\"'\\]+)")
_NAMED = re.compile(
    rf"""(?ix)
    (?P<before>
        (?: {_LONG_WORDS} | (?<![a-z0-9]) {_SHORT_WORDS} )
        (?: \\?["']? \s* = \s* | \\?["'] \s* : \s* | : [ ]+ )  # password=, "password": and password: of YAML
    )
    (?P<secret>
        \\"(?: [^"\\] | \\\\(?: \\. | . ) )*\\"  # quoted within JSON
        | "(?: [^"\\] | \\. )*" | '(?: [^'\\] | \\. )*'
        | \$?\{{ [^}}]* \}}  # SQL Server's quotes, or a variable
        | [^\s,;&"'}}\])]+
        | \\?["'][^\n]*  # a quote that does not end, as in a text that was cut
    )
    """
)
_PATTERNS = (_PASSWORD_OF_URL, _TOKEN_OF_URL, _PASSWORD_OF_ORACLE, _AUTHORISATION, _NAMED)

_hidden_values: set[str] = set()


def hide(secret: str) -> None:
    """Hides a value of this process, such as one of its environment, in every text that `redacted` returns.

    A value below 8 characters is ignored, since it would hide parts of words.
    """
    if len(secret) >= _LEAST_CHARACTERS:
        _hidden_values.add(secret)


def hide_secrets_of(text: str) -> None:
    """Hides every secret that `redacted` finds in an address or an option, wherever else it occurs."""
    for secret in _secrets_of(text):
        hide(secret)
        hide(unquote(secret))


def redacted(text: str) -> str:
    """The text without passwords of URLs, values named as secrets (`password=…`), and values given to `hide`."""
    for secret in sorted(_hidden_values, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    for pattern in _PATTERNS:
        text = pattern.sub(_without_secret, text)
    return text


def is_secret_option(name: str) -> bool:
    """Whether an option of a reader, of Kafka or of a file system may hold a secret, by its name."""
    return _SECRET_OPTION.search(name) is not None


def redacted_configuration(values: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of nested keys without secrets: every text redacted, and the values of secret options hidden.

    An option whose value is only an environment variable, `${NAME}`, stays, since the variable's value is not in it.
    """
    return {
        name: _options(value) if name == "options" and isinstance(value, Mapping) else _value(value)
        for name, value in values.items()
    }


def _secrets_of(text: str) -> Iterator[str]:
    for pattern in _PATTERNS:
        yield from (_unquoted(match["secret"]) for match in pattern.finditer(text))


def _without_secret(found: re.Match[str]) -> str:
    value = _unquoted(found["secret"])
    stands_for_one = VARIABLE.fullmatch(value) or not value.strip(".")  # password=... of a message's remedy
    return found.group() if stands_for_one else f"{found['before']}{HIDDEN}"


def _unquoted(value: str) -> str:
    return value.strip("\\\"'")


def _options(options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: HIDDEN if is_secret_option(name) and not VARIABLE.fullmatch(str(value)) else _value(value)
        for name, value in options.items()
    }


def _value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return redacted_configuration(value)
    if isinstance(value, (list, tuple)):
        return [_value(member) for member in value]
    return redacted(value) if isinstance(value, str) else value
