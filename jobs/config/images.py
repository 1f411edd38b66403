"""The section `images` of the configuration: vectors of the pictures of items."""

from __future__ import annotations

from jobs.config.section import Positive, Section


class Images(Section):
    embed: bool
    model: str
    dimension: Positive
    folder: str | None
    batch_size: Positive
    most_bytes: Positive
    most_pixels: Positive
