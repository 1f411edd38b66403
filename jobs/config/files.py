"""Reads YAML files of the configuration and merges one mapping into another."""

from __future__ import annotations

from collections.abc import Hashable
from importlib.resources import files
from typing import Any

import yaml

import conf as packaged_conf
from jobs.runtime.errors import ConfigurationError
from jobs.runtime.place import content_at


def read_yaml(place: str) -> dict[str, Any]:
    """The keys of a file at a path or URI; a remote one needs a Spark session.

    Raises ConfigurationError that names the file if it is not a mapping or has a key twice.
    """
    try:
        return parsed(content_at(place).decode("utf-8"), place)
    except OSError as error:
        raise ConfigurationError(
            f"{place}: cannot be read ({error.strerror}).", "Name an existing file with --conf or in LONGTAIL_CONF."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{place}: is not text in UTF-8.", "Save it as UTF-8.") from error


def read_packaged(name: str) -> dict[str, Any]:
    """The keys of a file that ships in conf/.

    In a wheel on --py-files it is a member of an archive, which only the package's loader can read.
    """
    return parsed(files(packaged_conf).joinpath(name).read_text(encoding="utf-8"), name)


def parsed(text: str, origin: str) -> dict[str, Any]:
    """The keys of a YAML text. Raises ConfigurationError that names the text's origin and the line."""
    try:
        content = yaml.load(text, _UniqueKeyLoader)
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        line = f" in line {place.line + 1}" if place else ""
        if isinstance(error, _DuplicateKeyError):
            raise ConfigurationError(
                f"{origin}: the key {error.problem} is repeated{line}.", "Keep one of the two."
            ) from error
        problem = getattr(error, "problem", None) or "the text cannot be read"
        raise ConfigurationError(f"{origin}: is not valid YAML{line} ({problem}).", "Correct that line.") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigurationError(
            f"{origin}: is not a mapping of keys to values.", "Write 'key: value' lines, as conf/base.yaml does."
        )
    return content


def changed_keys(change: str) -> dict[str, Any]:
    """Parses 'plan.slots=8' to {'plan': {'slots': 8}}. Raises ConfigurationError if it is not key=value."""
    key, sign, text = change.partition("=")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        sign = ""
    if not sign or not all(key.split(".")):
        raise ConfigurationError(f"{change!r} is not key=value.", "Write it as plan.slots=8.")
    for part in reversed(key.split(".")):
        value = {part: value}
    return value


def merged(base: dict[str, Any], overrides: dict[str, Any]) -> dict[str, Any]:
    """A copy of the first mapping with the values of the second, key by key within sections."""
    result = dict(base)
    for key, value in overrides.items():
        is_section = isinstance(value, dict) and isinstance(base.get(key), dict)
        result[key] = merged(base[key], value) if is_section else value
    return result


class _DuplicateKeyError(yaml.MarkedYAMLError):
    """A mapping has a key twice: YAML forbids it, and PyYAML would silently keep the last value."""


class _UniqueKeyLoader(yaml.SafeLoader):
    """PyYAML's safe loader, except that a repeated key is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise _DuplicateKeyError(problem=key.value, problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)
