"""Paths of the nights' pages."""

from __future__ import annotations

from pathlib import Path

from jobs.execution.night import Night


def page_of(night: Night, *, stopped: bool = False) -> Path:
    """<warehouse>/reports/<as_of>.html, or <as_of>-stopped.html for a night that was stopped."""
    return night.folder / "reports" / f"{night.as_of}{'-stopped' if stopped else ''}.html"
