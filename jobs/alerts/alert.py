"""One alert: what is wrong, how far, and what to do."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Literal

from jobs.runtime.redaction import redacted

Severity = Literal["warning", "critical"]


@dataclass(frozen=True)
class Alert:
    """One thing that is wrong; no text of it names a shopper.

    name: stable name of the kind, such as drift.scores
    about: the feature, group, segment or item
    text: a sentence on what is wrong and how far
    look_at: a sentence on what to do: the table, section or command to look at
    value, bar: the figure and the most that it may be, None where the alert is not about a figure
    """

    name: str
    severity: Severity
    as_of: date
    about: str
    text: str
    look_at: str
    value: float | None = None
    bar: float | None = None

    @property
    def key(self) -> str:
        """Equal for the same alert of the same night, so that a receiver can drop repetitions."""
        return f"{self.as_of}/{self.name}/{self.about}"

    def without_secrets(self) -> Alert:
        """The alert with redacted sentences."""
        return replace(self, text=redacted(self.text), look_at=redacted(self.look_at))

    def as_json(self) -> str:
        """One line of JSON."""
        return json.dumps(
            {"key": self.key, **asdict(self), "as_of": str(self.as_of)}, ensure_ascii=False, sort_keys=True
        )
