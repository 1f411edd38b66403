"""The section `quality` of the configuration: bars of the features."""

from __future__ import annotations

from typing import Literal

from jobs.config.section import Number, Positive, Section


class QualityBar(Section):
    most: Number
    action: Literal["stop", "warn"]


class Quality(Section):
    bars: dict[Literal["null_share", "default_share", "out_of_range_share", "default_rise", "drift"], QualityBar]
    exceptions: dict[str, dict[str, Number]]
    compare_within_days: Positive
    compare_from_days: Positive
    sample_rows: Positive
