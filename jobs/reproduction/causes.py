"""What differs between a night and its replay besides the tables, as the likely cause of a difference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs.reproduction.recorded_night import RecordedStep

NOTHING = (
    "nothing that runs records differs; left are files that the configuration names, such as an encoder or "
    "plan.merchandising, and sums whose order depends on threads"
)
_MOST = 8  # that are named


def likely_causes(night: RecordedStep, code: str, environment: Mapping[str, str]) -> list[str]:
    """What has changed since the night, the likeliest first; at least one sentence.

    code, environment: of the replay
    """
    causes = []
    if night.code_version != code:
        causes.append(f"the code is another version ({night.code_version} then, {code} now)")
    names = sorted(night.environment.keys() | environment.keys())
    changed = [
        f"{name} {night.environment.get(name, 'missing')} then, {environment.get(name, 'missing')} now"
        for name in names
        if night.environment.get(name) != environment.get(name)
    ]
    if changed:
        causes.append(f"libraries or the machine differ: {_listed(changed)}")
    return causes or [NOTHING]


def changed_configuration(night: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The keys whose values have changed since the night, empty without any. The replay used those of the night."""
    before, after = dict(_flat(night)), dict(_flat(now))
    missing = object()
    keys = sorted(key for key in before.keys() | after.keys() if before.get(key, missing) != after.get(key, missing))
    return _listed(keys)


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            pairs += _flat(value, f"{prefix}{name}.")
        else:
            pairs.append((f"{prefix}{name}", value))
    return pairs


def _listed(words: list[str]) -> str:
    shown = ", ".join(words[:_MOST])
    return f"{shown} and {len(words) - _MOST} more" if len(words) > _MOST else shown
