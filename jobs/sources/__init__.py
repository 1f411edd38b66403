"""Sources: a store's tables, mapped to the contract."""

from __future__ import annotations

from pathlib import Path

from features.contract.source_parts import SOURCE_PARTS
from jobs.execution.night import Night
from jobs.sources.complete_journey import CompleteJourney
from jobs.sources.files import FilesSource
from jobs.sources.source import Source

__all__ = ["Source", "source_of"]


def source_of(night: Night) -> Source:
    """The source that the configuration names, as of this night."""
    conf = night.conf.source
    if conf.files is not None:
        taken = night.tables.read_or_empty(SOURCE_PARTS)
        return FilesSource(night.spark, conf.files, taken, night.as_of, currency=conf.currency)
    return CompleteJourney(night.spark, conf.exposure_sample_share, Path(conf.folder) if conf.folder else None)
