"""The section `drift` of the configuration: bars on the change since the previous night."""

from __future__ import annotations

from jobs.config.quality import QualityBar
from jobs.config.section import Section


class DriftBars(Section):
    texts: QualityBar
    embeddings: QualityBar
    scores: QualityBar
    response: QualityBar
    response_level: QualityBar


class Drift(Section):
    bars: DriftBars
