"""What a source gives, and which source a configuration means."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Protocol

from pyspark.sql import DataFrame, SparkSession

from jobs.runtime.config import Source as SourceConfig
from jobs.sources.complete_journey import CompleteJourney


class Source(Protocol):
    """The store's tables as the contract's columns; an optional column that the store does not have may be absent.

    Rows come unchecked: rows without a time and rows of later than `before` are handed over, and the ingest accounts
    for them. A boolean column `filtered` marks rows that the mapping leaves out on purpose.
    """

    def items(self, before: date) -> DataFrame:
        """Versions of the items (valid_from, valid_to) as far as what happened before `before` tells."""

    def users(self, before: date) -> DataFrame:
        """The shoppers."""

    def events(self, since: date | None, before: date) -> DataFrame:
        """Events from `since` on; from the first one when it is None."""

    def promotions(self, since: date | None, before: date) -> DataFrame:
        """Promotions that begin on `since` or later; from the first one when it is None."""


def source_of(spark: SparkSession, conf: SourceConfig) -> Source:
    """The source that the configuration names."""
    sources = {"complete_journey": CompleteJourney}
    folder = Path(conf.folder) if conf.folder else None
    return sources[conf.kind](spark, conf.exposure_sample_share, folder)
