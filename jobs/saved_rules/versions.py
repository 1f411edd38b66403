"""Versions of the rules that were saved on the desk, and which of them hold on a night."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from jobs.runtime.errors import ConfigurationError

FLOORS, CAPS, LIST_RULES, PINS, BANS = "floors", "caps", "list_rules", "pins", "bans"
KINDS = (FLOORS, CAPS, LIST_RULES, PINS, BANS)  # sections of plan
SET, END, UNDO, APPROVE, REJECT = "set", "end", "undo", "approve", "reject"
DESK_RULES = "desk_rules"  # in the decisions of plan_exposure: the rules that the night merged, in words
CHANGES = (SET, END, UNDO)  # what can be approved or rejected


@dataclass(frozen=True)
class RuleVersion:
    """A row of plan_rules."""

    version: int
    kind: str
    name: str
    action: str
    content: str | None
    starts_on: date | None
    ends_on: date | None
    owner: str | None
    of_version: int | None
    needs_approval: bool
    changed_by: str
    changed_at: datetime
    reason: str | None

    @property
    def key(self) -> str:
        """'floors.cold'."""
        return f"{self.kind}.{self.name}"

    @property
    def keys(self) -> dict[str, Any] | None:
        """The rule as in the configuration; None for a version that ends it. Raises ConfigurationError without JSON."""
        if self.content is None:
            return None
        try:
            keys = json.loads(self.content)
        except ValueError:
            keys = None
        if not isinstance(keys, dict):
            raise ConfigurationError(
                f"plan_rules: the content of version {self.version}, {self.key}, is not a JSON object.",
                "Undo this version on the desk.",
            )
        return keys

    def holds(self, as_of: date) -> bool:
        """Whether a night is within its dates."""
        begun = self.starts_on is None or self.starts_on <= as_of
        return begun and (self.ends_on is None or as_of <= self.ends_on)


def rule_version(row: Mapping[str, Any]) -> RuleVersion:
    """A row of the table, by its columns."""
    return RuleVersion(**{name: row[name] for name in RuleVersion.__dataclass_fields__})


def of_rule(versions: Iterable[RuleVersion], kind: str, name: str) -> list[RuleVersion]:
    """The versions of one rule, the oldest first."""
    own = (version for version in versions if (version.kind, version.name) == (kind, name))
    return sorted(own, key=lambda version: version.version)


def pending(versions: Sequence[RuleVersion]) -> RuleVersion | None:
    """The newest version of a rule, if it waits for approval; a newer version of the rule replaces it.

    versions: of one rule, the oldest first
    """
    newest = versions[-1] if versions else None
    return newest if newest is not None and newest.action in CHANGES and newest.needs_approval else None


def standing(versions: Sequence[RuleVersion]) -> list[RuleVersion]:
    """The versions of one rule that are approved, or need no approval, and are not undone, the oldest first."""
    approved = {version.of_version for version in versions if version.action == APPROVE}
    held: list[RuleVersion] = []
    for version in versions:
        if version.needs_approval and version.version not in approved:
            continue
        if version.action in (SET, END):
            held.append(version)
        elif version.action == UNDO:
            held = [earlier for earlier in held if earlier.version != version.of_version]
    return held


def in_force(versions: Iterable[RuleVersion], as_of: date) -> list[RuleVersion]:
    """Of each rule the newest standing version whose dates include a night, ordered by kind and name.

    A rule without one is as the configuration has it; outside the dates of a version the version before it holds.
    """
    rules: dict[tuple[str, str], list[RuleVersion]] = {}
    for version in sorted(versions, key=lambda version: version.version):
        rules.setdefault((version.kind, version.name), []).append(version)
    newest = (
        next((version for version in reversed(standing(rules[rule])) if version.holds(as_of)), None)
        for rule in sorted(rules)
    )
    return [version for version in newest if version is not None]


def in_words(held: Sequence[RuleVersion]) -> str:
    """'floors.cold (version 7, ann), pins.tea ended (version 9, bob)'; '' without any."""
    return ", ".join(
        f"{version.key}{' ended' if version.action == END else ''} (version {version.version}, {version.changed_by})"
        for version in held
    )
