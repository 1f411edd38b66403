"""Alerts of a night as the files of its steps hold them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any


def names_of(day: date, files: Iterable[str]) -> list[str]:
    """Those files of <warehouse>/alerts that a step of the night wrote."""
    return [name for name in files if name.startswith(f"{day}-") and name.endswith(".jsonl")]


def stored_alerts(names: Iterable[str], read: Callable[[str], bytes | None]) -> list[dict[str, Any]]:
    """The fields of the alerts in these files, critical ones first. read: of a name in the warehouse, its content"""
    lines = [line for name in names for line in (read(f"alerts/{name}") or b"").decode("utf-8").splitlines()]
    return sorted(map(json.loads, lines), key=lambda alert: (alert["severity"] != "critical", alert["key"]))
