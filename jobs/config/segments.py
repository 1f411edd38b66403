"""The section `segments` of the configuration: head, tail and cold."""

from __future__ import annotations

from jobs.config.section import Positive, Section, Share


class Segments(Section):
    window_days: Positive
    head_share: Share
