"""Files of the configuration: YAML to mappings, and one mapping over another."""

from __future__ import annotations

from collections.abc import Hashable
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

import conf as packaged_conf
from jobs.runtime.errors import ConfigurationError


def read_yaml(path: Path) -> dict[str, Any]:
    """The file's keys. Raises ConfigurationError that names the file when it is no mapping or says a key twice."""
    try:
        return parsed(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read ({error.strerror}).", "Give an existing file with --conf."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: is not text in UTF-8.", "Save it as UTF-8.") from error


def read_packaged(name: str) -> dict[str, Any]:
    """The keys of a file that ships in conf/.

    Inside a wheel given with --py-files it is a member of an archive, so only the package's loader can read it.
    """
    return parsed(files(packaged_conf).joinpath(name).read_text(encoding="utf-8"), name)


def parsed(text: str, origin: str) -> dict[str, Any]:
    """The keys in a YAML text. Raises ConfigurationError that names its origin and, where there is one, the line."""
    try:
        content = yaml.load(text, _OnceLoader)
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        line = f" in line {place.line + 1}" if place else ""
        if isinstance(error, _SaidTwice):
            raise ConfigurationError(f"{origin}: says {error.problem} twice{line}.", "Keep one of the two.") from error
        raise ConfigurationError(f"{origin}: is not YAML{line}.", "Correct the file.") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigurationError(f"{origin}: is not a mapping of keys.", "Write it as conf/base.yaml is written.")
    return content


def changed_keys(change: str) -> dict[str, Any]:
    """{'plan': {'slots': 8}} of 'plan.slots=8'. Raises ConfigurationError when it is no change of a key."""
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
    """The second mapping over the first, key by key in sections."""
    whole = dict(base)
    for key, value in overrides.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        whole[key] = merged(base[key], value) if both else value
    return whole


class _SaidTwice(yaml.MarkedYAMLError):
    """A key that a mapping has twice; YAML forbids it, and PyYAML would silently keep the last."""


class _OnceLoader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        said: set[Hashable] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in said:
                raise _SaidTwice(problem=key.value, problem_mark=key.start_mark)
            said.add(key.value)
        return super().construct_mapping(node, deep)
