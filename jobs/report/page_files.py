"""Names of the nights' pages among the files of the warehouse."""

from __future__ import annotations

from jobs.execution.night import Night

REPORTS = "reports"


def page_of(night: Night, *, stopped: bool = False) -> str:
    """reports/<as_of>.html, or <as_of>-stopped.html for a night that was stopped."""
    return f"{REPORTS}/{night.as_of}{'-stopped' if stopped else ''}.html"
