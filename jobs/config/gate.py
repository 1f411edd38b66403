"""The section `gate` of the configuration: conditions for promoting a new model."""

from __future__ import annotations

from jobs.config.section import NotNegative, Positive, PositiveFloat, Section, Share


class Gate(Section):
    recall_at: Positive
    bootstrap_samples: Positive
    margin: Share
    departments: NotNegative
    max_calibration_slope_error: PositiveFloat
    retry_days: Positive
