"""The input of a step: one date, one configuration, one session, and one record to fill in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from pyspark.sql import SparkSession

from jobs.config.configuration import Config
from jobs.config.plan import Plan
from jobs.runtime.scratch import scratch_of
from jobs.runtime.storage import Storage, storage_of
from jobs.tables.warehouse import Warehouse


@dataclass
class Record:
    """What a step reports: rows, decisions, the version of its model and how it ended; it becomes a row of `runs`."""

    rows: dict[str, int] = field(default_factory=dict)
    decisions: dict[str, str] = field(default_factory=dict)
    model_version: str | None = None
    status: str = "done"


@dataclass(frozen=True)
class Night:
    """One run for one `as_of`. `tables` and `record` are those of the step that runs.

    rules: those of the desk that are merged into `conf`, in words
    """

    conf: Config
    as_of: date
    run_id: str
    spark: SparkSession
    tables: Warehouse
    record: Record
    rules: str = ""

    @property
    def files(self) -> Storage:
        """The warehouse's files that are not tables."""
        return storage_of(self.conf.warehouse)

    @property
    def scratch(self) -> Path:
        """A folder on the driver's local disk that vanishes at the end of the run; whoever writes there creates it."""
        return scratch_of(self.conf.warehouse, self.run_id)

    def with_plan(self, plan: Plan) -> Night:
        """This night with another plan; tables and record are shared with this night."""
        return replace(self, conf=self.conf.with_plan(plan))


Step = Callable[[Night], None]
