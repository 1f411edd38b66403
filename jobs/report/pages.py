"""Where the pages of the nights lie, and how one is put there."""

from __future__ import annotations

from pathlib import Path

from jobs.runtime.night import Night


def page_of(night: Night, *, stopped: bool = False) -> Path:
    """<warehouse>/reports/<as_of>.html, or <as_of>-stopped.html for a night that did not come to its end."""
    return night.folder / "reports" / f"{night.as_of}{'-stopped' if stopped else ''}.html"


def put_page(place: Path, text: str) -> None:
    """Writes a page; a reader never meets half of it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    half = place.with_suffix(".html.part")
    half.write_text(text, encoding="utf-8")
    half.replace(place)
